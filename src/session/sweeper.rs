//! One sweeper instead of a timer for each session.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::actor::Close;
use super::registry::{Registry, Settings};

/// Closes sessions as they go idle, for ever.
pub async fn sweep(registry: Arc<Registry>) {
    let settings = registry.settings();
    let mut ticks = interval(pause_between_sweeps(settings.idle_timeout));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let idle_for = settings.idle_for(registry.len());
        registry.close_idle(idle_for, Close { stopping: false });
        registry.overview.forget_if_old();
    }
}

impl Settings {
    /// How long a session may be idle when so many are live. Where room gets scarce the idlest ones are
    /// closed early: an actor is only a cache, and a session that goes on is folded from its rows. A
    /// quarter of the time-out is still longer than the time between a player's heartbeats.
    fn idle_for(&self, live: usize) -> Duration {
        let scarce = self.limits.max_live_sessions / 10 * 9;
        if live > scarce {
            self.idle_timeout / 4
        } else {
            self.idle_timeout
        }
    }
}

/// Often enough that a summary is late by a tenth of the time-out, seldom enough to cost nothing.
fn pause_between_sweeps(idle_timeout: Duration) -> Duration {
    (idle_timeout / 10).clamp(Duration::from_millis(50), Duration::from_secs(5))
}
