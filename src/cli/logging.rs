//! Logs go to stderr, so that stdout is the command's own.

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
    /// What is logged: error, warn, info, debug, trace, or by module as in `info,video_telemetry=debug`
    #[arg(
        long,
        global = true,
        env = "TELEMETRY_LOG",
        default_value = "info",
        hide_env_values = true
    )]
    log: String,
    /// How it is logged
    #[arg(
        long,
        global = true,
        env = "TELEMETRY_LOG_FORMAT",
        default_value = "text",
        hide_env_values = true
    )]
    log_format: LogFormat,
}

impl LogArgs {
    pub(super) fn init(&self) {
        let filter = EnvFilter::try_new(&self.log).unwrap_or_else(|_| EnvFilter::new("info"));
        let logs = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr);
        match self.log_format {
            LogFormat::Text => logs.init(),
            LogFormat::Json => logs.json().init(),
        }
    }
}
