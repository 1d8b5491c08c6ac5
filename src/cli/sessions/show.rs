//! `sessions show`.

use std::io::Write;

use anyhow::bail;
use clap::Args;
use serde_json::Value;

use super::{answer, cell, columns_first, explain};
use crate::app::Source;
use crate::cli::ask::{Asked, ServerArgs, Tables};
use crate::cli::output::{self, Format, OutputArgs, Row};
use crate::http::{DEFAULT_PROJECT, Session};
use crate::storage::queries;

const EXAMPLES: &str = "\
Examples:
  video-telemetry sessions show ff10b204-3d3d
  video-telemetry sessions show ff10b204-3d3d --explain
  video-telemetry sessions show ff10b204-3d3d --output json --server http://127.0.0.1:3000";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct ShowArgs {
    /// The session, as `sessions list` calls it
    pub(super) session_id: String,
    /// Print the timeline of its states instead: each event, and the part its time went to
    #[arg(long, conflicts_with = "server")]
    explain: bool,
    /// Of which project; a server tells of its own
    #[arg(long, default_value = DEFAULT_PROJECT, conflicts_with = "server")]
    pub(super) project: String,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) fn run(args: &ShowArgs, source: Source) -> anyhow::Result<()> {
    if args.explain {
        return explain::run(args, source);
    }
    let row = args.server.with_asked(source, async |asked| {
        let parameters = Vec::new();
        match asked {
            Asked::Server(server) => {
                let path = ["sessions", &args.session_id];
                Ok(serde_json::from_value(
                    server.json(&path, &parameters).await?,
                )?)
            }
            Asked::Database(tables) => stored(args, tables).await,
        }
    })?;
    let row = columns_first(row);
    match args.output.format() {
        Format::Json => output::print_json(&Value::Object(row)),
        Format::Csv => {
            let columns = row.clone();
            output::print_csv(columns.keys().map(String::as_str), &[row])
        }
        Format::Table => {
            let mut table = output::table(&["figure", "value"]);
            for (name, value) in &row {
                table.add_row([output::printable(name), cell(value)]);
            }
            writeln!(std::io::stdout(), "{table}")?;
            Ok(())
        }
    }
}

/// What a server would answer about a session that has no actor.
async fn stored(args: &ShowArgs, tables: &Tables) -> anyhow::Result<Row> {
    let (project, session_id) = (&args.project, &args.session_id);
    let mut connection = tables.pool.get().await?;
    let events = queries::event_count(&mut connection, project, session_id).await?;
    let Some(summary) = queries::summary(&mut connection, project, session_id).await? else {
        bail!(
            "session {} of project {} has no summary: it is unknown, or it has not gone quiet yet",
            output::printable(session_id),
            output::printable(project)
        );
    };
    answer(&Session::finished(summary).among(events))
}
