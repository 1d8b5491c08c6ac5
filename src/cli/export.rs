//! `export`: a file of sessions or events, from a server or straight from the database. The bytes are
//! made in `storage::query` either way, so both files are the same.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use clap::{Args, Subcommand, ValueEnum};
use futures_util::{Stream, TryStreamExt, stream};
use tokio::runtime::Handle;

use super::ask::{Asking, Parameters, ServerArgs};
use super::database::{block_on, with_database};
use super::progress;
use super::server::Server;
use super::which::WhichArgs;
use crate::app::Source;
use crate::http::DEFAULT_PROJECT;
use crate::session::clock;
use crate::storage::query::{
    EVENTS_EXPORT_PARAMS, Export, Exporter, Format, Limits, PERIOD_PARAMS, Params,
    SESSIONS_EXPORT_PARAMS,
};

const EXAMPLES: &str = "\
Examples:
  video-telemetry export sessions --last 7d --out week.parquet
  video-telemetry export sessions --last 24h --filter vpf:eq:true --columns session_id,first_error
  video-telemetry export events --last 1h --type PLAYER_ERROR --format ndjson
  video-telemetry export sessions --last 7d --server http://127.0.0.1:3000 --out week.csv";

/// Whoever is at the command line may take their time, also to read what `less` shows.
const PATIENCE: Duration = Duration::from_secs(86_400);

#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(super) enum ExportCommand {
    /// Finished sessions in the order of their time; a row is a session, as in `session_summaries`
    Sessions(SessionsArgs),
    /// Events by the time of the client's clock; a row is an event, as in `qoe_v1.events`
    Events(EventsArgs),
}

#[derive(Debug, Args)]
pub(super) struct SessionsArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    file: FileArgs,
}

#[derive(Debug, Args)]
pub(super) struct EventsArgs {
    /// From this moment on: 2026-11-23T07:30:00Z or epoch ms
    #[arg(long, value_name = "TIME", conflicts_with = "last")]
    from: Option<String>,
    /// Up to this moment, not included; now if it is not given
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Instead of --from: how long before the end, as 30m, 24h, 7d, 2w
    #[arg(long, value_name = "LENGTH")]
    last: Option<String>,
    /// Only events of these sessions; a comma stands for any of (\, is a comma)
    #[arg(long, value_name = "ID")]
    session_id: Vec<String>,
    /// Only events of these types, as PLAYER_ERROR
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Vec<String>,
    #[command(flatten)]
    file: FileArgs,
}

#[derive(Debug, Args)]
struct FileArgs {
    /// Names of columns behind commas, in the order wanted; all if none is given
    #[arg(long, value_name = "NAMES")]
    columns: Option<String>,
    /// How to write them; by default as the file's name ends, else csv for sessions, ndjson for events
    #[arg(long, value_enum)]
    format: Option<FormatArg>,
    /// The file to write; it appears when it is whole
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Of which project; a server tells of its own
    #[arg(long, default_value = DEFAULT_PROJECT, conflicts_with = "server")]
    project: String,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArg {
    /// Comma-separated values with a header; text cannot become a formula
    Csv,
    /// A JSON object a line
    Ndjson,
    /// Apache Parquet
    Parquet,
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Csv => Self::Csv,
            FormatArg::Ndjson => Self::Ndjson,
            FormatArg::Parquet => Self::Parquet,
        }
    }
}

impl FileArgs {
    fn format(&self, default: Format) -> Format {
        let ending = self.out.as_deref().and_then(Path::extension);
        let named = ending.and_then(OsStr::to_str).and_then(Format::named);
        self.format.map(Format::from).or(named).unwrap_or(default)
    }
}

/// What is exported, in the words of the API.
struct Wanted {
    what: &'static str,
    parameters: Parameters,
    format: Format,
}

pub(super) fn run(command: ExportCommand, source: Source) -> anyhow::Result<ExitCode> {
    let (wanted, file) = match command {
        ExportCommand::Sessions(SessionsArgs { which, file }) => {
            let asking = which
                .add(Asking::default())
                .one("columns", file.columns.as_ref());
            (
                Wanted::new("sessions", asking, file.format(Format::Csv)),
                file,
            )
        }
        ExportCommand::Events(args) => {
            let asking = Asking::default()
                .one("from", args.from)
                .one("to", args.to)
                .one("last", args.last)
                .all("session_id", &args.session_id)
                .all("type", &args.event_type)
                .one("columns", args.file.columns.as_ref());
            let format = args.file.format(Format::Ndjson);
            (Wanted::new("events", asking, format), args.file)
        }
    };
    if wanted.format == Format::Parquet && file.out.is_none() && io::stdout().is_terminal() {
        bail!("Parquet is nothing for a terminal: name a file with --out");
    }
    match file.server.server()? {
        Some(server) => block_on(from_server(&server, &wanted, file.out.as_deref()))?,
        None => with_database(source, async |url, _pool| {
            from_database(url, &wanted, &file.project, file.out.as_deref()).await
        })?,
    }
    Ok(ExitCode::SUCCESS)
}

impl Wanted {
    fn new(what: &'static str, asking: Asking, format: Format) -> Self {
        Self {
            what,
            parameters: asking.parameters(),
            format,
        }
    }
}

async fn from_server(server: &Server, wanted: &Wanted, out: Option<&Path>) -> anyhow::Result<()> {
    let file = format!("{}.{}", wanted.what, wanted.format);
    let response = server.get(&["export", &file], &wanted.parameters).await?;
    let chunks = stream::try_unfold(response, async |mut response| {
        let chunk = response.chunk().await.map_err(reqwest::Error::without_url);
        let chunk = chunk.with_context(|| format!("the file from {} broke off", server.url()))?;
        anyhow::Ok(chunk.map(|chunk| (chunk, response)))
    });
    save(chunks, out).await
}

async fn from_database(
    url: &str,
    wanted: &Wanted,
    project: &str,
    out: Option<&Path>,
) -> anyhow::Result<()> {
    let (pairs, now) = (wanted.parameters.clone(), clock::now());
    let export = match wanted.what {
        "events" => Export::events(project, &Params::new(pairs, &[EVENTS_EXPORT_PARAMS])?, now)?,
        _ => {
            let known = [PERIOD_PARAMS, SESSIONS_EXPORT_PARAMS];
            Export::sessions(project, &Params::new(pairs, &known)?, now)?
        }
    };
    let limits = Limits {
        stalled: PATIENCE,
        whole: PATIENCE,
    };
    let exporter = Exporter::new(url, Handle::current(), limits);
    let download = exporter.start(export, wanted.format).await?;
    save(download.map_err(anyhow::Error::from), out).await
}

/// Writes the bytes to a file, which gets its name when it is whole, or to standard output.
async fn save(
    chunks: impl Stream<Item = anyhow::Result<Bytes>>,
    out: Option<&Path>,
) -> anyhow::Result<()> {
    let Some(out) = out else {
        return copy(chunks, io::stdout(), !io::stdout().is_terminal()).await;
    };
    let cannot = || format!("cannot write {}", out.display());
    // A pipe or a device has no other name.
    if fs::metadata(out).is_ok_and(|it| !it.is_file()) {
        let file = File::options().write(true).open(out).with_context(cannot)?;
        return copy(chunks, file, true).await;
    }
    let mut part = out.as_os_str().to_owned();
    part.push(".part");
    let part = Path::new(&part);
    let file = File::create(part).with_context(cannot)?;
    let saved = match copy(chunks, file, true).await {
        Ok(()) => fs::rename(part, out).with_context(cannot),
        Err(error) => Err(error),
    };
    if saved.is_err() {
        fs::remove_file(part).ok();
    }
    saved
}

async fn copy(
    chunks: impl Stream<Item = anyhow::Result<Bytes>>,
    mut into: impl Write,
    shows_progress: bool,
) -> anyhow::Result<()> {
    let bar = progress::bytes(shows_progress);
    let copying = async {
        let mut chunks = std::pin::pin!(chunks);
        while let Some(chunk) = chunks.try_next().await? {
            into.write_all(&chunk)?;
            bar.inc(u64::try_from(chunk.len())?);
        }
        Ok(into.flush()?)
    };
    let copied = tokio::select! {
        copied = copying => copied,
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
    };
    bar.finish_and_clear();
    copied
}
