//! The parts and counts of a summary by name, for whoever tells how they came about.

use super::SessionSummary;

/// A part of the partition: one of the summary's columns that add up to `session_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(
    missing_docs,
    reason = "the parts are those of the summary, see SessionSummary"
)]
pub enum Part {
    Startup,
    NoStart,
    Playing,
    Rebuffer,
    Seek,
    Paused,
    Ended,
    Idle,
    Gap,
}

impl Part {
    /// All parts, in the order of the summary's columns.
    pub const ALL: [Self; 9] = [
        Self::Startup,
        Self::NoStart,
        Self::Playing,
        Self::Rebuffer,
        Self::Seek,
        Self::Paused,
        Self::Ended,
        Self::Idle,
        Self::Gap,
    ];

    /// The column of the summary that holds it.
    #[must_use]
    pub fn column(self) -> &'static str {
        match self {
            Self::Startup => "startup_ms",
            Self::NoStart => "no_start_ms",
            Self::Playing => "playing_ms",
            Self::Rebuffer => "rebuffer_ms",
            Self::Seek => "seek_ms",
            Self::Paused => "paused_ms",
            Self::Ended => "ended_ms",
            Self::Idle => "idle_ms",
            Self::Gap => "gap_ms",
        }
    }

    /// Its time in a summary, ms.
    #[must_use]
    pub fn of(self, summary: &SessionSummary) -> i64 {
        match self {
            Self::Startup => summary.startup_ms.unwrap_or(0),
            Self::NoStart => summary.no_start_ms,
            Self::Playing => summary.playing_ms,
            Self::Rebuffer => summary.rebuffer_ms,
            Self::Seek => summary.seek_ms,
            Self::Paused => summary.paused_ms,
            Self::Ended => summary.ended_ms,
            Self::Idle => summary.idle_ms,
            Self::Gap => summary.gap_ms,
        }
    }
}

/// What an event counts towards: one of the summary's counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(
    missing_docs,
    reason = "the counts are those of the summary, see SessionSummary"
)]
pub enum Count {
    MicroStalls,
    Rebuffers,
    Seeks,
    Pauses,
    Errors,
    FatalErrors,
}

impl Count {
    /// All counts, in the order of the summary's columns.
    pub const ALL: [Self; 6] = [
        Self::MicroStalls,
        Self::Rebuffers,
        Self::Seeks,
        Self::Pauses,
        Self::Errors,
        Self::FatalErrors,
    ];

    /// The column of the summary that holds it.
    #[must_use]
    pub fn column(self) -> &'static str {
        match self {
            Self::MicroStalls => "micro_stall_count",
            Self::Rebuffers => "rebuffer_count",
            Self::Seeks => "seek_count",
            Self::Pauses => "pause_count",
            Self::Errors => "error_count",
            Self::FatalErrors => "fatal_error_count",
        }
    }

    /// Its value in a summary.
    #[must_use]
    pub fn of(self, summary: &SessionSummary) -> i64 {
        match self {
            Self::MicroStalls => summary.micro_stall_count,
            Self::Rebuffers => summary.rebuffer_count,
            Self::Seeks => summary.seek_count,
            Self::Pauses => summary.pause_count,
            Self::Errors => summary.error_count,
            Self::FatalErrors => summary.fatal_error_count,
        }
    }
}

/// A time for each part, ms. As a change it may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PartTimes([i64; Part::ALL.len()]);

impl PartTimes {
    /// By how much the parts grew from one summary to another.
    pub(super) fn between(before: &SessionSummary, after: &SessionSummary) -> Self {
        Self(Part::ALL.map(|part| part.of(after) - part.of(before)))
    }

    /// One part's time, ms.
    #[must_use]
    pub fn of(&self, part: Part) -> i64 {
        self.all()
            .find(|(one, _)| *one == part)
            .map_or(0, |(_, ms)| ms)
    }

    /// The parts whose time is not 0, in the order of the summary's columns.
    pub fn iter(&self) -> impl Iterator<Item = (Part, i64)> + '_ {
        self.all().filter(|(_, ms)| *ms != 0)
    }

    /// Nothing in any part.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (ms, more) in self.0.iter_mut().zip(other.0) {
            *ms = ms.saturating_add(more);
        }
    }

    /// Takes up to `ms` out of a part, and tells how much it was.
    pub(super) fn take(&mut self, part: Part, ms: i64) -> i64 {
        let taken = ms.clamp(0, self.of(part).max(0));
        self.put(part, -taken);
        taken
    }

    /// Puts time into a part.
    pub(super) fn put(&mut self, part: Part, ms: i64) {
        for (one, time) in Part::ALL.into_iter().zip(&mut self.0) {
            if one == part {
                *time = time.saturating_add(ms);
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = (Part, i64)> + '_ {
        Part::ALL.into_iter().zip(self.0)
    }
}
