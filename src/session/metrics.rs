//! What the session layer counts.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// How a session's time in the registry ended, or failed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SummaryOutcome {
    /// Written from the running fold.
    Written,
    /// Written after folding the session from its rows.
    Refolded,
    /// Written by recovery.
    Recovered,
    /// Others kept writing to the session: left to recovery.
    LeftToRecovery,
    /// PostgreSQL did not take it; the actor tries again.
    Failed,
}

impl SummaryOutcome {
    const ALL: [SummaryOutcome; 5] = [
        SummaryOutcome::Written,
        SummaryOutcome::Refolded,
        SummaryOutcome::Recovered,
        SummaryOutcome::LeftToRecovery,
        SummaryOutcome::Failed,
    ];

    fn label(self) -> &'static str {
        match self {
            SummaryOutcome::Written => "written",
            SummaryOutcome::Refolded => "refolded",
            SummaryOutcome::Recovered => "recovered",
            SummaryOutcome::LeftToRecovery => "left_to_recovery",
            SummaryOutcome::Failed => "failed",
        }
    }
}

/// The label of `telemetry_summaries_total`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SummaryLabels {
    outcome: &'static str,
}

/// The counters; clones share their values.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Sessions with an actor.
    pub live_sessions: Gauge,
    /// Actors that a panic ended, when they were found.
    pub lost_actors: Counter,
    /// Attempts to open a session when as many were live as may be.
    pub sessions_refused: Counter,
    summaries: Family<SummaryLabels, Counter>,
}

impl Metrics {
    /// Registers the counters.
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            live_sessions: Gauge::default(),
            lost_actors: Counter::default(),
            sessions_refused: Counter::default(),
            summaries: Family::default(),
        };
        for outcome in SummaryOutcome::ALL {
            metrics.count_summaries(outcome, 0);
        }
        registry.register(
            "live_sessions",
            "Sessions with an actor in this process",
            metrics.live_sessions.clone(),
        );
        registry.register(
            "lost_actors",
            "Session actors that a panic ended; their sessions are folded from their rows",
            metrics.lost_actors.clone(),
        );
        registry.register(
            "sessions_refused",
            "Attempts to open a session that were answered with 503, since as many are live as may be",
            metrics.sessions_refused.clone(),
        );
        registry.register(
            "summaries",
            "Session summaries by outcome",
            metrics.summaries.clone(),
        );
        metrics
    }

    /// Counts summaries.
    pub fn count_summaries(&self, outcome: SummaryOutcome, count: u64) {
        self.summaries
            .get_or_create(&SummaryLabels {
                outcome: outcome.label(),
            })
            .inc_by(count);
    }
}
