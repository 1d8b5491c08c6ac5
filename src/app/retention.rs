//! When retention runs.

use std::time::Duration;

use tokio::time::sleep;

use crate::session::clock;
use crate::storage::Storage;
use crate::storage::retention::{Policy, Report};

/// What is kept for how long, and when that is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Retention {
    /// What is kept; by default everything.
    pub policy: Policy,
    /// When it runs.
    pub schedule: Schedule,
}

/// When retention runs.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// After the start.
    pub first: Duration,
    /// After a run that left nothing to do.
    pub daily: Duration,
    /// After a run that could not do everything, or could not run.
    pub again: Duration,
}

impl Default for Schedule {
    /// At some minute of the first hour, so that servers that start together take turns.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(60 * rand::random_range(1..60)),
            daily: Duration::from_secs(24 * 60 * 60),
            again: Duration::from_secs(3 * 60 * 60),
        }
    }
}

/// Drops what is older than it is kept, for ever.
pub(super) async fn keep_dropping(storage: Storage, Retention { policy, schedule }: Retention) {
    if policy.keeps_everything() {
        return;
    }
    sleep(schedule.first).await;
    loop {
        let pause = match storage.retain(policy, clock::now()).await {
            Ok(Some(report)) => {
                tell(&report);
                if report.is_complete() {
                    schedule.daily
                } else {
                    schedule.again
                }
            }
            // Another server is at it.
            Ok(None) => schedule.again,
            Err(error) => {
                tracing::warn!(%error, "retention failed, it is tried again");
                schedule.again
            }
        };
        sleep(pause).await;
    }
}

fn tell(report: &Report) {
    tracing::info!(
        days_dropped = report.days_dropped(),
        days = report.days.len(),
        sealed = report.sealed(),
        strays = report.strays.events,
        summaries_deleted = report.summaries_deleted,
        "retention ran"
    );
}
