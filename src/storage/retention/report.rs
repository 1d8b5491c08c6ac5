//! What a run did, and what it could not do.

use serde::Serialize;

use super::super::key::SessionKey;

/// Sessions in the way that a report names; all of them are counted.
const MAX_NAMED: usize = 10;

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Nothing was done: it tells what would be.
    pub dry_run: bool,
    /// The days that are older than events are kept, the oldest first.
    pub days: Vec<Day>,
    /// Rows outside all days.
    pub strays: Strays,
    /// Summaries deleted.
    pub summaries_deleted: u64,
}

/// A day that is older than events are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Day {
    /// Its table.
    pub partition: String,
    /// Its rows.
    pub events: u64,
    /// Its sessions.
    #[serde(flatten)]
    pub tally: Tally,
    /// What became of it.
    pub end: DayEnd,
}

/// What became of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DayEnd {
    /// It is gone.
    Dropped,
    /// It could go; this is a dry run.
    Ready,
    /// Some of its sessions cannot be sealed; see `waiting`.
    Waiting,
    /// Events came in while it was looked at.
    Changed,
    /// Somebody reads or writes the events for long; nobody was made to wait for it.
    InUse,
}

/// Rows of the DEFAULT partition that are older than events are kept, by the time they were received.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Strays {
    /// Rows deleted; in a dry run those that would be.
    pub events: u64,
    /// Their sessions.
    #[serde(flatten)]
    pub tally: Tally,
}

/// What became of sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Sessions looked at.
    pub sessions: u64,
    /// Folded from their rows before; in a dry run those that would be.
    pub refolded: u64,
    /// Sealed in this run.
    pub sealed: u64,
    /// Those that cannot be sealed now.
    pub waiting: u64,
    /// Some of them.
    pub waiting_for: Vec<Waiting>,
}

/// A session that cannot be sealed now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Its project.
    pub project: String,
    /// Its id.
    pub session_id: String,
    /// Why.
    pub why: Why,
}

/// Why a session cannot be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It has events of the last hour.
    Live,
    /// Its summary folds another number of events than there are, and a new fold was refused: `verify`
    /// tells more.
    Differs,
    /// Events came in while it was looked at.
    Changed,
}

impl Why {
    /// For people.
    pub fn told(self) -> &'static str {
        match self {
            Why::Live => "is live",
            Why::Differs => "has a summary that is not the fold of its events, see verify",
            Why::Changed => "got events meanwhile",
        }
    }
}

impl Tally {
    pub(super) fn wait(&mut self, key: &SessionKey, why: Why) {
        self.waiting += 1;
        if self.waiting_for.len() < MAX_NAMED {
            self.waiting_for.push(Waiting {
                project: key.project.to_string(),
                session_id: key.session_id.to_string(),
                why,
            });
        }
    }
}

impl Report {
    /// Whether all that is too old is gone.
    pub fn is_complete(&self) -> bool {
        let gone = |day: &Day| day.end == DayEnd::Dropped;
        self.days.iter().all(gone) && self.strays.tally.waiting == 0
    }

    /// Days dropped.
    pub fn days_dropped(&self) -> u64 {
        let dropped = |day: &&Day| day.end == DayEnd::Dropped;
        u64::try_from(self.days.iter().filter(dropped).count()).unwrap_or(u64::MAX)
    }

    /// Sessions sealed.
    pub fn sealed(&self) -> u64 {
        let of_days: u64 = self.days.iter().map(|day| day.tally.sealed).sum();
        of_days + self.strays.tally.sealed
    }
}
