//! One sweeper instead of a timer for each session.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::actor::Close;
use super::registry::Registry;

/// Closes sessions as they go idle, for ever.
pub async fn sweep(registry: Arc<Registry>) {
    let idle_timeout = registry.settings().idle_timeout;
    let mut ticks = interval(pause_between_sweeps(idle_timeout));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        registry.close_idle(idle_timeout, Close { stopping: false });
        registry.overview.forget_if_old();
    }
}

/// Often enough that a summary is late by a tenth of the time-out, seldom enough to cost nothing.
fn pause_between_sweeps(idle_timeout: Duration) -> Duration {
    (idle_timeout / 10).clamp(Duration::from_millis(50), Duration::from_secs(5))
}
