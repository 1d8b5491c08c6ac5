//! What a running server does beside its work.

use std::time::Duration;

use actix_web::web::Data;
use tokio::time::{Instant, sleep};

use crate::http::Entrance;
use crate::session::clock;
use crate::storage::Storage;

/// Between probes of PostgreSQL.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);
/// Without an answer for this long, storage is away.
const AWAY_AFTER: Duration = Duration::from_secs(3);
/// Between looks for partitions to make and rows to trim.
const TIDY_INTERVAL: Duration = Duration::from_secs(60);

/// Keeps the readiness up to date.
pub(super) async fn keep_probing(storage: Storage, entrance: Data<Entrance>) {
    let mut answered = Instant::now();
    let mut away = false;
    loop {
        let probed = storage.probe().await;
        if probed.is_ok() {
            answered = Instant::now();
        }
        let now_away = answered.elapsed() >= AWAY_AFTER;
        match probed {
            Err(error) if now_away && !away => tracing::error!(%error, "storage is away"),
            Ok(()) if away => tracing::info!("storage is back"),
            _ => {}
        }
        away = now_away;
        entrance.readiness.storage(away);
        sleep(PROBE_INTERVAL).await;
    }
}

/// Keeps day partitions ahead of time and the quarantine within its bound.
pub(super) async fn keep_tidy(storage: Storage) {
    loop {
        sleep(TIDY_INTERVAL).await;
        if let Err(error) = storage.tidy(clock::now()).await {
            tracing::warn!(%error, "tidying up failed, it is tried again in a minute");
        }
    }
}
