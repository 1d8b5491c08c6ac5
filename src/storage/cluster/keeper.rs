//! A small process that acts when the last user of a cluster has gone, however it ended: it waits
//! for `users.lock` with `flock(1)`. It stands in where the death signal cannot serve: for a server
//! that several short commands share, or one that was adopted, and for removing throwaway clusters.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::binaries::PgBinaries;
use super::home::Home;
use super::lock::users_file;

/// Stops the server once nobody uses the cluster. Runs as the server's user.
pub(super) fn stop_when_unused(home: &Home, binaries: &PgBinaries) -> io::Result<Child> {
    let mut command = home.account.command(Path::new("flock"));
    command
        .arg("--exclusive")
        .arg(users_file(home))
        .arg(binaries.program("pg_ctl"))
        .arg("stop")
        .args(["--mode", "fast", "--silent", "--pgdata"])
        .arg(home.pgdata());
    spawn(command)
}

/// Removes the folder once nobody uses the cluster and its server has ended. Runs as ourselves.
pub(super) fn remove_when_unused(home: &Home) -> io::Result<Child> {
    const SCRIPT: &str = r#"
        for _ in $(seq 300); do test -e "$1/postgresql/postmaster.pid" || break; sleep 0.1; done
        rm -rf -- "$1""#;
    let mut command = Command::new("flock");
    command
        .arg("--exclusive")
        .arg(users_file(home))
        .args(["sh", "-c", SCRIPT, "sh"])
        .arg(&home.folder)
        .current_dir("/");
    spawn(command)
}

fn spawn(mut command: Command) -> io::Result<Child> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}
