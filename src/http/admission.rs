//! The bounds on what is in flight: the bytes of request bodies between their arrival and their reply,
//! and their events. They bound every queue behind them (mailboxes, the writer's lanes); beyond them
//! the answer is 503.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Problem;

/// Bodies in flight are counted in units of this, so that tiny ones cost something too.
const UNIT_BYTES: usize = 1024;

/// The bound; clones share it.
#[derive(Debug, Clone)]
pub struct Admission {
    room: Arc<Semaphore>,
    /// Events have a bound of their own: parsed, a small one takes more memory than its text.
    events: Arc<Semaphore>,
    /// Requests whose body has arrived whole and that are not answered.
    working: Arc<AtomicUsize>,
}

/// Room held by a request until its reply: as much as has arrived of it, so that a client that
/// announces much and sends little keeps no room from others.
#[derive(Debug)]
pub(super) struct Admitted {
    admission: Admission,
    permit: OwnedSemaphorePermit,
    events: Option<OwnedSemaphorePermit>,
    working: Option<Working>,
}

/// A request being worked on.
#[derive(Debug)]
struct Working(Arc<AtomicUsize>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Admission {
    /// Room for `bytes` of bodies and for `events`.
    pub fn new(bytes: usize, events: usize) -> Self {
        Self {
            room: Arc::new(Semaphore::new(bytes.div_ceil(UNIT_BYTES))),
            events: Arc::new(Semaphore::new(events)),
            working: Arc::default(),
        }
    }

    /// Whether no request is worked on. Those whose body has not arrived whole do not count: a slow
    /// client holds up nobody.
    pub fn is_idle(&self) -> bool {
        self.working.load(Ordering::SeqCst) == 0
    }

    /// Lets a request in if there is room for the `bytes` that it announces.
    pub(super) fn admit(&self, bytes: usize) -> Result<Admitted, Problem> {
        if self.room.available_permits() < units(bytes) {
            return Err(Problem::Overloaded);
        }
        Ok(Admitted {
            admission: self.clone(),
            permit: take(&self.room, 1)?,
            events: None,
            working: None,
        })
    }
}

fn take(room: &Arc<Semaphore>, units: usize) -> Result<OwnedSemaphorePermit, Problem> {
    let units = u32::try_from(units).unwrap_or(u32::MAX);
    let taken = Arc::clone(room).try_acquire_many_owned(units);
    taken.map_err(|_full| Problem::Overloaded)
}

impl Admitted {
    /// The body has arrived whole: until the reply the request is worked on.
    pub(super) fn start_work(&mut self) {
        self.admission.working.fetch_add(1, Ordering::SeqCst);
        self.working = Some(Working(Arc::clone(&self.admission.working)));
    }

    /// Takes room, at once or not at all, until it holds enough for `bytes`.
    pub(super) fn hold(&mut self, bytes: usize) -> Result<(), Problem> {
        let missing = units(bytes).saturating_sub(self.permit.num_permits());
        if missing > 0 {
            self.permit.merge(take(&self.admission.room, missing)?);
        }
        Ok(())
    }

    /// Takes room for the request's events, at once or not at all.
    pub(super) fn hold_events(&mut self, events: usize) -> Result<(), Problem> {
        self.events = Some(take(&self.admission.events, events)?);
        Ok(())
    }
}

fn units(bytes: usize) -> usize {
    bytes.div_ceil(UNIT_BYTES).max(1)
}
