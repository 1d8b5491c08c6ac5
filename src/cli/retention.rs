//! `retention`, and what `serve` keeps for how long.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{anyhow, bail};
use chrono::TimeDelta;
use clap::Args;
use serde_json::{Value, json};

use super::database::with_pool;
use super::output::{self, Format, OutputArgs, Row, plain, printable};
use crate::app::{Retention, Schedule, Source};
use crate::session::clock;
use crate::storage::retention::{self, Day, Policy, QUIET, Report, Tally};

const COLUMNS: [&str; 7] = [
    "partition",
    "events",
    "sessions",
    "refolded",
    "sealed",
    "waiting",
    "end",
];

/// What a server keeps.
#[derive(Debug, Args)]
pub(super) struct RetainArgs {
    /// Drop days of events that are older than this, every day; by default events are kept for ever
    #[arg(
        long = "retain-events",
        env = "TELEMETRY_RETAIN_EVENTS",
        value_parser = humantime::parse_duration,
        hide_env_values = true,
        value_name = "DURATION"
    )]
    events: Option<Duration>,
    /// Delete summaries of sessions that ended longer ago than this; by default they are kept for ever
    #[arg(
        long = "retain-summaries",
        env = "TELEMETRY_RETAIN_SUMMARIES",
        value_parser = humantime::parse_duration,
        hide_env_values = true,
        value_name = "DURATION"
    )]
    summaries: Option<Duration>,
}

impl RetainArgs {
    pub(super) fn retention(&self, idle_timeout: Duration) -> anyhow::Result<Retention> {
        Ok(Retention {
            policy: policy(self.events, self.summaries, idle_timeout)?,
            schedule: Schedule::default(),
        })
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Safe beside running servers, which do the same daily with --retain-events and --retain-summaries.
A day is dropped when every session in it could be sealed: quiet for an hour, with a summary of exactly
its events. What is stale is folded first; what cannot be sealed makes its day wait until the next run.
Later events of sealed sessions are rejected: expired.")]
pub(super) struct RetentionArgs {
    /// Drop days of events that are older than this, as 30d
    #[arg(
        long,
        env = "TELEMETRY_RETAIN_EVENTS",
        value_parser = humantime::parse_duration,
        hide_env_values = true,
        value_name = "DURATION"
    )]
    events: Option<Duration>,
    /// Delete summaries of sessions that ended longer ago than this, as 400d
    #[arg(
        long,
        env = "TELEMETRY_RETAIN_SUMMARIES",
        value_parser = humantime::parse_duration,
        hide_env_values = true,
        value_name = "DURATION"
    )]
    summaries: Option<Duration>,
    /// Only tell what would be done
    #[arg(long)]
    dry_run: bool,
    /// `serve`'s: a session is live for twice as long, and for an hour at least
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

fn policy(
    events: Option<Duration>,
    summaries: Option<Duration>,
    idle_timeout: Duration,
) -> anyhow::Result<Policy> {
    // Longer than chrono can tell is for ever.
    let delta = |kept: Duration| {
        TimeDelta::from_std(kept)
            .ok()
            .filter(|it| it.num_days() < 36_500)
    };
    let policy = Policy {
        events: events.and_then(delta),
        summaries: summaries.and_then(delta),
        quiet_for: TimeDelta::from_std(idle_timeout.saturating_mul(2))?.max(QUIET),
        dry_run: false,
    };
    policy.check().map_err(|wrong| anyhow!(wrong))?;
    Ok(policy)
}

pub(super) fn run(args: &RetentionArgs, source: Source) -> anyhow::Result<ExitCode> {
    let policy = Policy {
        dry_run: args.dry_run,
        ..policy(args.events, args.summaries, args.idle_timeout)?
    };
    if policy.keeps_everything() {
        bail!("tell how long something is kept: --events 30d, and --summaries 400d if wanted");
    }
    let report = with_pool(source, async |pool| {
        Ok(retention::run_now(pool, policy, clock::now()).await?)
    })?;
    let Some(report) = report else {
        bail!("a server or another command is at it: try again later");
    };
    print(args.output.asked().unwrap_or(Format::Table), &report)?;
    Ok(ExitCode::SUCCESS)
}

fn print(format: Format, report: &Report) -> anyhow::Result<()> {
    let rows: Vec<Row> = report.days.iter().map(row).collect();
    let mut stdout = std::io::stdout();
    match format {
        Format::Json => output::print_json(&serde_json::to_value(report)?)?,
        Format::Csv => {
            output::print_csv(COLUMNS, &rows)?;
            writeln!(std::io::stderr(), "{}", total(report))?;
        }
        Format::Table => {
            if !rows.is_empty() {
                let mut table = output::table(&COLUMNS);
                for row in &rows {
                    table.add_row(row.values().map(plain));
                }
                writeln!(stdout, "{table}")?;
            }
            for day in &report.days {
                tell_waiting(&day.partition, &day.tally)?;
            }
            tell_waiting("rows outside all days", &report.strays.tally)?;
            writeln!(stdout, "{}", total(report))?;
        }
    }
    Ok(())
}

fn row(day: &Day) -> Row {
    let end = serde_json::to_value(day.end).unwrap_or(Value::Null);
    let values = [
        json!(day.partition),
        json!(day.events),
        json!(day.tally.sessions),
        json!(day.tally.refolded),
        json!(day.tally.sealed),
        json!(day.tally.waiting),
        end,
    ];
    COLUMNS.map(str::to_owned).into_iter().zip(values).collect()
}

fn tell_waiting(place: &str, tally: &Tally) -> anyhow::Result<()> {
    for waiting in &tally.waiting_for {
        let session = printable(&waiting.session_id);
        let why = waiting.why.told();
        writeln!(std::io::stdout(), "{place}: session {session} {why}")?;
    }
    Ok(())
}

fn total(report: &Report) -> String {
    let done = if report.dry_run { "would be " } else { "" };
    let days = if report.dry_run {
        let ready = |day: &&Day| day.tally.waiting == 0;
        report.days.iter().filter(ready).count().to_string()
    } else {
        report.days_dropped().to_string()
    };
    format!(
        "{days} of {} old days {done}dropped, {} rows outside all days {done}deleted, {} summaries {done}deleted",
        report.days.len(),
        report.strays.events,
        report.summaries_deleted
    )
}
