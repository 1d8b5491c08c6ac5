//! The one bound on what is in flight: the bytes of request bodies between their arrival and their
//! reply. It bounds every queue behind it (mailboxes, the writer's lanes); beyond it the answer is 503.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Problem;

/// Bodies in flight are counted in units of this, so that tiny ones cost something too.
const UNIT_BYTES: usize = 1024;

/// The bound; clones share it.
#[derive(Debug, Clone)]
pub struct Admission {
    room: Arc<Semaphore>,
    units: usize,
}

/// Room held by a request until its reply: as much as has arrived of it, so that a client that
/// announces much and sends little keeps no room from others.
#[derive(Debug)]
pub(super) struct Admitted {
    admission: Admission,
    permit: OwnedSemaphorePermit,
}

impl Admission {
    /// Room for `bytes` of bodies.
    pub fn new(bytes: usize) -> Self {
        let units = bytes.div_ceil(UNIT_BYTES);
        Self {
            room: Arc::new(Semaphore::new(units)),
            units,
        }
    }

    /// Whether no request is in flight.
    pub fn is_empty(&self) -> bool {
        self.room.available_permits() == self.units
    }

    /// Lets a request in if there is room for the `bytes` that it announces.
    pub(super) fn admit(&self, bytes: usize) -> Result<Admitted, Problem> {
        if self.room.available_permits() < units(bytes) {
            return Err(Problem::Overloaded);
        }
        Ok(Admitted {
            admission: self.clone(),
            permit: self.take(1)?,
        })
    }

    fn take(&self, units: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        let taken = Arc::clone(&self.room).try_acquire_many_owned(units);
        taken.map_err(|_full| Problem::Overloaded)
    }
}

impl Admitted {
    /// Takes room, at once or not at all, until it holds enough for `bytes`.
    pub(super) fn hold(&mut self, bytes: usize) -> Result<(), Problem> {
        let missing = units(bytes).saturating_sub(self.permit.num_permits());
        if missing > 0 {
            self.permit.merge(self.admission.take(missing)?);
        }
        Ok(())
    }
}

fn units(bytes: usize) -> usize {
    bytes.div_ceil(UNIT_BYTES).max(1)
}
