//! Whether the server wants traffic: not while starting or draining, nor when storage is away.

use std::sync::Mutex;
use std::sync::PoisonError;

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unready {
    /// Migrations are running.
    Starting,
    /// PostgreSQL has not answered for seconds.
    StorageAway,
    /// The server is stopping.
    Draining,
}

impl Unready {
    /// For people and probes.
    pub fn explain(self) -> &'static str {
        match self {
            Unready::Starting => "starting",
            Unready::StorageAway => "storage is away",
            Unready::Draining => "draining",
        }
    }
}

/// The state; set by `app`, read by handlers.
#[derive(Debug)]
pub struct Readiness(Mutex<Option<Unready>>);

impl Default for Readiness {
    fn default() -> Self {
        Self(Mutex::new(Some(Unready::Starting)))
    }
}

impl Readiness {
    /// Why the server is not ready, if it is not.
    pub fn unready(&self) -> Option<Unready> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server stops: nothing makes it ready again.
    pub fn drain(&self) {
        self.set(Some(Unready::Draining));
    }

    /// Storage answered, or has been away for seconds.
    pub fn storage(&self, away: bool) {
        if self.unready() != Some(Unready::Draining) {
            self.set(away.then_some(Unready::StorageAway));
        }
    }

    fn set(&self, state: Option<Unready>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}
