//! What a bulk run says at its end.

use std::io::Write;
use std::time::Duration;

use serde::Serialize;

use super::super::args::Output;
use super::super::wire::thousandths;

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(super) struct Written {
    /// New sessions with all of their events.
    pub(super) with_events: usize,
    /// New sessions without events.
    pub(super) sealed: usize,
    /// Sessions that were there already, from a run with the same seed and start time.
    pub(super) known: usize,
    /// Events of the sessions that have them.
    pub(super) events: usize,
}

impl Written {
    pub(super) fn add(&mut self, more: Self) {
        self.with_events += more.with_events;
        self.sealed += more.sealed;
        self.known += more.known;
        self.events += more.events;
    }

    pub(super) fn sessions(self) -> u64 {
        u64::try_from(self.with_events + self.sealed + self.known).unwrap_or(u64::MAX)
    }
}

/// The report; its JSON is what `--output json` prints.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    sessions: u64,
    #[serde(flatten)]
    written: Written,
    wall_seconds: f64,
}

impl Report {
    pub(super) fn new(written: Written, wall: Duration) -> Self {
        Self {
            sessions: written.sessions(),
            written,
            wall_seconds: thousandths(wall.as_secs_f64()),
        }
    }

    pub(super) fn print(&self, output: Output, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
        let Written {
            with_events,
            sealed,
            known,
            events,
        } = self.written;
        match output {
            Output::Json => writeln!(out, "{}", serde_json::to_string(self)?)?,
            Output::Table => writeln!(
                out,
                "{} sessions in {:.1} s: {with_events} new with {events} events, {sealed} new and \
                 sealed without events, {known} known already",
                self.sessions, self.wall_seconds
            )?,
        }
        Ok(())
    }
}
