//! Runs recovery: at the start, every few minutes, and as soon as a session it had to wait for is
//! quiet.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::{Instant, sleep};

use super::clock;
use super::metrics::SummaryOutcome;
use super::registry::Registry;
use crate::storage::Storage;
use crate::storage::recovery::{Recovered, Search};

/// Between passes when nothing is waiting.
const INTERVAL: Duration = Duration::from_secs(180);
/// Between passes at least.
const SHORTEST: Duration = Duration::from_secs(1);
/// After a pass that met sessions which changed under it.
const AFTER_REFUSAL: Duration = Duration::from_secs(10);
/// A pass is followed by a pause this many times as long as it took: where many sessions are live,
/// one of them is always about to be quiet, and a pass reads all rows since the watermark.
const REST: u32 = 20;
/// A session's own actor gets at most this long beyond its idle time-out before recovery steps in.
const MAX_GRACE: Duration = Duration::from_secs(10);

/// Recovers for ever.
pub async fn keep_recovering(storage: Storage, registry: Arc<Registry>) {
    let idle_timeout = registry.settings().idle_timeout;
    let quiet_for =
        TimeDelta::from_std(idle_timeout + idle_timeout.min(MAX_GRACE)).unwrap_or_default();
    loop {
        let (now, started) = (clock::now(), Instant::now());
        let live = Arc::clone(&registry);
        let search = Search {
            now,
            quiet_since: now - quiet_for,
        };
        let pause = match storage.recover(search, move |key| live.contains(key)).await {
            Ok(recovered) => {
                report(&registry, recovered);
                pause_after(recovered, search, started.elapsed())
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

fn pause_after(recovered: Recovered, search: Search, took: Duration) -> Duration {
    let until_quiet = recovered
        .next_quiet
        .and_then(|newest_row| (newest_row - search.quiet_since).to_std().ok());
    let pause = match until_quiet {
        Some(wait) => wait,
        None if recovered.refused > 0 => AFTER_REFUSAL,
        None => INTERVAL,
    };
    pause
        .clamp(SHORTEST, INTERVAL)
        .max(took.saturating_mul(REST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovery_comes_back_when_there_is_something_to_do_but_is_no_burden() {
        let quiet_since = clock::now();
        let search = Search {
            now: quiet_since + TimeDelta::seconds(70),
            quiet_since,
        };
        // A waiting session is quiet in …; refused summaries; the pass took …; pause: all in seconds.
        for (quiet_in, refused, took, pause) in [
            (None, 0, 0, 180),
            (None, 2, 0, 10),
            (Some(30), 0, 0, 30),
            (Some(30), 2, 0, 30),
            (Some(0), 0, 0, 1),
            (Some(1), 0, 3, 60),
            (Some(30), 0, 1, 30),
            (None, 2, 5, 100),
            (Some(1), 0, 60, 1200),
            (Some(500), 0, 0, 180),
            (Some(-5), 0, 0, 180),
        ] {
            let recovered = Recovered {
                refused,
                next_quiet: quiet_in.map(|seconds| quiet_since + TimeDelta::seconds(seconds)),
                ..Recovered::default()
            };
            let took = Duration::from_secs(took);
            assert_eq!(pause_after(recovered, search, took).as_secs(), pause);
        }
    }
}
