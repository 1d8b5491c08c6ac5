//! When the session was, by the server's clock. Durations never depend on it.

use super::Event;
use super::known::Known;

/// 9999-12-31T23:59:59.999Z: what PostgreSQL and every reader can show.
const MAX_EPOCH_MS: i64 = 253_402_300_799_999;

/// The first and the last event's times, and the clock offset.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock {
    first_ms: i64,
    first_created_ms: i64,
    last_ms: i64,
    last_created_ms: i64,
    /// Smallest `created_at` − `sent_at` seen, ms: the client's clock error plus the shortest transit.
    offset_ms: Known,
}

impl Clock {
    pub(super) fn observe(&mut self, event: &Event, first: bool) {
        if first {
            self.first_ms = event.timestamp_ms;
            self.first_created_ms = event.created_at_ms;
        }
        self.last_ms = event.timestamp_ms;
        self.last_created_ms = event.created_at_ms;
        if let Some(sent_at_ms) = event.sent_at_ms {
            let offset_ms = event.created_at_ms.saturating_sub(sent_at_ms);
            self.offset_ms.min(offset_ms);
        }
    }

    /// The last event's own stamp, epoch ms.
    pub(super) fn last_ms(&self) -> i64 {
        self.last_ms
    }

    /// Last event minus first, ms.
    pub(super) fn session_ms(&self) -> i64 {
        self.last_ms.saturating_sub(self.first_ms)
    }

    /// (`started_at`, `last_event_at`), epoch ms, corrected and not after their own `created_at`.
    pub(super) fn corrected_ms(&self) -> (i64, i64) {
        let offset_ms = self.offset_ms.get().unwrap_or(0);
        let correct = |stamp_ms: i64, created_ms: i64| {
            let corrected_ms = stamp_ms.saturating_add(offset_ms);
            corrected_ms.min(created_ms).clamp(0, MAX_EPOCH_MS)
        };
        let last_ms = correct(self.last_ms, self.last_created_ms);
        let first_ms = correct(self.first_ms, self.first_created_ms);
        (first_ms.min(last_ms), last_ms)
    }
}
