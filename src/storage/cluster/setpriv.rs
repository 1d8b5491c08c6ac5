//! The parent-death signal, set by util-linux' `setpriv`, so that no unsafe code is needed here.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::account::Account;

/// Whether children can be told to end with this process.
pub(super) fn is_there() -> bool {
    program().is_some()
}

/// Like [`Account::command`]; the program also gets `signal` when the calling *thread* ends. Where
/// `setpriv` is missing it is run without.
pub(super) fn command_with_death_signal(
    account: &Account,
    program_to_run: &Path,
    signal: &str,
) -> Command {
    let Some(setpriv) = program() else {
        return account.command(program_to_run);
    };
    // The user is changed before setpriv runs: the kernel clears the signal at such a change.
    let mut command = account.command(&setpriv);
    command.args(["--pdeathsig", signal, "--"]);
    command.arg(program_to_run);
    command
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join("setpriv"))
        .find(|file| file.is_absolute() && file.is_file())
}
