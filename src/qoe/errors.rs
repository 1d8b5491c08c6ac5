//! Errors: how many, which came first, and whether playback failed for good (rule 9).

use super::known::Known;
use super::num;
use super::{ErrorInfo, Event, EventKind};

/// Playing on for this long after a fatal error takes the failure back, ms.
const RECOVERED_MS: i64 = 10_000;
/// No buffer is longer, s: keeps hostile values out of the arithmetic.
const MAX_BUFFER_SEC: f64 = 600.0;

/// The session's errors.
#[derive(Debug, Clone, Default)]
pub(super) struct Errors {
    count: u32,
    fatal_count: u32,
    first: Option<Box<str>>,
    first_is_fatal: bool,
    vsf: bool,
    /// Playing time so far when playback last failed after the first frame, ms.
    failed_at_playing_ms: Known,
    /// The next wait before this much playing time is the failure itself, ms.
    doomed_until_playing_ms: Known,
}

impl Errors {
    /// Counts a PLAYER_ERROR. True if playback cannot go on.
    pub(super) fn observe(&mut self, event: &Event) -> bool {
        if event.kind != EventKind::PlayerError {
            return false;
        }
        self.count = self.count.saturating_add(1);
        let error = event.error.as_deref();
        let fatal = error.is_some_and(|error| error.fatal && !aborted(error));
        if fatal {
            self.fatal_count = self.fatal_count.saturating_add(1);
        }
        if self.count == 1 || (fatal && !self.first_is_fatal) {
            self.first = error.and_then(|error| error.details.clone().or(error.kind.clone()));
        }
        self.first_is_fatal |= fatal;
        fatal
    }

    /// A fatal error: before the first frame a start failure, after it a playback failure.
    pub(super) fn fail(&mut self, started: bool, playing_ms: i64) {
        if started {
            self.failed_at_playing_ms = playing_ms.into();
        } else {
            self.vsf = true;
        }
    }

    /// Rule 9: a fatal error while playing. What is buffered still plays, then it is over.
    pub(super) fn doom(&mut self, playing_ms: i64, buffer_sec: Option<f64>) {
        let buffer_sec = buffer_sec.unwrap_or(0.0).clamp(0.0, MAX_BUFFER_SEC);
        let buffer_ms = num::rounded(buffer_sec * 1000.0);
        let until_ms = playing_ms
            .saturating_add(buffer_ms)
            .saturating_add(RECOVERED_MS);
        self.doomed_until_playing_ms = until_ms.into();
    }

    /// A fatal error came while playing, and playback has not outlived it.
    pub(super) fn doomed(&self, playing_ms: i64) -> bool {
        self.doomed_until_playing_ms
            .get()
            .is_some_and(|until_ms| playing_ms < until_ms)
    }

    /// The doom has come, or playback began anew.
    pub(super) fn undoom(&mut self) {
        self.doomed_until_playing_ms = Known::default();
    }

    pub(super) fn count(&self) -> i64 {
        self.count.into()
    }

    pub(super) fn fatal_count(&self) -> i64 {
        self.fatal_count.into()
    }

    pub(super) fn first(&self) -> Option<Box<str>> {
        self.first.clone()
    }

    /// Video start failure.
    pub(super) fn vsf(&self) -> bool {
        self.vsf
    }

    /// Playback has failed and not recovered.
    pub(super) fn failing(&self, playing_ms: i64) -> bool {
        self.vsf || self.vpf(playing_ms)
    }

    /// Video playback failure; taken back when playing went on.
    pub(super) fn vpf(&self, playing_ms: i64) -> bool {
        self.failed_at_playing_ms
            .get()
            .is_some_and(|at_ms| playing_ms.saturating_sub(at_ms) < RECOVERED_MS)
    }
}

/// The viewer went away while media was loading: no failure, whatever the player calls it.
fn aborted(error: &ErrorInfo) -> bool {
    [&error.kind, &error.details]
        .into_iter()
        .flatten()
        .any(|text| text.contains("MEDIA_ERR_ABORTED"))
}
