//! `verify`.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use chrono::TimeDelta;
use clap::Args;
use serde_json::{Value, json};

use super::database::with_pool;
use super::output::{self, Format, OutputArgs, Row, plain};
use super::progress;
use crate::app::Source;
use crate::session::clock;
use crate::storage::audit::{self, Difference, Fault, Verified};

/// Differences kept for printing; all of them are counted.
const MAX_PRINTED: usize = 1000;
const COLUMNS: [&str; 5] = ["project", "session_id", "column", "summary", "events"];

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// A session without a current summary is only missing one when it has been quiet this long
    #[arg(
        long,
        env = "TELEMETRY_IDLE_TIMEOUT",
        default_value = "60s",
        value_parser = humantime::parse_duration,
        hide_env_values = true,
        value_name = "DURATION"
    )]
    idle_timeout: Duration,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &VerifyArgs, source: Source) -> anyhow::Result<ExitCode> {
    // A session's actor and recovery get as long again.
    let grace = TimeDelta::from_std(args.idle_timeout * 2)?;
    let mut differences = Vec::new();
    let verified = with_pool(source, async |pool| {
        let bar = progress::bar("sessions", audit::count_sessions(pool).await?);
        let seen = |verified: Verified| bar.set_position(verified.sessions);
        let found = |difference| {
            if differences.len() < MAX_PRINTED {
                differences.push(difference);
            }
        };
        let verified = audit::verify(pool, clock::now() - grace, seen, found).await?;
        bar.finish_and_clear();
        Ok(verified)
    })?;
    // One line for people is what a script greps for, too.
    let format = args.output.asked().unwrap_or(Format::Table);
    print(format, verified, &differences)?;
    let clean = verified.differences == 0;
    Ok(if clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print(format: Format, verified: Verified, differences: &[Difference]) -> anyhow::Result<()> {
    let rows: Vec<Row> = differences.iter().flat_map(rows).collect();
    match format {
        Format::Json => output::print_json(&json!({
            "sessions": verified.sessions,
            "equal": verified.equal,
            "live": verified.live,
            "sealed": verified.sealed,
            "erased": verified.erased,
            "differences": verified.differences,
            "found": rows,
        }))?,
        Format::Csv => {
            output::print_csv(COLUMNS, &rows)?;
            // A program reads stdout, and a total is no row.
            writeln!(std::io::stderr(), "{}", total(verified))?;
        }
        Format::Table => {
            let mut stdout = std::io::stdout();
            if !rows.is_empty() {
                let mut table = output::table(&COLUMNS);
                for row in &rows {
                    table.add_row(row.values().map(|value| output::printable(&plain(value))));
                }
                writeln!(stdout, "{table}")?;
            }
            writeln!(stdout, "{}", total(verified))?;
        }
    }
    Ok(())
}

fn total(verified: Verified) -> String {
    format!(
        "{} differences in {} sessions ({} equal, {} live, {} sealed)",
        verified.differences, verified.sessions, verified.equal, verified.live, verified.sealed
    )
}

fn rows(difference: &Difference) -> Vec<Row> {
    let row = |column: &str, summary: &Value, events: &Value| {
        let values = [
            json!(*difference.key.project),
            json!(*difference.key.session_id),
            json!(column),
            summary.clone(),
            events.clone(),
        ];
        Row::from_iter(COLUMNS.map(str::to_owned).into_iter().zip(values))
    };
    match &difference.fault {
        Fault::Missing => vec![row("(all)", &json!("missing"), &json!("present"))],
        Fault::NoRows => vec![row("(all)", &json!("present"), &json!("missing"))],
        Fault::Outdated(summary, events) => {
            vec![row("event_count", &json!(summary), &json!(events))]
        }
        Fault::Differs(columns) => columns
            .iter()
            .map(|(column, (summary, events))| row(column, summary, events))
            .collect(),
    }
}
