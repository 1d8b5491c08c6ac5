//! The partition: every stretch between neighbouring events lands in exactly one part, so that the
//! parts add up to the session's wall time whatever happens. All in ms.

use super::State;
use super::num;

/// Shorter stalls are playing with a hiccup.
pub(super) const MICRO_STALL_MS: i64 = 250;
/// How long a wait may go on without a word from a client that sends heartbeats (rule 7).
pub(super) const SILENCE_WITH_SEQ_MS: i64 = 30_000;
/// The same for the original client, which has no heartbeat.
const SILENCE_WITHOUT_SEQ_MS: i64 = 300_000;

/// Wall time by part. `startup` and `no_start` are one number until the summary knows which it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Parts {
    pub(super) starting_ms: i64,
    pub(super) playing_ms: i64,
    pub(super) micro_stall_ms: i64,
    pub(super) micro_stall_count: u32,
    pub(super) rebuffer_ms: i64,
    pub(super) rebuffer_count: i64,
    pub(super) seek_ms: i64,
    pub(super) paused_ms: i64,
    pub(super) ended_ms: i64,
    pub(super) idle_ms: i64,
    pub(super) gap_ms: i64,
    /// The open stall: how it ends decides what it was.
    pub(super) stall_ms: i64,
    /// The open stall began in lost events, whose totals counted it already (rule 11).
    pub(super) stall_counted: bool,
}

impl Parts {
    /// Credits a stretch of any state but PLAYING, which [`super::playhead`] splits.
    pub(super) fn credit(&mut self, state: State, stretch_ms: i64, has_seq: bool) {
        let silence_ms = if has_seq {
            SILENCE_WITH_SEQ_MS
        } else {
            SILENCE_WITHOUT_SEQ_MS
        };
        let (part, limit_ms) = match state {
            State::Starting => (&mut self.starting_ms, silence_ms),
            State::Rebuffering => (&mut self.stall_ms, silence_ms),
            State::Seeking => (&mut self.seek_ms, silence_ms),
            State::Playing => (&mut self.playing_ms, i64::MAX),
            State::Paused => (&mut self.paused_ms, i64::MAX),
            State::Ended | State::Failed => (&mut self.ended_ms, i64::MAX),
            State::Idle => (&mut self.idle_ms, i64::MAX),
            State::Closed => (&mut self.gap_ms, i64::MAX),
        };
        let credited_ms = stretch_ms.min(limit_ms);
        *part = part.saturating_add(credited_ms);
        self.gap_ms = self.gap_ms.saturating_add(stretch_ms - credited_ms);
    }

    /// Credits a stretch of PLAYING. A negative gap hands back what an earlier event without a
    /// position had to call gap.
    pub(super) fn credit_playing(&mut self, stretch_ms: i64, gap_ms: i64) {
        self.playing_ms = self
            .playing_ms
            .saturating_add(stretch_ms.saturating_sub(gap_ms));
        self.gap_ms = self.gap_ms.saturating_add(gap_ms);
    }

    /// Rule 3: the first frame was shown this much before the event that shows it.
    pub(super) fn start_earlier(&mut self, by_ms: i64) {
        let by_ms = by_ms.clamp(0, self.starting_ms);
        self.starting_ms -= by_ms;
        self.playing_ms = self.playing_ms.saturating_add(by_ms);
    }

    /// The open stall is over: a rebuffer, or a hiccup of playing.
    pub(super) fn close_stall(&mut self) {
        let stall_ms = std::mem::take(&mut self.stall_ms);
        if std::mem::take(&mut self.stall_counted) {
            self.rebuffer_ms = self.rebuffer_ms.saturating_add(stall_ms);
        } else if stall_ms >= MICRO_STALL_MS {
            self.rebuffer_ms = self.rebuffer_ms.saturating_add(stall_ms);
            self.rebuffer_count = self.rebuffer_count.saturating_add(1);
        } else {
            self.playing_ms = self.playing_ms.saturating_add(stall_ms);
            self.micro_stall_ms = self.micro_stall_ms.saturating_add(stall_ms);
            self.micro_stall_count = self.micro_stall_count.saturating_add(1);
        }
    }

    /// The open stall was a seek all along.
    pub(super) fn stall_was_seek(&mut self) {
        let stall_ms = std::mem::take(&mut self.stall_ms);
        self.stall_counted = false;
        self.seek_ms = self.seek_ms.saturating_add(stall_ms);
    }

    /// rebuffer ÷ (playing + rebuffer): Conviva's, without seeks.
    pub(super) fn rebuffer_ratio(&self) -> Option<f64> {
        num::ratio(
            self.rebuffer_ms,
            self.playing_ms.saturating_add(self.rebuffer_ms),
        )
    }
}
