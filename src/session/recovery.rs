//! Runs recovery: at the start, every few minutes, and as soon as a session it had to wait for is
//! quiet.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::sleep;

use super::clock;
use super::metrics::SummaryOutcome;
use super::registry::Registry;
use crate::storage::Storage;
use crate::storage::recovery::{Recovered, Search};

/// Between passes when nothing is waiting.
const INTERVAL: Duration = Duration::from_secs(180);
/// Between passes at least.
const SHORTEST: Duration = Duration::from_secs(1);
/// A session's own actor gets at most this long beyond its idle time-out before recovery steps in.
const MAX_GRACE: Duration = Duration::from_secs(10);

/// Recovers for ever.
pub async fn keep_recovering(storage: Storage, registry: Arc<Registry>) {
    let idle_timeout = registry.settings().idle_timeout;
    let quiet_for =
        TimeDelta::from_std(idle_timeout + idle_timeout.min(MAX_GRACE)).unwrap_or_default();
    loop {
        let now = clock::now();
        let live = Arc::clone(&registry);
        let search = Search {
            now,
            quiet_since: now - quiet_for,
        };
        let pause = match storage.recover(search, move |key| live.contains(key)).await {
            Ok(recovered) => {
                report(&registry, recovered);
                pause_after(recovered, search)
            }
            Err(error) => {
                tracing::warn!(%error, "recovery failed, it is tried again");
                SHORTEST * 5
            }
        };
        sleep(pause).await;
    }
}

fn report(registry: &Registry, recovered: Recovered) {
    let written = u64::try_from(recovered.written).unwrap_or(0);
    registry
        .metrics()
        .count_summaries(SummaryOutcome::Recovered, written);
    if recovered.written > 0 || recovered.refused > 0 {
        tracing::info!(
            written = recovered.written,
            refused = recovered.refused,
            waiting = recovered.waiting,
            "recovered summaries"
        );
    }
}

fn pause_after(recovered: Recovered, search: Search) -> Duration {
    let until_quiet = recovered
        .next_quiet
        .and_then(|newest_row| (newest_row - search.quiet_since).to_std().ok());
    let pause = match until_quiet {
        Some(wait) => wait,
        None if recovered.refused > 0 => SHORTEST,
        None => INTERVAL,
    };
    pause.clamp(SHORTEST, INTERVAL)
}
