//! `sessions list`.

use std::io::Write;

use anyhow::bail;
use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::Value;

use super::{answer, cell, columns_first};
use crate::app::Source;
use crate::cli::ask::{Asked, Asking, Parameters, ServerArgs, Tables};
use crate::cli::output::{self, Format, OutputArgs, Row};
use crate::cli::which::WhichArgs;
use crate::http::{DEFAULT_PROJECT, Session};
use crate::qoe::SessionFold;
use crate::session::clock;
use crate::storage::query::{
    Cursor, MAX_LIMIT, PERIOD_PARAMS, Params, SESSIONS_PARAMS, SessionsQuery,
};
use crate::storage::{SessionKey, SummaryRow};

/// Columns of the table on a terminal; JSON and CSV have all.
const LISTED: [&str; 9] = [
    "session_id",
    "started_at",
    "video_id",
    "playing_ms",
    "startup_ms",
    "rebuffer_ms",
    "rebuffer_count",
    "end_reason",
    "experience_score",
];

const EXAMPLES: &str = "\
Examples:
  video-telemetry sessions list
  video-telemetry sessions list --last 24h --filter vpf:eq:true
  video-telemetry sessions list --filter browser:eq:Safari --sort -startup_ms --limit 10
  video-telemetry sessions list --last 7d --limit 100000 --output csv > sessions.csv
  video-telemetry sessions list --status live --server http://127.0.0.1:3000";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct ListArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// A field, - before it for the largest first; what is not known comes last
    #[arg(
        long,
        value_name = "FIELD",
        default_value = "-started_at",
        allow_hyphen_values = true
    )]
    sort: String,
    /// Those that went quiet, or those that are going on
    #[arg(long, value_enum, default_value_t = Status::Finished)]
    status: Status,
    /// How many at most
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    limit: i64,
    /// Of which project; a server tells of its own
    #[arg(long, default_value = DEFAULT_PROJECT, conflicts_with = "server")]
    project: String,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Status {
    Finished,
    /// Only a server knows them
    Live,
}

/// A page, from wherever it comes.
#[derive(Deserialize)]
struct Page {
    data: Vec<Row>,
    next_cursor: Option<String>,
}

pub(super) fn run(args: &ListArgs, source: Source) -> anyhow::Result<()> {
    let rows = args
        .server
        .with_asked(source, async |asked| rows(args, asked).await)?;
    match args.output.format() {
        Format::Json => {
            let rows = rows.into_iter().map(Value::Object);
            output::print_json(&Value::from(rows.collect::<Vec<_>>()))
        }
        Format::Csv => {
            let nothing = columns_first(answer(&no_session())?);
            let columns = rows.first().unwrap_or(&nothing).clone();
            output::print_csv(columns.keys().map(String::as_str), &rows)
        }
        Format::Table => {
            let sorted_by = args.sort.trim_start_matches('-');
            let also = (!LISTED.contains(&sorted_by)).then_some(sorted_by);
            let columns: Vec<&str> = LISTED.into_iter().chain(also).collect();
            let mut table = output::table(&columns);
            for row in &rows {
                let cells = columns.iter().map(|column| row.get(*column).map(cell));
                table.add_row(cells.map(Option::unwrap_or_default));
            }
            writeln!(std::io::stdout(), "{table}")?;
            Ok(())
        }
    }
}

/// Page after page, until there are enough.
async fn rows(args: &ListArgs, asked: &Asked) -> anyhow::Result<Vec<Row>> {
    let mut rows: Vec<Row> = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let have = i64::try_from(rows.len())?;
        let parameters = args.parameters((args.limit - have).min(MAX_LIMIT), cursor.take());
        let page = match asked {
            Asked::Server(server) => server.json(&["sessions"], &parameters).await?,
            Asked::Database(tables) => stored(args, tables, parameters).await?,
        };
        let page: Page = serde_json::from_value(page)?;
        let came = page.data.len();
        rows.extend(page.data.into_iter().map(columns_first));
        cursor = page.next_cursor;
        // A server that sends an empty page with a cursor would be asked for ever.
        if cursor.is_none() || came == 0 || i64::try_from(rows.len())? >= args.limit {
            return Ok(rows);
        }
    }
}

/// The page that a server would answer with.
async fn stored(args: &ListArgs, tables: &Tables, given: Parameters) -> anyhow::Result<Value> {
    if args.status == Status::Live {
        bail!("status: only a server knows who is watching; name it with --server");
    }
    let params = Params::new(given, &[PERIOD_PARAMS, SESSIONS_PARAMS, &["status"]])?;
    let query = SessionsQuery::parse(&args.project, &params, clock::now())?;
    let page = tables.reader.answer(query).await?;
    let cursor = page.next.as_ref().map(Cursor::encode);
    let data = page.rows.into_iter().map(Session::finished).collect();
    Ok(serde_json::to_value(crate::http::List::new(data, cursor))?)
}

impl ListArgs {
    fn parameters(&self, limit: i64, cursor: Option<String>) -> Parameters {
        // Unlike the API, whoever asks for no time gets all of it: the newest come first.
        let always = (!self.which.has_period()).then_some("0");
        let status = match self.status {
            Status::Finished => "finished",
            Status::Live => "live",
        };
        self.which
            .add(Asking::default().one("from", always))
            .one("status", Some(status))
            .one("sort", Some(&self.sort))
            .one("limit", Some(limit))
            .one("cursor", cursor)
            .parameters()
    }
}

/// It has every column, also when no session does.
fn no_session() -> Session {
    let key = SessionKey::new(&DEFAULT_PROJECT.into(), "");
    Session::finished(SummaryRow::new(&key, SessionFold::new().summary(), 0))
}
