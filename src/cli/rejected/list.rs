//! `rejected list`.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use chrono::TimeDelta;
use clap::Args;
use comfy_table::CellAlignment;
use serde_json::Value;

use super::{WhoseArgs, one, reason, row};
use crate::app::Source;
use crate::cli::database::with_pool;
use crate::cli::output::{self, Format, OutputArgs, Row, plain};
use crate::session::clock;
use crate::storage::quarantine::{self, Filter, IdPrefix};

const COLUMNS: [&str; 6] = [
    "id",
    "received_at",
    "project",
    "reason",
    "raw_bytes",
    "detail",
];
/// Digits of an id in the table: enough to tell a billion apart.
const ID_DIGITS: usize = 16;
/// A table's place for it; --output json and `rejected show` tell all of it.
const DETAIL_CHARS: usize = 80;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  video-telemetry rejected list --reason event_too_large --since 24h
  video-telemetry rejected list --after 3f0c62a91b7d44e8   the next page: behind the last id of this one
  video-telemetry rejected show 3f0c62a9")]
pub(in crate::cli) struct ListArgs {
    #[command(flatten)]
    whose: WhoseArgs,
    /// Refused for this reason only
    #[arg(long, value_parser = reason, value_name = "REASON")]
    reason: Option<String>,
    /// Received in this time until now, as 24h or 7d
    #[arg(long, value_parser = humantime::parse_duration, value_name = "DURATION")]
    since: Option<Duration>,
    /// How many at most
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    limit: i64,
    /// Those that come behind this one, as the last one of a page
    #[arg(long, value_name = "ID")]
    after: Option<IdPrefix>,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: ListArgs, source: Source) -> anyhow::Result<ExitCode> {
    let since = args.since.map(TimeDelta::from_std).transpose()?;
    let filter = Filter {
        project: args.whose.project,
        reason: args.reason,
        since: since.and_then(|since| clock::now().checked_sub_signed(since)),
    };
    let listed = with_pool(source, async |pool| {
        let connection = &mut *pool.get().await?;
        let behind = match &args.after {
            Some(id) => Some(one(connection, filter.project.as_deref(), id).await?),
            None => None,
        };
        let behind = behind.as_ref().map(|kept| &kept.listed);
        Ok(quarantine::list(connection, &filter, behind, args.limit).await?)
    })?;
    print(args.output.format(), listed.iter().map(row).collect())?;
    Ok(ExitCode::SUCCESS)
}

fn print(format: Format, rows: Vec<Row>) -> anyhow::Result<()> {
    match format {
        Format::Json => {
            let rows: Vec<Value> = rows.into_iter().map(Value::Object).collect();
            output::print_json(&Value::from(rows))
        }
        Format::Csv => output::print_csv(COLUMNS, &rows),
        Format::Table => {
            let mut table = output::table(&COLUMNS);
            for row in &rows {
                table.add_row(COLUMNS.map(|column| cell(column, row)));
            }
            if let Some(bytes) = table.column_mut(4) {
                bytes.set_cell_alignment(CellAlignment::Right);
            }
            writeln!(std::io::stdout(), "{table}")?;
            Ok(())
        }
    }
}

fn cell(column: &str, row: &Row) -> String {
    let text = row.get(column).map(plain).unwrap_or_default();
    let chars = match column {
        "id" => ID_DIGITS,
        // To the second.
        "received_at" => 19,
        "detail" => DETAIL_CHARS,
        _ => usize::MAX,
    };
    output::printable(&text.chars().take(chars).collect::<String>())
}
