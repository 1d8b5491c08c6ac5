//! Colours, for people at a terminal only: none where output goes into a file or a pipe, nor where
//! `NO_COLOR` is set.

use std::io::IsTerminal;

use crossterm::style::{Color, Stylize};

use crate::qoe::State;

/// Paints, or leaves text as it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    colours: bool,
}

impl Paint {
    /// For stdout.
    pub(super) fn of_stdout() -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            colours: std::io::stdout().is_terminal() && !set("NO_COLOR") && !dumb,
        }
    }

    /// Leaves text as it is.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self { colours: false }
    }

    /// Whether there are colours.
    pub(super) fn has_colours(self) -> bool {
        self.colours
    }

    /// In a colour.
    pub(super) fn colour(self, text: &str, colour: Color) -> String {
        if self.colours {
            text.with(colour).to_string()
        } else {
            text.to_owned()
        }
    }

    /// Of less importance.
    pub(super) fn faint(self, text: &str) -> String {
        if self.colours {
            text.dim().to_string()
        } else {
            text.to_owned()
        }
    }

    /// Of more importance.
    pub(super) fn strong(self, text: &str) -> String {
        if self.colours {
            text.bold().to_string()
        } else {
            text.to_owned()
        }
    }
}

/// How time in a state is drawn: its colour, and a sign of its own for where there are no colours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) colour: Color,
    pub(super) sign: char,
}

impl Look {
    /// Of a state, as the fold names it. An unknown one is drawn as unknown time.
    pub(super) fn of(state: &str) -> Self {
        let known = State::ALL.into_iter().find(|it| it.name() == state);
        let (colour, sign) = match known {
            Some(State::Playing) => (Color::Green, '='),
            Some(State::Starting) => (Color::Blue, '>'),
            Some(State::Rebuffering) => (Color::Red, '!'),
            Some(State::Seeking) => (Color::Magenta, '~'),
            Some(State::Paused) => (Color::Yellow, '|'),
            Some(State::Ended) => (Color::DarkGrey, '.'),
            Some(State::Failed) => (Color::DarkRed, 'X'),
            Some(State::Closed | State::Idle) => (Color::Grey, '-'),
            None => (Color::White, '?'),
        };
        Self { colour, sign }
    }
}
