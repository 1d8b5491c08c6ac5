//! What retention counts.

use chrono::{DateTime, Utc};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Report;

/// The counters; clones share their values.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    days_dropped: Counter,
    sessions_sealed: Counter,
    summaries_deleted: Counter,
    days_waiting: Gauge,
    last_run: Gauge,
}

impl Metrics {
    pub(in super::super) fn new(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "retention_days_dropped",
            "Days of events dropped",
            metrics.days_dropped.clone(),
        );
        registry.register(
            "retention_sessions_sealed",
            "Sessions closed for good, before their events were dropped",
            metrics.sessions_sealed.clone(),
        );
        registry.register(
            "retention_summaries_deleted",
            "Summaries deleted",
            metrics.summaries_deleted.clone(),
        );
        registry.register(
            "retention_days_waiting",
            "Days that should have been dropped by this server's last run and were not",
            metrics.days_waiting.clone(),
        );
        registry.register(
            "retention_last_run_timestamp_seconds",
            "When this server last ran retention to its end, Unix time; 0: not yet",
            metrics.last_run.clone(),
        );
        metrics
    }

    pub(in super::super) fn count(&self, report: &Report, now: DateTime<Utc>) {
        let waiting = u64::try_from(report.days.len()).unwrap_or(0) - report.days_dropped();
        self.days_dropped.inc_by(report.days_dropped());
        self.sessions_sealed.inc_by(report.sealed());
        self.summaries_deleted.inc_by(report.summaries_deleted);
        self.days_waiting
            .set(i64::try_from(waiting).unwrap_or(i64::MAX));
        self.last_run.set(now.timestamp());
    }
}
