//! Seeks: the open explicit one (rule 8), and which of them count as one.

use super::known::{Known, KnownSec};

/// Seeks this close count as one, ms: a viewer scrubbing is one seek.
const MERGE_MS: i64 = 2000;

/// What is known of this session's seeks.
#[derive(Debug, Clone, Default)]
pub(super) struct Seeks {
    count: u32,
    /// When the last one was over, client epoch ms.
    last_end_ms: Known,
    /// When the explicit SEEK is over, client epoch ms. A pause may lie inside.
    open_until_ms: Known,
    /// Where it leads, s.
    to_sec: KnownSec,
}

impl Seeks {
    pub(super) fn count(&self) -> i64 {
        self.count.into()
    }

    /// A seek begins, by a SEEK event or inferred.
    pub(super) fn begin(&mut self, at_ms: i64) {
        let apart = self
            .last_end_ms
            .get()
            .is_none_or(|end_ms| at_ms.saturating_sub(end_ms) > MERGE_MS);
        if apart {
            self.count = self.count.saturating_add(1);
        }
        self.last_end_ms.max(at_ms);
    }

    /// SEEKING was left.
    pub(super) fn end(&mut self, at_ms: i64) {
        self.last_end_ms.max(at_ms);
    }

    /// Rule 8: a SEEK is stamped when it began, with its duration. Without one it lasts until an
    /// event ends it, as an inferred seek does.
    pub(super) fn open(&mut self, at_ms: i64, duration_ms: Option<i64>, to_sec: Option<f64>) {
        let Some(duration_ms) = duration_ms.filter(|ms| *ms >= 0) else {
            return;
        };
        let until_ms = at_ms.saturating_add(duration_ms);
        self.open_until_ms.max(until_ms);
        self.to_sec = to_sec.into();
    }

    /// The end of the explicit seek, if it is not over yet.
    pub(super) fn open_until(&self) -> Option<i64> {
        self.open_until_ms.get()
    }

    /// An explicit seek reaches beyond this time.
    pub(super) fn is_open_at(&self, at_ms: i64) -> bool {
        self.open_until_ms
            .get()
            .is_some_and(|until_ms| until_ms > at_ms)
    }

    /// The explicit seek is over by now. Tells where it led, s.
    pub(super) fn close(&mut self, now_ms: i64) -> Option<f64> {
        if let Some(until_ms) = self.open_until_ms.take() {
            self.end(until_ms.min(now_ms));
        }
        self.to_sec.take()
    }

    /// Rule 11: the totals tell of a seek whose event was lost in a stretch that began then.
    pub(super) fn lost_since(&mut self, from_ms: i64) {
        // Begun that early, it is no other one than a seek that was seen within the stretch.
        self.begin(from_ms);
    }
}
