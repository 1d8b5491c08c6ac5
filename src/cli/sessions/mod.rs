//! `sessions list` and `sessions show`.

mod explain;
mod list;
mod show;

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Map, Value};

use super::output::{self, Row, plain};
use crate::app::Source;
use crate::http::Session;

#[derive(Debug, Subcommand)]
pub(super) enum SessionsCommand {
    /// Sessions by filters, in any order
    List(list::ListArgs),
    /// One session, every figure
    Show(show::ShowArgs),
}

pub(super) fn run(command: SessionsCommand, source: Source) -> anyhow::Result<ExitCode> {
    match command {
        SessionsCommand::List(args) => list::run(&args, source)?,
        SessionsCommand::Show(args) => show::run(&args, source)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The answer about a session as a server would give it.
fn answer(session: &Session) -> anyhow::Result<Row> {
    match serde_json::to_value(session)? {
        Value::Object(row) => Ok(row),
        _ => Ok(Map::new()),
    }
}

/// The columns first, then what is said about them.
fn columns_first(mut row: Row) -> Row {
    for said in ["status", "partial"] {
        if let Some(value) = row.shift_remove(said) {
            row.insert(said.to_owned(), value);
        }
    }
    row
}

/// Fractions are cut to what a person reads.
fn cell(value: &Value) -> String {
    match value.as_f64() {
        Some(number) if value.is_f64() => format!("{number:.3}"),
        _ => output::printable(&plain(value)),
    }
}
