//! The flags of `simulate --bulk`.

use clap::Args;

/// How many sessions have their events when nobody says.
const MOST_WITH_EVENTS: u64 = 20_000;

/// Sessions without a server.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Straight into the database")]
pub struct BulkArgs {
    /// Write N finished sessions into the database (--database-url or --data-dir) instead of sending
    /// them: parsed, written and folded by the service's own code, minutes for a million. Safe beside
    /// a running server. Sessions without events (see --with-events) are sealed, as if their events
    /// had been deleted for their age; `verify` leaves sealed ones alone.
    #[arg(
        id = "bulk",
        long = "bulk",
        value_name = "N",
        value_parser = clap::value_parser!(u64).range(1..),
        conflicts_with_all = [
            "url", "sessions", "rate", "speed", "batch", "concurrency", "events_per_session", "gzip",
            "duplicate_share", "shuffle", "max_wait", "issued_log", "acked_log",
        ]
    )]
    pub sessions: Option<u64>,

    /// The M newest sessions have their events in the database. By default 20 000, or all there are.
    #[arg(long, requires = "bulk", value_name = "M")]
    pub with_events: Option<u64>,

    /// Over how many days before now the sessions' ends are spread; with --start-time, from then on.
    #[arg(
        long,
        requires = "bulk",
        default_value_t = 14,
        value_parser = clap::value_parser!(u32).range(1..=366)
    )]
    pub days: u32,

    /// Give the newest session so many events: a live stream watched for days.
    #[arg(
        long,
        requires = "bulk",
        value_name = "EVENTS",
        value_parser = clap::value_parser!(u32).range(1..=100_000)
    )]
    pub long_session: Option<u32>,
}

impl BulkArgs {
    /// How many of the newest `sessions` have their events.
    pub(super) fn with_events(&self, sessions: u64) -> u64 {
        self.with_events.unwrap_or(MOST_WITH_EVENTS).min(sessions)
    }
}
