//! The list: one row an event, and what can be read from the rows so far.

use video_telemetry::qoe::{Event, EventKind, State};

use super::ledger::{self, Parts};
use super::losses::Told;
use super::numbers::place;

/// Wall time in one state. Pieces of one run follow each other without leaving the state.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    pub(crate) state: State,
    pub(crate) ms: i64,
    pub(crate) run: usize,
}

/// How the playhead moved in the last piece before an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Motion {
    Unknown,
    Jumped,
    Advanced { sec: f64, rate: f64 },
}

/// Where the playhead was last known to be, and the wall time of the run since then.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Base {
    pub(crate) sec: Option<f64>,
    pub(crate) frames: Option<i64>,
    pub(crate) wall_ms: i64,
}

/// What happened to a seek.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mark {
    Begin(i64),
    End(i64),
    /// Told by totals: it began somewhere after this.
    Lost(i64),
}

/// One event, and what became of the session by it.
#[derive(Debug, Clone)]
pub(crate) struct Row<'a> {
    pub(crate) event: &'a Event,
    pub(crate) fatal: bool,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) motion: Motion,
    /// Rule 3: so much of STARTING was playing.
    pub(crate) dated_back_ms: i64,
    /// States in the order they were entered here, beginning with the one before.
    pub(crate) states: Vec<State>,
    pub(crate) run: usize,
    pub(crate) since_ms: i64,
    pub(crate) base: Base,
    /// A known position began a new span of rule 7 here, or the old one was given up.
    pub(crate) span_ends: bool,
    pub(crate) held_sec: Option<f64>,
    pub(crate) intent: bool,
    pub(crate) started: bool,
    pub(crate) startup_seen: bool,
    pub(crate) marks: Vec<Mark>,
    /// An explicit seek that was open is over.
    pub(crate) seek_closed: bool,
    /// An explicit seek opened: until when, and where it leads.
    pub(crate) seek_opened: Option<(i64, Option<f64>)>,
    /// Rule 8: the explicit seek ran out before the event. Rule 3: the first frame was inferred.
    pub(crate) wait_over: bool,
    /// Rule 4: the stall that ends here was a seek.
    pub(crate) stall_was_seek: bool,
    /// Of a PLAY, rule 5: the playhead was moved before it.
    pub(crate) moved: bool,
    /// Rule 9: playing time when playback failed; until which it is doomed, or no longer.
    pub(crate) failed_at_ms: Option<i64>,
    pub(crate) doom_ms: Option<Option<i64>>,
    /// Frames and seconds of a stretch that was played as it should.
    pub(crate) steady: Option<(i64, f64)>,
    /// Rule 11: the totals tell what was since an earlier row.
    pub(crate) told: Option<Told>,
    /// Rule 11: the event named the state.
    pub(crate) adopted: bool,
}

impl<'a> Row<'a> {
    /// Nothing happened yet; columns that go on are taken over.
    pub(crate) fn after(rows: &[Row<'_>], event: &'a Event) -> Self {
        let last = rows.last();
        let kept = |column: fn(&Row<'_>) -> bool| last.is_some_and(column);
        Row {
            event,
            fatal: is_fatal(event),
            pieces: Vec::new(),
            motion: Motion::Unknown,
            dated_back_ms: 0,
            states: vec![last.map_or(State::Idle, Row::state)],
            run: last.map_or(0, |row| row.run),
            since_ms: last.map_or(event.timestamp_ms, |row| row.since_ms),
            base: last.map(|row| row.base).unwrap_or_default(),
            span_ends: false,
            held_sec: last.and_then(|row| row.held_sec),
            intent: kept(|row| row.intent),
            started: kept(|row| row.started),
            startup_seen: kept(|row| row.startup_seen),
            marks: Vec::new(),
            seek_closed: false,
            seek_opened: None,
            wait_over: false,
            stall_was_seek: false,
            moved: false,
            failed_at_ms: None,
            doom_ms: None,
            steady: None,
            told: None,
            adopted: false,
        }
    }

    pub(crate) fn state(&self) -> State {
        self.states.last().copied().unwrap_or(State::Idle)
    }

    pub(crate) fn at_ms(&self) -> i64 {
        self.event.timestamp_ms
    }

    /// Of the original client.
    pub(crate) fn six(&self) -> bool {
        self.event.seq.is_none()
    }

    pub(crate) fn here_sec(&self) -> Option<f64> {
        place(self.event.position_sec).or(self.base.sec)
    }
}

/// Non-fatal errors and `MEDIA_ERR_ABORTED` are no failures.
pub(crate) fn is_fatal(event: &Event) -> bool {
    let Some(error) = event.error.as_deref() else {
        return false;
    };
    let texts = [error.kind.as_deref(), error.details.as_deref()];
    let aborted = texts
        .iter()
        .flatten()
        .any(|text| text.contains("MEDIA_ERR_ABORTED"));
    event.kind == EventKind::PlayerError && error.fatal && !aborted
}

/// The parts as of these rows.
pub(crate) fn parts(rows: &[Row<'_>]) -> Parts {
    ledger::spend(&effective(rows))
}

/// Rule 11: what the totals tell again is not counted twice.
pub(crate) fn effective<'r, 'a>(rows: &'r [Row<'a>]) -> Vec<&'r Row<'a>> {
    let mut kept = Vec::new();
    let mut length = rows.len();
    while let Some(row) = length.checked_sub(1).and_then(|at| rows.get(at)) {
        kept.push(row);
        length = row.told.map_or(length - 1, |told| told.anchor + 1);
    }
    kept.reverse();
    kept
}

/// Rule 8: the explicit seek that is open: until when, and where it leads.
pub(crate) fn open_seek(rows: &[Row<'_>]) -> Option<(i64, Option<f64>)> {
    let closed = rows.iter().rposition(|row| row.seek_closed).unwrap_or(0);
    let opened = rows.get(closed..).unwrap_or_default().iter();
    let opened: Vec<_> = opened.filter_map(|row| row.seek_opened).collect();
    let until_ms = opened.iter().map(|seek| seek.0).max()?;
    Some((until_ms, opened.last().and_then(|seek| seek.1)))
}

/// A BUFFER_START without its BUFFER_END, and whether that wait belongs to a seek.
pub(crate) fn open_wait(rows: &[Row<'_>]) -> Option<bool> {
    for row in rows.iter().rev() {
        if matches!(row.state(), State::Ended | State::Failed | State::Closed) {
            return None;
        }
        if row.adopted {
            return (row.state() == State::Rebuffering).then_some(false);
        }
        match row.event.kind {
            EventKind::BufferStart => return Some(row.state() == State::Seeking),
            EventKind::BufferEnd | EventKind::FirstFrame => return None,
            _ if row.wait_over => return None,
            _ => {}
        }
    }
    None
}

/// Rule 9: playing time before which the next wait is the failure.
pub(crate) fn doomed_until_ms(rows: &[Row<'_>]) -> Option<i64> {
    rows.iter().rev().find_map(|row| row.doom_ms).flatten()
}

/// A fatal error before the first frame.
pub(crate) fn start_failed(rows: &[Row<'_>]) -> bool {
    let failing = |row: &&Row<'_>| row.fatal && row.failed_at_ms.is_none();
    rows.iter().any(|row| failing(&row))
}

/// A fatal error after the first frame, not outlived by 10 s of playing.
pub(crate) fn playback_failed(rows: &[Row<'_>], playing_ms: i64) -> bool {
    let failed_at_ms = rows.iter().rev().find_map(|row| row.failed_at_ms);
    failed_at_ms.is_some_and(|at_ms| playing_ms - at_ms < 10_000)
}
