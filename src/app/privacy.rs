//! What is kept of viewers, and how erasures are carried through.

use std::time::Duration;

use actix_web::web::Data;
use tokio::time::sleep;

use crate::http::Entrance;
use crate::session::clock;
use crate::storage::Storage;
use crate::storage::erasures::GRACE;
use crate::storage::viewer_ids::ViewerIds;

/// Between looks for tombstones that others laid.
const LEARN_INTERVAL: Duration = Duration::from_secs(1);
/// Between looks for erasures to finish, at most; they are finished that much late.
const FINISH_INTERVAL: Duration = Duration::from_secs(5);

/// What is kept of viewers.
#[derive(Debug, Clone)]
pub struct Privacy {
    /// What becomes of viewers' ids.
    pub viewer_ids: ViewerIds,
    /// How long after a tombstone its session's rows are deleted once more.
    pub erasure_grace: Duration,
}

impl Default for Privacy {
    fn default() -> Self {
        Self {
            viewer_ids: ViewerIds::default(),
            erasure_grace: GRACE,
        }
    }
}

/// Learns of erasures, and drops what is in memory of their sessions.
pub(super) async fn keep_learning(storage: Storage, entrance: Data<Entrance>) {
    let erasures = storage.erasures();
    let mut failed = false;
    loop {
        match erasures.learn().await {
            Ok(news) => {
                if failed {
                    tracing::info!("erasures can be asked for again");
                }
                failed = false;
                if let Some(service) = entrance.service.get().filter(|_| news > 0) {
                    service.registry.evict_erased();
                    service.stories.forget(|key| erasures.contains(key));
                    tracing::info!(tombstones = news, "learned of erased sessions");
                }
            }
            Err(error) if !failed => {
                tracing::warn!(%error, "erasures cannot be asked for, it is tried again");
                failed = true;
            }
            Err(_) => {}
        }
        sleep(LEARN_INTERVAL).await;
    }
}

/// Deletes for the second time, once everything is over that may have been under way.
pub(super) async fn keep_finishing(storage: Storage, grace: Duration) {
    let pause = (grace / 4).clamp(Duration::from_millis(50), FINISH_INTERVAL);
    loop {
        match storage.erasures().finish(grace, clock::now()).await {
            Ok(0) => {}
            Ok(finished) => tracing::info!(sessions = finished, "finished erasures"),
            Err(error) => {
                tracing::warn!(%error, "finishing erasures failed, it is tried again");
            }
        }
        sleep(pause).await;
    }
}
