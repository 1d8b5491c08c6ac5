//! Whether writing is worth a try. After a write that was given up because of the server, nobody waits
//! for the next one to fail as well: what is queued and what comes is refused at once, until a probe
//! that writes has been committed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Open: no writes. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Breaker(Arc<AtomicBool>);

impl Breaker {
    /// Whether writes are refused.
    pub(super) fn is_open(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// A write was given up.
    pub(super) fn open(&self) {
        if !self.0.swap(true, Ordering::Relaxed) {
            tracing::warn!("events are refused until PostgreSQL commits again");
        }
    }

    /// A write was committed.
    pub(super) fn close(&self) {
        if self.is_open() && self.0.swap(false, Ordering::Relaxed) {
            tracing::info!("PostgreSQL commits, events are taken again");
        }
    }
}
