//! What the registry and an actor know of each other without asking.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::qoe::{Identity, SessionFold, State};

/// Shared by an entry of the registry, its actor, and every message on the way.
#[derive(Debug)]
pub(super) struct Presence {
    /// Tells this actor from earlier ones of the same session.
    pub(super) generation: u64,
    /// Messages that are not handled to the end, wherever they are.
    in_flight: AtomicU32,
    /// Rises whenever the session's fold may have changed.
    version: AtomicU64,
    /// Time zero of `active_ms`.
    epoch: Instant,
    /// When a message was last sent or handled, ms since `epoch`.
    active_ms: AtomicU64,
    /// The session was erased: its actor shows, folds and writes nothing any more.
    erased: AtomicBool,
    /// What the actor shows of its fold. It is held for a moment only, and under it nothing is locked.
    glance: Mutex<Option<Glance>>,
}

/// What can be seen of a session without asking its actor. Its dimensions are the fold's own, shared.
#[derive(Debug, Clone)]
pub(super) struct Glance {
    pub(super) state: State,
    pub(super) identity: Arc<Identity>,
}

impl Presence {
    pub(super) fn new(generation: u64, epoch: Instant) -> Self {
        let presence = Self {
            generation,
            in_flight: AtomicU32::new(0),
            version: AtomicU64::new(0),
            epoch,
            active_ms: AtomicU64::new(0),
            erased: AtomicBool::new(false),
            glance: Mutex::new(None),
        };
        presence.touch();
        presence
    }

    /// Counts a message as in flight until the guard is dropped: handled, skipped, panicked or never
    /// enqueued.
    pub(super) fn enter(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        self.touch();
        InFlight(Arc::clone(self))
    }

    pub(super) fn is_busy(&self) -> bool {
        self.in_flight.load(Ordering::SeqCst) > 0
    }

    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::SeqCst)
    }

    pub(super) fn changed(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
    }

    /// Shows what the fold says now; nothing while it has no events.
    pub(super) fn show(&self, fold: &SessionFold) {
        let glance = (fold.event_count() > 0 && !self.is_erased()).then(|| Glance {
            state: fold.state(),
            identity: Arc::clone(fold.identity()),
        });
        *self.glance.lock().unwrap_or_else(PoisonError::into_inner) = glance;
    }

    /// The session was erased.
    pub(super) fn erase(&self) {
        self.erased.store(true, Ordering::SeqCst);
        self.hide();
    }

    pub(super) fn is_erased(&self) -> bool {
        self.erased.load(Ordering::SeqCst)
    }

    /// Shows nothing: there is no fold any more.
    pub(super) fn hide(&self) {
        *self.glance.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What the actor last showed.
    pub(super) fn glance(&self) -> Option<Glance> {
        let glance = self.glance.lock();
        glance.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Nothing in flight, and nothing for `timeout`.
    pub(super) fn is_idle(&self, timeout: Duration) -> bool {
        let active = Duration::from_millis(self.active_ms.load(Ordering::SeqCst));
        !self.is_busy() && self.epoch.elapsed().saturating_sub(active) >= timeout
    }

    fn touch(&self) {
        let now = u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.active_ms.store(now, Ordering::SeqCst);
    }
}

/// A message in flight.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Presence>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.touch();
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}
