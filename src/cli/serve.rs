//! `serve`.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::app::{Application, Settings, Source};

/// Where it listens unless told otherwise.
pub(super) const DEFAULT_BIND: &str = "127.0.0.1:3000";

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(
        long,
        env = "TELEMETRY_BIND",
        default_value = DEFAULT_BIND,
        hide_env_values = true
    )]
    bind: String,
    /// A session without an event for this long gets its summary
    #[arg(
        long,
        env = "TELEMETRY_IDLE_TIMEOUT",
        default_value = "60s",
        value_parser = humantime::parse_duration,
        hide_env_values = true,
        value_name = "DURATION"
    )]
    idle_timeout: Duration,
    /// Threads that answer HTTP requests; 0: one per core
    #[arg(
        long,
        env = "TELEMETRY_WORKERS",
        default_value_t = 0,
        hide_env_values = true,
        value_name = "N"
    )]
    workers: usize,
    /// Connections that write events, a session always by the same one; 0: one for every two cores
    #[arg(
        long,
        env = "TELEMETRY_WRITE_CONNECTIONS",
        default_value_t = 0,
        hide_env_values = true,
        value_name = "N"
    )]
    write_connections: usize,
    /// Connections for everything else
    #[arg(
        long,
        env = "TELEMETRY_OTHER_CONNECTIONS",
        default_value_t = 8,
        hide_env_values = true,
        value_name = "N"
    )]
    other_connections: usize,
    /// Columns of summaries kept in memory for figures over many sessions, MiB; a million sessions take
    /// 8 for each column asked for. 0: none are kept
    #[arg(
        long,
        env = "TELEMETRY_FIGURES_CACHE_MIB",
        default_value_t = 256,
        value_parser = clap::value_parser!(u64).range(..=1_048_576),
        hide_env_values = true,
        value_name = "MIB"
    )]
    figures_cache_mib: u64,
    /// Request bodies that may be in flight, MiB; beyond it the answer is 503
    #[arg(
        long,
        env = "TELEMETRY_MAX_IN_FLIGHT_MIB",
        default_value_t = 64,
        hide_env_values = true,
        value_name = "MIB"
    )]
    max_in_flight_mib: usize,
    /// Events that may be in flight; beyond it the answer is 503
    #[arg(
        long,
        env = "TELEMETRY_MAX_IN_FLIGHT_EVENTS",
        default_value_t = 20_000,
        hide_env_values = true,
        value_name = "N"
    )]
    max_in_flight_events: usize,
    /// How long a request's body may take to arrive; beyond it the answer is 408
    #[arg(
        long,
        env = "TELEMETRY_BODY_TIMEOUT",
        default_value = "30s",
        value_parser = humantime::parse_duration,
        hide_env_values = true,
        value_name = "DURATION"
    )]
    body_timeout: Duration,
    /// How long a stopping server waits for requests and summaries; the next start does the rest
    #[arg(
        long,
        env = "TELEMETRY_DRAIN_TIMEOUT",
        default_value = "30s",
        value_parser = humantime::parse_duration,
        hide_env_values = true,
        value_name = "DURATION"
    )]
    drain_timeout: Duration,
}

impl ServeArgs {
    fn settings(self, source: Source) -> Settings {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        Settings {
            bind: self.bind,
            source,
            idle_timeout: self.idle_timeout.max(Duration::from_millis(1)),
            workers: if self.workers == 0 {
                cores()
            } else {
                self.workers
            },
            write_connections: match self.write_connections {
                0 => cores().div_ceil(2),
                connections => connections,
            },
            // Recovery holds two at a time, and must not take the last one.
            other_connections: self.other_connections.max(4),
            figures_cache_bytes: self.figures_cache_mib * 1024 * 1024,
            max_in_flight_bytes: self.max_in_flight_mib.clamp(1, 65_536) * 1024 * 1024,
            // A request of the largest batch must find room.
            max_in_flight_events: self.max_in_flight_events.clamp(500, 10_000_000),
            body_timeout: self.body_timeout,
            drain_timeout: self.drain_timeout,
        }
    }
}

pub(super) fn run(args: ServeArgs, source: Source) -> anyhow::Result<ExitCode> {
    let settings = args.settings(source);
    actix_web::rt::System::new().block_on(async {
        let application = Application::start(settings).await?;
        if let Some(cluster) = application.database().cluster() {
            tracing::info!("look inside the database with: {}", cluster.psql_command());
        }
        let mut stdout = std::io::stdout();
        writeln!(stdout, "listening on http://{}", application.address())?;
        stdout.flush()?;
        application.run_until_stopped().await?;
        Ok(ExitCode::SUCCESS)
    })
}
