//! Logs go to stderr, so that stdout is the command's own.

use std::io::IsTerminal;

use anyhow::Context;
use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line, for machines
    Json,
}

#[derive(Debug, Args)]
pub(super) struct LogArgs {
    /// What is logged: error, warn, info, debug, trace, or by module as in
    /// `info,video_telemetry=debug`; by default info for `serve`, else warn
    #[arg(
        long,
        global = true,
        env = "TELEMETRY_LOG",
        help_heading = super::EVERYWHERE,
        hide_env_values = true,
        value_name = "FILTER"
    )]
    log: Option<String>,
    /// How it is logged
    #[arg(
        long,
        global = true,
        env = "TELEMETRY_LOG_FORMAT",
        help_heading = super::EVERYWHERE,
        default_value = "text",
        hide_env_values = true
    )]
    log_format: LogFormat,
}

impl LogArgs {
    /// `by_default`: the filter where none is given.
    pub(super) fn init(&self, by_default: &str) -> anyhow::Result<()> {
        let filter = self.log.as_deref().filter(|filter| !filter.is_empty());
        // Whoever sends what is no HTTP would have a line for it.
        let by_default = format!("{by_default},actix_http::h1::dispatcher=off");
        let filter = EnvFilter::try_new(filter.unwrap_or(&by_default)).context("--log")?;
        let logs = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr);
        match self.log_format {
            LogFormat::Text => logs.init(),
            LogFormat::Json => logs.json().init(),
        }
        Ok(())
    }
}
