//! The real binary as a child process: servers, simulated players, and the command line.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_video-telemetry");

/// Runs a command to its end.
pub fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

/// Starts a command; its output is kept.
pub fn spawn(arguments: &[&str]) -> Child {
    command(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Ctrl-C.
pub fn interrupt(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

/// What a command prints, if it succeeds.
pub fn stdout_of(arguments: &[&str]) -> String {
    let output = run(arguments);
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{arguments:?}: {}\n{stdout}\n{stderr}",
        output.status
    );
    stdout
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command
        .args(arguments)
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null());
    command
}

/// A port that was free a moment ago, for servers that come back at the same place.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// `serve`, ready. Dropping it kills it.
pub struct ServeProcess {
    child: Child,
    pub url: String,
}

impl ServeProcess {
    /// Starts `serve` with `arguments` and waits until it listens.
    pub fn start(port: u16, arguments: &[&str]) -> Self {
        let bind = format!("127.0.0.1:{port}");
        let mut child = command(&["serve", "--bind", &bind])
            .args(arguments)
            .env("TELEMETRY_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap_or_else(|| {
                panic!("serve did not start: {line:?}, {:?}", child.wait());
            });
        Self {
            url: url.to_owned(),
            child,
        }
    }

    /// SIGTERM, and the exit code when it has stopped.
    pub fn terminate(mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for ServeProcess {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The URL of a private cluster, by the socket folder that PostgreSQL itself notes.
pub fn private_url(data_dir: &Path) -> String {
    let pid_file = fs::read_to_string(data_dir.join("postgresql/postmaster.pid")).unwrap();
    let socket = pid_file.lines().nth(4).unwrap().replace('/', "%2F");
    format!("postgresql://telemetry@{socket}/telemetry")
}

/// SIGQUIT to the postmaster of a private cluster: what `pg_ctl stop -m immediate` does.
pub fn stop_postgresql_at_once(data_dir: &Path) {
    let pid_file = data_dir.join("postgresql/postmaster.pid");
    let pid = fs::read_to_string(&pid_file)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::QUIT).unwrap();
}

/// `simulate` under way.
pub struct Simulation {
    child: Child,
    pub acked_log: PathBuf,
}

impl Simulation {
    /// Starts simulated players that send as fast as they can; their logs go into `folder`.
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let acked_log = folder.join("acked.log");
        let child = command(&["simulate", "--speed", "max", "--output", "json"])
            .args(arguments)
            .arg("--acked-log")
            .arg(&acked_log)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child, acked_log }
    }

    /// Lines in its log of acked events.
    pub fn acked(&self) -> usize {
        fs::read_to_string(&self.acked_log).map_or(0, |log| log.lines().count())
    }

    /// Its report, once nothing was lost.
    pub fn finish(self) -> serde_json::Value {
        let output = self.child.wait_with_output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "simulate: {}\n{stdout}\n{stderr}",
            output.status
        );
        serde_json::from_str(&stdout).unwrap()
    }
}
