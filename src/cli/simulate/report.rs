//! What a run says at its end.

use std::collections::BTreeMap;
use std::time::Duration;

use comfy_table::Table;
use serde::Serialize;

use super::dice::{real, whole};
use super::stats::Stats;
use super::wire::thousandths;

/// The report of a run; its JSON is what `--output json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Sessions.
    pub sessions: Sessions,
    /// Events.
    pub events: Events,
    /// Rejected events by the server's reason.
    pub rejected_by_reason: BTreeMap<String, u64>,
    /// Events given up, by why.
    pub lost_by_reason: BTreeMap<String, u64>,
    /// Requests that were sent again, by why.
    pub retries_by_reason: BTreeMap<String, u64>,
    /// Requests sent, resent ones and copies included.
    pub requests: u64,
    /// Requests that were sent again.
    pub retries: u64,
    /// Bytes of request bodies, as sent.
    pub bytes_sent: u64,
    /// How long the run took, s.
    pub wall_seconds: f64,
    /// Acked events per second.
    pub events_per_second: f64,
    /// Time to the whole reply of a single request.
    pub latency_ms: LatencyMs,
}

/// Counts of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sessions {
    /// Asked for.
    pub planned: u64,
    /// Begun.
    pub started: u64,
    /// Sent to their end.
    pub finished: u64,
}

/// Counts of events. `accepted + duplicates + rejected + lost = issued + copies`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Events {
    /// Events that were to be sent, each once.
    pub issued: u64,
    /// Events sent a second time on purpose.
    pub copies: u64,
    /// Issued events that the server holds by its own word, each once.
    pub acked: u64,
    /// Said to be new.
    pub accepted: u64,
    /// Said to be there already.
    pub duplicates: u64,
    /// Refused with a reason.
    pub rejected: u64,
    /// Given up.
    pub lost: u64,
}

/// Quantiles, ms; null without a request.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LatencyMs {
    /// Half of the requests were faster.
    pub p50: Option<f64>,
    /// 95 of 100 were faster.
    pub p95: Option<f64>,
    /// 99 of 100 were faster.
    pub p99: Option<f64>,
}

impl Report {
    pub(super) fn new(planned: u64, stats: Stats, wall: Duration) -> Self {
        let wall_seconds = wall.as_secs_f64();
        let acked = real(i64::try_from(stats.acked).unwrap_or(i64::MAX));
        Self {
            sessions: Sessions {
                planned,
                started: stats.sessions_started,
                finished: stats.sessions_finished,
            },
            events: Events {
                issued: stats.issued,
                copies: stats.copies,
                acked: stats.acked,
                accepted: stats.accepted,
                duplicates: stats.duplicates,
                rejected: stats.rejected.values().sum(),
                lost: stats.lost.values().sum(),
            },
            requests: stats.requests,
            retries: stats.retries.values().sum(),
            bytes_sent: stats.bytes_sent,
            wall_seconds: thousandths(wall_seconds),
            events_per_second: thousandths(acked / wall_seconds.max(0.001)),
            latency_ms: LatencyMs {
                p50: stats.latency.quantile_ms(0.5),
                p95: stats.latency.quantile_ms(0.95),
                p99: stats.latency.quantile_ms(0.99),
            },
            rejected_by_reason: stats.rejected,
            lost_by_reason: stats.lost,
            retries_by_reason: stats.retries,
        }
    }

    /// Nothing was given up: every event was acked, or rejected with a reason.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.events.lost == 0
    }

    pub(super) fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        let Sessions {
            planned,
            started,
            finished,
        } = self.sessions;
        let mut row = |name: &str, value: String| {
            table.add_row([name.to_owned(), value]);
        };
        row(
            "sessions",
            format!("{finished} sent, {started} started, {planned} asked for"),
        );
        row("events issued", self.events.issued.to_string());
        if self.events.copies > 0 {
            row("  sent twice on purpose", self.events.copies.to_string());
        }
        row("events acked", self.events.acked.to_string());
        row("  replied accepted", self.events.accepted.to_string());
        row("  replied duplicate", self.events.duplicates.to_string());
        row("events rejected", self.events.rejected.to_string());
        for (reason, count) in &self.rejected_by_reason {
            row(&format!("  {reason}"), count.to_string());
        }
        row("events lost", self.events.lost.to_string());
        for (why, count) in &self.lost_by_reason {
            row(&format!("  {why}"), count.to_string());
        }
        row(
            "requests",
            format!("{}, {} of them again", self.requests, self.retries),
        );
        for (why, count) in &self.retries_by_reason {
            row(&format!("  {why}"), count.to_string());
        }
        row("request latency", self.latency_ms.text());
        row("wall time", format!("{:.1} s", self.wall_seconds));
        row(
            "acked per second",
            whole(self.events_per_second).to_string(),
        );
        table
    }
}

impl LatencyMs {
    fn text(self) -> String {
        let text = |value: Option<f64>| value.map_or("-".to_owned(), |ms| format!("{ms:.1}"));
        let (p50, p95, p99) = (text(self.p50), text(self.p95), text(self.p99));
        format!("p50 {p50} ms, p95 {p95} ms, p99 {p99} ms")
    }
}
