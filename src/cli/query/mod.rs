//! `query`: figures over many sessions.

mod figures;
mod rows;
mod table;

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::ask::{Asked, Asking, Parameters, ServerArgs, Tables};
use super::output::{self, Format, OutputArgs};
use super::style::Paint;
use super::which::WhichArgs;
use crate::app::Source;
use crate::http::DEFAULT_PROJECT;
use crate::session::clock;
use crate::storage::query::{FIGURES_PARAMS, FiguresQuery, PERIOD_PARAMS, Params};

use figures::Figures;

const EXAMPLES: &str = "\
Examples:
  What did the last 24 hours look like?
    video-telemetry query --metric sessions --metric startup_ms:p95 --metric rebuffer_ratio
  What got worse since last week, and for whom?
    video-telemetry query --metric rebuffer_ratio --group-by browser --last 7d --compare previous \\
        --order -impact:rebuffer_ratio
  Hour by hour:
    video-telemetry query --metric startup_ms:p50 --metric startup_ms:p95 --interval 1h
  Into a file:
    video-telemetry query --metric vsf --group-by os,browser --last 30d --output csv > vsf.csv

Metrics and what may be asked of each: docs/METRICS.md, or /api/v1/metrics of a server.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct QueryArgs {
    /// A metric, or metric:aggregation as `startup_ms:p95`; up to 10
    #[arg(long, required = true, value_name = "METRIC")]
    metric: Vec<String>,
    /// A dimension, or custom.<key>; up to two
    #[arg(long, value_name = "DIMENSION")]
    group_by: Vec<String>,
    /// Also over time: 1m 5m 10m 15m 30m 1h 3h 6h 12h 1d
    #[arg(long, value_name = "LENGTH")]
    interval: Option<String>,
    /// Whose days, for --interval 1d, as Europe/Berlin
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// previous: beside the period of the same length right before
    #[arg(long, value_name = "WITH")]
    compare: Option<String>,
    /// By which metric groups are ordered, - before it for the largest first, impact: before its
    /// name for what the group adds to the bad side of the total
    #[arg(long, value_name = "METRIC", allow_hyphen_values = true)]
    order: Option<String>,
    /// How many groups
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=500))]
    limit: i64,
    #[command(flatten)]
    which: WhichArgs,
    /// Of which project; a server tells of its own
    #[arg(long, default_value = DEFAULT_PROJECT, conflicts_with = "server")]
    project: String,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &QueryArgs, source: Source) -> anyhow::Result<ExitCode> {
    let answer = args.server.with_asked(source, async |asked| match asked {
        Asked::Server(server) => server.json(&["metrics", "query"], &args.parameters()).await,
        Asked::Database(tables) => stored(args, tables).await,
    })?;
    match args.output.format() {
        Format::Json => output::print_json(&answer)?,
        Format::Csv => {
            let figures: Figures = serde_json::from_value(answer)?;
            output::print_csv(
                figures.columns().iter().map(String::as_str),
                &figures.rows(),
            )?;
        }
        Format::Table => {
            let figures: Figures = serde_json::from_value(answer)?;
            table::print(&figures, Paint::of_stdout())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What a server would answer.
async fn stored(args: &QueryArgs, tables: &Tables) -> anyhow::Result<Value> {
    let params = Params::new(args.parameters(), &[FIGURES_PARAMS, PERIOD_PARAMS])?;
    let query = FiguresQuery::parse(&args.project, &params, clock::now())?;
    Ok(serde_json::to_value(tables.reader.answer(query).await??)?)
}

impl QueryArgs {
    fn parameters(&self) -> Parameters {
        let asking = Asking::default()
            .all("metric", &self.metric)
            .all("group_by", &self.group_by)
            .one("interval", self.interval.as_ref())
            .one("timezone", self.timezone.as_ref())
            .one("compare", self.compare.as_ref())
            .one("order", self.order.as_ref())
            .one("limit", Some(self.limit));
        self.which.add(asking).parameters()
    }
}
