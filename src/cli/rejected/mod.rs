//! `rejected list`, `rejected show` and `rejected replay`: what was refused, and trying it again.

mod bounds;
mod list;
mod replay;
mod show;

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};
use diesel_async::AsyncPgConnection;
use serde_json::{Value, json};

pub(super) use bounds::RejectedArgs;

use super::output::Row;
use crate::app::Source;
use crate::storage::event::Reason;
use crate::storage::quarantine::{self, Found, IdPrefix, Kept, Listed};

#[derive(Debug, Subcommand)]
pub(super) enum RejectedCommand {
    /// Rejected events, the newest first
    List(list::ListArgs),
    /// One rejected event, as it was sent
    Show(show::ShowArgs),
    /// Try rejected events again, with the parser of today, and store those that are good by now
    Replay(replay::ReplayArgs),
}

/// Which rejected events.
#[derive(Debug, Clone, Args)]
struct WhoseArgs {
    /// Of one project only
    #[arg(long)]
    project: Option<String>,
}

pub(super) fn run(command: RejectedCommand, source: Source) -> anyhow::Result<ExitCode> {
    match command {
        RejectedCommand::List(args) => list::run(args, source),
        RejectedCommand::Show(args) => show::run(&args, source),
        RejectedCommand::Replay(args) => replay::run(args, source),
    }
}

/// A reason's code, of those there are.
fn reason(text: &str) -> Result<String, String> {
    let codes = Reason::ALL.map(Reason::code);
    if codes.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(format!("the reasons are {}", codes.join(", ")))
}

/// The one rejected event that an id stands for.
async fn one(
    connection: &mut AsyncPgConnection,
    project: Option<&str>,
    id: &IdPrefix,
) -> anyhow::Result<Kept> {
    match quarantine::find(connection, project, id).await? {
        Found::One(kept) => Ok(*kept),
        Found::None => {
            bail!("no rejected event has this id; the oldest ones are not kept for ever")
        }
        Found::Several => {
            bail!(
                "several rejected events have an id that begins so: give more of its digits, or --project"
            )
        }
    }
}

/// A row as programs read it.
fn row(listed: &Listed) -> Row {
    let columns = [
        ("id", json!(listed.id())),
        ("received_at", json!(listed.received_at)),
        ("project", json!(listed.project)),
        ("reason", json!(listed.reason)),
        ("raw_bytes", json!(listed.raw_bytes)),
        ("detail", json!(listed.detail)),
    ];
    let named = columns.map(|(name, value): (&str, Value)| (name.to_owned(), value));
    Row::from_iter(named)
}
