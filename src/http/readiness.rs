//! Whether the server wants traffic: not while starting or draining, nor when storage is away.

use tokio::sync::watch;

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
pub struct Readiness(watch::Sender<Option<Unready>>);

impl Default for Readiness {
    fn default() -> Self {
        Self(watch::Sender::new(Some(Unready::Starting)))
    }
}

impl Readiness {
    /// Why the server is not ready, if it is not.
    pub fn unready(&self) -> Option<Unready> {
        *self.0.borrow()
    }

    /// The server stops: nothing makes it ready again.
    pub fn drain(&self) {
        self.0.send_replace(Some(Unready::Draining));
    }

    /// Waits until the server stops; for answers that would go on for ever.
    pub fn drained(&self) -> impl Future<Output = ()> + use<> {
        let mut states = self.0.subscribe();
        async move {
            // An error says that the server is gone altogether.
            let stops = states.wait_for(|state| *state == Some(Unready::Draining));
            stops.await.map(|_state| ()).unwrap_or_default();
        }
    }

    /// Storage answered, or has been away for seconds.
    pub fn storage(&self, away: bool) {
        self.0.send_if_modified(|state| {
            let next = away.then_some(Unready::StorageAway);
            let changes = *state != Some(Unready::Draining) && *state != next;
            if changes {
                *state = next;
            }
            changes
        });
    }
}
