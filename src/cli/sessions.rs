//! `sessions list` and `sessions show`.

mod explain;

use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::database::with_pool;
use super::output::{self, Format, OutputArgs, Row, plain};
use crate::app::Source;
use crate::http::DEFAULT_PROJECT;
use crate::qoe::SessionFold;
use crate::storage::{SessionKey, SummaryRow, queries};

/// Columns of the table on a terminal; JSON and CSV have all.
const LISTED: [&str; 8] = [
    "session_id",
    "video_id",
    "playing_ms",
    "startup_ms",
    "rebuffer_ms",
    "rebuffer_count",
    "end_reason",
    "experience_score",
];

#[derive(Debug, Subcommand)]
pub(super) enum SessionsCommand {
    /// The newest finished sessions
    List(ListArgs),
    /// One session, every figure
    Show(ShowArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// How many at most
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    limit: i64,
    /// Of which project
    #[arg(long, default_value = DEFAULT_PROJECT)]
    project: String,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The session, as `sessions list` calls it
    session_id: String,
    /// Print the timeline of its states instead: each event, and the part its time went to
    #[arg(long)]
    explain: bool,
    /// Of which project
    #[arg(long, default_value = DEFAULT_PROJECT)]
    project: String,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: SessionsCommand, source: Source) -> anyhow::Result<ExitCode> {
    match command {
        SessionsCommand::List(args) => list(&args, source)?,
        SessionsCommand::Show(args) if args.explain => explain::run(&args, source)?,
        SessionsCommand::Show(args) => show(&args, source)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(args: &ListArgs, source: Source) -> anyhow::Result<()> {
    let summaries = with_pool(source, async |pool| {
        let mut connection = pool.get().await?;
        Ok(queries::newest_summaries(&mut connection, &args.project, args.limit).await?)
    })?;
    let rows: Vec<Row> = summaries.iter().map(SummaryRow::columns).collect();
    match args.output.format() {
        Format::Json => output::print_json(&Value::from(
            rows.into_iter().map(Value::Object).collect::<Vec<_>>(),
        )),
        Format::Csv => {
            let columns = no_summary().columns();
            output::print_csv(columns.keys().map(String::as_str), &rows)
        }
        Format::Table => {
            let mut table = output::table(&LISTED);
            for row in &rows {
                table.add_row(LISTED.map(|column| row.get(column).map(cell).unwrap_or_default()));
            }
            writeln!(std::io::stdout(), "{table}")?;
            Ok(())
        }
    }
}

/// It has every column, also when no session does.
fn no_summary() -> SummaryRow {
    let key = SessionKey::new(&DEFAULT_PROJECT.into(), "");
    SummaryRow::new(&key, SessionFold::new().summary(), 0)
}

fn show(args: &ShowArgs, source: Source) -> anyhow::Result<()> {
    let found = with_pool(source, async |pool| {
        let mut connection = pool.get().await?;
        Ok(queries::summary(&mut connection, &args.project, &args.session_id).await?)
    })?;
    let Some(summary) = found else {
        bail!(
            "session {} of project {} has no summary: it is unknown, or it has not gone quiet yet",
            output::printable(&args.session_id),
            output::printable(&args.project)
        );
    };
    let columns = summary.columns();
    match args.output.format() {
        Format::Json => output::print_json(&Value::Object(columns)),
        Format::Csv => {
            let row = columns.clone();
            output::print_csv(columns.keys().map(String::as_str), &[row])
        }
        Format::Table => {
            let mut table = output::table(&["figure", "value"]);
            for (name, value) in &columns {
                table.add_row([name.clone(), cell(value)]);
            }
            writeln!(std::io::stdout(), "{table}")?;
            Ok(())
        }
    }
}

/// Fractions are cut to what a person reads.
fn cell(value: &Value) -> String {
    match value.as_f64() {
        Some(number) if value.is_f64() => format!("{number:.3}"),
        _ => output::printable(&plain(value)),
    }
}
