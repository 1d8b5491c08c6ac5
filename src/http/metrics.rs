//! What the HTTP layer counts. Every event received has exactly one outcome, so `received` is the sum
//! of the others.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::storage::event::Reason;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    status: u16,
}

/// The counters; clones share their values.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    pub(super) received: Counter,
    pub(super) accepted: Counter,
    pub(super) duplicates: Counter,
    pub(super) unavailable: Counter,
    rejected: Family<ReasonLabel, Counter>,
    requests: Family<StatusLabel, Counter>,
    request_seconds: Option<Histogram>,
}

impl Metrics {
    /// Registers the counters.
    pub fn new(registry: &mut Registry) -> Self {
        let request_seconds = Histogram::new(exponential_buckets(0.0005, 2.0, 16));
        let metrics = Self {
            request_seconds: Some(request_seconds.clone()),
            ..Self::default()
        };
        for reason in Reason::ALL {
            metrics.count_rejected(reason, 0);
        }
        let counters = [
            ("events_received", "Events received", &metrics.received),
            ("events_accepted", "Events committed", &metrics.accepted),
            (
                "events_duplicate",
                "Events that were committed already",
                &metrics.duplicates,
            ),
            (
                "events_unavailable",
                "Events answered with 503, to be sent again",
                &metrics.unavailable,
            ),
        ];
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
        registry.register(
            "events_rejected",
            "Events refused, by reason",
            metrics.rejected.clone(),
        );
        registry.register(
            "requests",
            "Requests to /telemetry, by status",
            metrics.requests.clone(),
        );
        registry.register(
            "request_duration_seconds",
            "Time to answer a request to /telemetry",
            request_seconds,
        );
        metrics
    }

    /// Counts refused events.
    pub(super) fn count_rejected(&self, reason: Reason, events: u64) {
        self.rejected
            .get_or_create(&ReasonLabel {
                reason: reason.code(),
            })
            .inc_by(events);
    }

    /// Counts events of a request that was refused whole.
    pub(super) fn count_unavailable(&self, events: usize) {
        let events = u64::try_from(events).unwrap_or(u64::MAX);
        self.received.inc_by(events);
        self.unavailable.inc_by(events);
    }

    /// Counts an answered request.
    pub(super) fn count_request(&self, status: u16, seconds: f64) {
        self.requests.get_or_create(&StatusLabel { status }).inc();
        if let Some(histogram) = &self.request_seconds {
            histogram.observe(seconds);
        }
    }
}
