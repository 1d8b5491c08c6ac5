//! `rejected replay`.

use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};

use super::{WhoseArgs, reason};
use crate::app::Source;
use crate::cli::database::with_database;
use crate::cli::output::{self, Format, OutputArgs};
use crate::cli::progress;
use crate::http;
use crate::session::{Limits, clock};
use crate::storage::quarantine::{self, Body, Filter, Replayed, Replayer};
use crate::storage::{Metrics, Writer};

#[derive(Debug, Args)]
#[command(after_help = "\
Safe beside a running server, and to be repeated: an event that is stored already is not stored again.
What is still bad stays where it is.")]
pub(in crate::cli) struct ReplayArgs {
    /// Those refused for this reason
    #[arg(
        long,
        value_parser = reason,
        value_name = "REASON",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    reason: Option<String>,
    /// All of them
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    whose: WhoseArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: ReplayArgs, source: Source) -> anyhow::Result<ExitCode> {
    let filter = Filter {
        project: args.whose.project,
        reason: args.reason,
        since: None,
    };
    let replayed = with_database(source, async |url, pool| {
        let count = quarantine::count(&mut *pool.get().await?, &filter).await?;
        let bar = progress::bar("rejected events", count);
        let replayer = Replayer {
            pool,
            writer: &Writer::start(url, 1, &Metrics::new(&mut Registry::default())),
            max_session_events: Limits::default().max_session_events,
            split: &|body| {
                let sent = http::split(body).ok()?;
                Some(Body {
                    events: sent.events,
                    sent_at_ms: sent.sent_at_ms,
                })
            },
            now: &clock::now,
        };
        let seen = |replayed: &Replayed| bar.set_position(replayed.tried);
        let replayed = replayer.run(&filter, seen).await?;
        bar.finish_and_clear();
        Ok(replayed)
    })?;
    print(args.output, &replayed)?;
    if replayed.unknown > 0 {
        bail!(
            "PostgreSQL did not take {} of them; run it again",
            replayed.unknown
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn print(output: OutputArgs, replayed: &Replayed) -> anyhow::Result<()> {
    let columns = [
        ("tried", json!(replayed.tried)),
        ("removed", json!(replayed.removed)),
        ("inserted", json!(replayed.inserted)),
        ("duplicates", json!(replayed.duplicates)),
        ("still_rejected", json!(replayed.still_rejected)),
        ("unknown", json!(replayed.unknown)),
        ("summaries", json!(replayed.summaries)),
    ];
    let row = output::Row::from_iter(columns.map(|(name, value)| (name.to_owned(), value)));
    // A sentence for people is what a script greps for, too.
    match output.asked().unwrap_or(Format::Table) {
        Format::Json => output::print_json(&Value::Object(row)),
        Format::Csv => {
            let names: Vec<&str> = row.keys().map(String::as_str).collect();
            output::print_csv(names, std::slice::from_ref(&row))
        }
        Format::Table => sentence(replayed),
    }
}

fn sentence(replayed: &Replayed) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout();
    writeln!(
        stdout,
        "{} rejected events tried: {} are good and gone from here ({} events stored, {} were stored \
         already), {} session summaries written",
        replayed.tried,
        replayed.removed,
        replayed.inserted,
        replayed.duplicates,
        replayed.summaries
    )?;
    for (reason, rows) in &replayed.still_rejected {
        writeln!(stdout, "{rows} stay: {reason}")?;
    }
    Ok(())
}
