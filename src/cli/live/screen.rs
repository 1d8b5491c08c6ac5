//! A terminal taken over for a while: its other screen, without a cursor, and the keys that are
//! pressed. However the program leaves it, the terminal is as it was before.

use std::io::{self, Write};
use std::time::Duration;

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, poll, read};
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, DisableLineWrap, EnableLineWrap,
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode, size,
};
use crossterm::{execute, queue};
use tokio::sync::mpsc;

/// Between looks at whether the program has left.
const PATIENCE: Duration = Duration::from_millis(100);

/// What somebody did at the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touch {
    /// Wants to leave.
    Quit,
    /// Made it larger or smaller.
    Resize,
}

/// The terminal, while it is ours.
pub(super) struct Screen(());

impl Screen {
    pub(super) fn take() -> io::Result<Self> {
        enable_raw_mode()?;
        let screen = Self(());
        execute!(io::stdout(), EnterAlternateScreen, Hide, DisableLineWrap)?;
        Ok(screen)
    }

    /// Columns and rows.
    pub(super) fn size() -> (usize, usize) {
        let (columns, rows) = size().unwrap_or((80, 24));
        (columns.into(), rows.into())
    }

    /// Shows these lines and nothing else. What is too long is cut off by the terminal.
    pub(super) fn draw(&self, lines: &[String]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        queue!(out, BeginSynchronizedUpdate, MoveTo(0, 0))?;
        let (_, rows) = Self::size();
        for (at, line) in lines.iter().take(rows).enumerate() {
            let begin = if at == 0 { "" } else { "\r\n" };
            queue!(
                out,
                Print(begin),
                Print(line),
                Clear(ClearType::UntilNewLine)
            )?;
        }
        queue!(out, Clear(ClearType::FromCursorDown), EndSynchronizedUpdate)?;
        out.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // There is nobody to tell that a terminal is gone.
        execute!(io::stdout(), EnableLineWrap, Show, LeaveAlternateScreen).ok();
        disable_raw_mode().ok();
    }
}

/// What somebody does, until nobody listens.
pub(super) fn touches() -> mpsc::Receiver<Touch> {
    let (sender, receiver) = mpsc::channel(8);
    // A thread, since terminals can only be read by waiting for them.
    std::thread::spawn(move || {
        while !sender.is_closed() {
            let touch = match poll(PATIENCE) {
                Ok(false) => None,
                Ok(true) => read().ok().and_then(|event| meant(&event)),
                Err(_gone) => Some(Touch::Quit),
            };
            if let Some(touch) = touch
                && sender.blocking_send(touch).is_err()
            {
                return;
            }
        }
    });
    receiver
}

fn meant(event: &Event) -> Option<Touch> {
    match event {
        Event::Resize(..) => Some(Touch::Resize),
        Event::Key(KeyEvent {
            code, modifiers, ..
        }) => match code {
            KeyCode::Esc | KeyCode::Char('q' | 'Q') => Some(Touch::Quit),
            KeyCode::Char('c' | 'd') if modifiers.contains(KeyModifiers::CONTROL) => {
                Some(Touch::Quit)
            }
            _ => None,
        },
        _ => None,
    }
}
