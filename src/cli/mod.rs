//! The command line: one file per subcommand.

mod ask;
mod completions;
mod database;
mod doctor;
mod erase;
mod export;
mod keys;
mod limits;
mod live;
mod logging;
mod migrate;
mod openapi;
mod output;
mod privacy;
mod progress;
mod query;
mod refold;
mod rejected;
mod retention;
mod serve;
mod server;
mod sessions;
mod shield;
pub mod simulate;
mod spark;
mod style;
mod verify;
mod which;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use database::DatabaseArgs;
use logging::LogArgs;

use crate::app::Source;
use crate::session::clock;

/// How a shell reports a program that a closed pipe has ended: 128 + SIGPIPE.
const SIGPIPE_EXIT: u8 = 141;

/// The heading of options that every command has.
const EVERYWHERE: &str = "Options of every command";

/// Quality-of-experience telemetry for video: receives players' events, keeps every one of them as a
/// row, and tells for each playback session how good it was.
#[derive(Debug, Parser)]
#[command(
    name = "video-telemetry",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(after_help = "\
Start here:
  video-telemetry serve                          a running service with a PostgreSQL of its own
  video-telemetry simulate --sessions 20 --speed max   players that send it realistic sessions
  video-telemetry sessions list                  what their sessions were like
  video-telemetry query --metric startup_ms:p95 --group-by browser   how it was for whom
  video-telemetry live                           how it is right now
  video-telemetry doctor                         what is missing, and how to mend it")]
pub struct Cli {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    log: LogArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive events and write summaries, until SIGTERM or Ctrl-C
    Serve(serve::ServeArgs),
    /// Bring the database's tables up to date
    Migrate,
    /// Write session summaries anew from their events
    Refold(refold::RefoldArgs),
    /// Compare every summary with the fold of its events; exits with 1 if any differs
    Verify(verify::VerifyArgs),
    /// Drop what is older than it is kept, once it is safe to
    Retention(retention::RetentionArgs),
    /// Erase a session, or all sessions of a viewer, for good
    Erase(Box<erase::EraseArgs>),
    /// Look at session summaries
    #[command(subcommand)]
    Sessions(sessions::SessionsCommand),
    /// Write sessions or events to a file: CSV, NDJSON or Parquet
    #[command(subcommand)]
    Export(Box<export::ExportCommand>),
    /// Look at rejected events, and try them again
    #[command(subcommand)]
    Rejected(Box<rejected::RejectedCommand>),
    /// Figures over many sessions: by dimension, over time, against before
    Query(Box<query::QueryArgs>),
    /// How it is right now, each second
    Live(live::LiveArgs),
    /// Keys: who may write, who may read, and in which project
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Play a population of simulated players against a server
    Simulate(Box<simulate::SimulateArgs>),
    /// Tell what the service finds on this machine, what is missing, and how to mend it
    Doctor,
    /// Print the OpenAPI document of the HTTP interface
    Openapi,
    /// Print the completions for a shell
    Completions(completions::CompletionsArgs),
}

impl Cli {
    /// Reads the command line and runs it.
    pub fn run() -> ExitCode {
        let cli = Self::parse();
        match cli.dispatch() {
            Ok(code) => code,
            Err(error) if is_broken_pipe(&error) => ExitCode::from(SIGPIPE_EXIT),
            Err(error) => {
                eprintln!("error: {}", explain(&error));
                ExitCode::FAILURE
            }
        }
    }

    fn dispatch(self) -> anyhow::Result<ExitCode> {
        let serves = matches!(self.command, Command::Serve(_));
        self.log.init(if serves {
            "info,actix_server=warn"
        } else {
            "warn"
        })?;
        let source = self.database.source();
        match self.command {
            Command::Serve(args) => serve::run(args, source),
            Command::Migrate => migrate::run(source),
            Command::Refold(args) => refold::run(args, source),
            Command::Erase(args) => erase::run(&args, source),
            Command::Verify(args) => verify::run(&args, source),
            Command::Retention(args) => retention::run(&args, source),
            Command::Sessions(command) => sessions::run(command, source),
            Command::Export(command) => export::run(*command, source),
            Command::Rejected(command) => rejected::run(*command, source),
            Command::Query(args) => query::run(&args, source),
            Command::Live(args) => live::run(&args),
            Command::Keys(command) => keys::run(command, source),
            Command::Simulate(args) => simulate(&args, source),
            Command::Doctor => doctor::run(&source),
            Command::Openapi => openapi::run(),
            Command::Completions(args) => completions::run(&args),
        }
    }
}

/// Whoever reads our output has seen enough, as in `sessions list | head`.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is_broken_pipe = |io: &io::Error| io.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| {
        // csv keeps the error of the pipe in its kind.
        let csv = match cause.downcast_ref().map(csv::Error::kind) {
            Some(csv::ErrorKind::Io(io)) => Some(io),
            _ => None,
        };
        csv.or(cause.downcast_ref()).is_some_and(is_broken_pipe)
    })
}

/// Fails when events were lost.
fn simulate(args: &simulate::SimulateArgs, source: Source) -> anyhow::Result<ExitCode> {
    let mut stdout = std::io::stdout();
    if args.bulk.sessions.is_some() {
        simulate::bulk::run(args, source, clock::now_ms(), &mut stdout)?;
        return Ok(ExitCode::SUCCESS);
    }
    let report = database::block_on(simulate::run(args, clock::now_ms(), &mut stdout))?;
    Ok(if report.complete() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// An error with its causes, each said once: many of them repeat the next one.
fn explain(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |told, cause| {
        let cause = cause.to_string();
        match told.as_str() {
            "" => cause,
            told if told.contains(&cause) => told.to_owned(),
            told => format!("{told}: {cause}"),
        }
    })
}
