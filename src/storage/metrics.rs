//! What the storage layer counts.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::retention;

/// The counters; clones share their values.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Events handed to the writer whose fate is not known yet.
    pub queue_rows: Gauge,
    /// From taking a batch to knowing its fate, s.
    pub commit_seconds: Histogram,
    /// Attempts at a batch that failed for reasons of the server.
    pub write_failures: Counter,
    /// Refused events that the quarantine had no room for.
    pub rejected_not_kept: Counter,
    /// What retention did.
    pub retention: retention::Metrics,
}

impl Metrics {
    /// Registers the counters.
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            queue_rows: Gauge::default(),
            commit_seconds: Histogram::new(exponential_buckets(0.001, 2.0, 14)),
            write_failures: Counter::default(),
            rejected_not_kept: Counter::default(),
            retention: retention::Metrics::new(registry),
        };
        registry.register(
            "write_queue_events",
            "Events handed to the writer whose fate is not known yet",
            metrics.queue_rows.clone(),
        );
        registry.register(
            "commit_duration_seconds",
            "Time to write one batch of events, retries included",
            metrics.commit_seconds.clone(),
        );
        registry.register(
            "write_failures",
            "Attempts to write a batch that failed for reasons of the server",
            metrics.write_failures.clone(),
        );
        registry.register(
            "rejected_not_kept",
            "Refused events that are not kept, since more came between two tidyings than is kept of them",
            metrics.rejected_not_kept.clone(),
        );
        metrics
    }
}
