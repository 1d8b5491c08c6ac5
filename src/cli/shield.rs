//! The flags of `serve` that say what is asked of who calls.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::Args;
use clap::builder::FalseyValueParser;

use crate::app::ShieldSettings;
use crate::http::{KeyLimits, Origin};

#[derive(Debug, Args)]
pub(super) struct ShieldArgs {
    /// Whoever has no key may send events, also when there are keys and from other machines; nobody reads
    /// without one
    #[arg(
        long,
        env = "TELEMETRY_ALLOW_ANONYMOUS_INGEST",
        value_parser = FalseyValueParser::new(),
        hide_env_values = true
    )]
    allow_anonymous_ingest: bool,
    /// A site whose pages may read, as `https://qoe.example.com`; may be given more than once, in the
    /// variable with commas
    #[arg(
        long,
        env = "TELEMETRY_ALLOW_ORIGIN",
        value_delimiter = ',',
        value_parser = origin,
        hide_env_values = true,
        value_name = "ORIGIN"
    )]
    allow_origin: Vec<Option<Origin>>,
    /// Connections at once; more wait until one is closed
    #[arg(
        long,
        env = "TELEMETRY_MAX_CONNECTIONS",
        default_value_t = 10_000,
        hide_env_values = true,
        value_name = "N"
    )]
    max_connections: usize,
    /// How long a request's head may take to arrive; beyond it the answer is 408
    #[arg(
        long,
        env = "TELEMETRY_HEAD_TIMEOUT",
        default_value = "10s",
        value_parser = humantime::parse_duration,
        hide_env_values = true,
        value_name = "DURATION"
    )]
    head_timeout: Duration,
    /// Events that each key may send a second, and at least a batch of 500 at once; beyond it the answer is
    /// 429. Those without a key share one allowance. 0: no limit
    #[arg(
        long,
        env = "TELEMETRY_KEY_EVENTS_PER_SECOND",
        default_value_t = 0,
        hide_env_values = true,
        value_name = "N"
    )]
    key_events_per_second: u32,
    /// Events that each key may send a day, at least 500; beyond it the answer is 429. 0: no limit
    #[arg(
        long,
        env = "TELEMETRY_KEY_EVENTS_PER_DAY",
        default_value_t = 0,
        hide_env_values = true,
        value_name = "N"
    )]
    key_events_per_day: u32,
    /// Questions that each key may ask a second; beyond it the answer is 429. 0: no limit
    #[arg(
        long,
        env = "TELEMETRY_KEY_QUESTIONS_PER_SECOND",
        default_value_t = 0,
        hide_env_values = true,
        value_name = "N"
    )]
    key_questions_per_second: u32,
}

impl ShieldArgs {
    pub(super) fn settings(self) -> ShieldSettings {
        ShieldSettings {
            allow_anonymous_ingest: self.allow_anonymous_ingest,
            origins: self.allow_origin.into_iter().flatten().collect(),
            max_connections: self.max_connections.max(1),
            head_timeout: self.head_timeout.max(Duration::from_millis(1)),
            limits: KeyLimits {
                events_per_second: NonZeroU32::new(self.key_events_per_second),
                events_per_day: NonZeroU32::new(self.key_events_per_day),
                questions_per_second: NonZeroU32::new(self.key_questions_per_second),
            },
        }
    }
}

/// An empty variable names none.
fn origin(text: &str) -> Result<Option<Origin>, String> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some),
    }
}
