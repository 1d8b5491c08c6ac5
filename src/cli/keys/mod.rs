//! `keys create`, `keys list` and `keys revoke`. A running server knows of what they did within seconds.

mod create;
mod list;
mod revoke;

use std::process::ExitCode;

use clap::Subcommand;

use crate::app::Source;

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Create a key, and show it this once
    Create(create::CreateArgs),
    /// Every key: what it is for, how it begins, whether it was revoked
    List(list::ListArgs),
    /// Refuse a key from now on
    Revoke(revoke::RevokeArgs),
}

pub(super) fn run(command: KeysCommand, source: Source) -> anyhow::Result<ExitCode> {
    match command {
        KeysCommand::Create(args) => create::run(&args, source)?,
        KeysCommand::List(args) => list::run(&args, source)?,
        KeysCommand::Revoke(args) => revoke::run(&args, source)?,
    }
    Ok(ExitCode::SUCCESS)
}
