//! How much of what is refused `serve` keeps.

use std::time::Duration;

use clap::Args;

use crate::storage::quarantine::Bounds;

#[derive(Debug, Args)]
pub(in crate::cli) struct RejectedArgs {
    /// Rejected events kept; the oldest go. 0: none are kept
    #[arg(
        long,
        env = "TELEMETRY_REJECTED_MAX_ROWS",
        default_value_t = Bounds::default().max_rows,
        hide_env_values = true,
        value_name = "N"
    )]
    rejected_max_rows: u64,
    /// MiB of rejected events kept; the oldest go
    #[arg(
        long,
        env = "TELEMETRY_REJECTED_MAX_MIB",
        default_value_t = Bounds::default().max_bytes / MIB,
        value_parser = clap::value_parser!(u64).range(..=1_048_576),
        hide_env_values = true,
        value_name = "MIB"
    )]
    rejected_max_mib: u64,
    /// How long a rejected event is kept
    #[arg(
        long,
        env = "TELEMETRY_REJECTED_MAX_AGE",
        default_value = "30d",
        value_parser = humantime::parse_duration,
        hide_env_values = true,
        value_name = "DURATION"
    )]
    rejected_max_age: Duration,
}

const MIB: u64 = 1024 * 1024;

impl RejectedArgs {
    pub(in crate::cli) fn bounds(&self) -> Bounds {
        Bounds {
            max_rows: self.rejected_max_rows,
            max_bytes: self.rejected_max_mib * MIB,
            max_age: self.rejected_max_age,
        }
    }
}
