//! Reads postmaster.pid and /proc: is a server running on this very folder, and in which state?

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};

use super::error::{ClusterError, io_error};

/// What runs on a cluster's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing. What a dead server left behind, a new one clears away itself, after making sure
    /// that no process of the old one lives.
    Down,
    /// postmaster.pid names a living process that is none of this cluster.
    Foreign(i32),
    Starting(i32),
    Ready(Postmaster),
    Stopping(i32),
}

/// A running server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Postmaster {
    pub(super) pid: i32,
    pub(super) socket_dir: PathBuf,
}

/// Looks at the folder.
pub(super) fn look(pgdata: &Path) -> Result<State, ClusterError> {
    let file = pgdata.join("postmaster.pid");
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(State::Down),
        Err(error) => return Err(io_error("read", &file)(error)),
    };
    let lines: Vec<&str> = text.lines().collect();
    let Some(pid) = lines.first().and_then(|line| line.trim().parse().ok()) else {
        return Ok(State::Down);
    };
    if !is_postmaster_of(pid, pgdata) {
        let living = Path::new(&format!("/proc/{pid}")).exists();
        return Ok(if living {
            State::Foreign(pid)
        } else {
            State::Down
        });
    }
    Ok(match lines.get(7).map(|status| status.trim()) {
        Some("ready" | "standby") => State::Ready(Postmaster {
            pid,
            socket_dir: PathBuf::from(lines.get(4).copied().unwrap_or_default()),
        }),
        Some("stopping") => State::Stopping(pid),
        _ => State::Starting(pid),
    })
}

/// Whether this process is a PostgreSQL server working in this folder. A server's working directory
/// is its cluster; where we may not see that (root without `CAP_SYS_PTRACE`), its command line tells.
pub(super) fn is_postmaster_of(pid: i32, pgdata: &Path) -> bool {
    let process = PathBuf::from(format!("/proc/{pid}"));
    let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
    if name.trim() != "postgres" {
        return false;
    }
    match fs::read_link(process.join("cwd")) {
        Ok(folder) => folder == pgdata,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let line = fs::read(process.join("cmdline")).unwrap_or_default();
            let wanted = pgdata.as_os_str().as_encoded_bytes();
            line.split(|byte| *byte == 0).any(|word| word == wanted)
        }
        Err(_) => false,
    }
}

/// Sends a signal to the server, if it is one still.
pub(super) fn signal(pid: i32, pgdata: &Path, signal: Signal) {
    if !is_postmaster_of(pid, pgdata) {
        return;
    }
    if let Some(target) = Pid::from_raw(pid)
        && let Err(error) = kill_process(target, signal)
    {
        tracing::warn!(pid, %error, "cannot signal PostgreSQL");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pid_file: &str, expected: &State) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("postmaster.pid"), pid_file).unwrap();
        assert_eq!(&look(folder.path()).unwrap(), expected, "{pid_file:?}");
    }

    #[test]
    fn a_pid_file_of_a_dead_process_or_with_rubbish_means_down() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        check(
            &format!("{pid}\n/x\n1\n5432\n/tmp\n\n1 2\nready\n"),
            &State::Down,
        );
        check("", &State::Down);
        check("rubbish\n", &State::Down);
    }

    #[test]
    fn a_living_process_that_is_no_server_of_this_folder_is_foreign() {
        let own = i32::try_from(std::process::id()).unwrap();
        check(&format!("{own}\n"), &State::Foreign(own));
    }
}
