//! The real binary as a child process: servers, simulated players, and the command line.
//!
//! Servers and players are killed when they are dropped, and when this process ends in any way.

use std::env;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::Mutex;

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

/// Another build of the binary, for whoever wants to test that one.
fn program() -> PathBuf {
    env::var_os("TELEMETRY_TEST_BINARY").map_or_else(|| BINARY.into(), PathBuf::from)
}

fn command(arguments: &[&str]) -> Command {
    prepared(Command::new(program()), arguments)
}

/// A command that ends when the thread that starts it does.
fn mortal_command(arguments: &[&str]) -> Command {
    let mut setpriv = Command::new("setpriv");
    setpriv.args(["--pdeathsig", "KILL", "--"]).arg(program());
    prepared(setpriv, arguments)
}

fn prepared(mut command: Command, arguments: &[&str]) -> Command {
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

/// A child that is killed when it is dropped.
struct Mortal(Child);

impl Mortal {
    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// `serve`, on its way.
pub struct Starting(Mortal);

impl Starting {
    /// Where it will say that it listens.
    pub fn stdout(&mut self) -> ChildStdout {
        self.0.0.stdout.take().unwrap()
    }

    /// The server, once `line` came from it.
    pub fn said(mut self, line: &str) -> Result<ServeProcess, String> {
        match line.trim().strip_prefix("listening on ") {
            Some(url) => Ok(ServeProcess {
                child: self.0,
                url: url.to_owned(),
            }),
            None => {
                let status = self.0.0.wait();
                Err(format!("serve did not start: {line:?}, {status:?}"))
            }
        }
    }
}

/// The first line, which says where the server listens.
pub fn first_line(stdout: ChildStdout) -> String {
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).ok();
    line
}

/// `serve`, ready. Dropping it kills it.
pub struct ServeProcess {
    child: Mortal,
    pub url: String,
}

impl ServeProcess {
    /// Starts `serve` with `arguments` and waits until it listens.
    pub fn start(port: u16, arguments: &[&str]) -> Self {
        let mut starting = Self::spawn(port, arguments, "error", Stdio::inherit());
        let line = first_line(starting.stdout());
        starting.said(&line).unwrap()
    }

    /// Starts `serve`, which logs from `level` on.
    pub fn spawn(port: u16, arguments: &[&str], level: &str, log: Stdio) -> Starting {
        let bind = format!("127.0.0.1:{port}");
        let child = mortal_command(&["serve", "--bind", &bind])
            .args(arguments)
            .env("TELEMETRY_LOG", level)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        Starting(Mortal(child))
    }

    pub fn id(&self) -> u32 {
        self.child.0.id()
    }

    /// SIGTERM.
    pub fn ask_to_stop(&self) {
        self.child.signal(Signal::TERM);
    }

    /// How it ended, once it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.0.try_wait().unwrap()
    }

    /// SIGTERM, and the exit code when it has stopped.
    pub fn terminate(mut self) -> Option<i32> {
        self.ask_to_stop();
        self.child.0.wait().unwrap().code()
    }
}

/// The URL of a private cluster, by the socket folder that PostgreSQL itself notes.
pub fn private_url(data_dir: &Path) -> String {
    let pid_file = fs::read_to_string(data_dir.join("postgresql/postmaster.pid")).unwrap();
    let socket = pid_file.lines().nth(4).unwrap().replace('/', "%2F");
    format!("postgresql://telemetry@{socket}/telemetry")
}

/// `simulate` under way. Dropping it kills it.
pub struct Simulation {
    child: Mortal,
    pub acked_log: PathBuf,
    /// How far the log was read, and the lines up to there.
    read: Mutex<(u64, usize)>,
}

impl Simulation {
    /// Starts simulated players that send as fast as they can; their logs go into `folder`.
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let acked_log = folder.join("acked.log");
        let child = mortal_command(&["simulate", "--output", "json"])
            .args(arguments)
            .arg("--issued-log")
            .arg(folder.join("issued.log"))
            .arg("--acked-log")
            .arg(&acked_log)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            child: Mortal(child),
            acked_log,
            read: Mutex::default(),
        }
    }

    /// Lines in its log of acked events.
    pub fn acked(&self) -> usize {
        let mut read = self.read.lock().unwrap();
        if let Ok((bytes, lines)) = lines_from(&self.acked_log, read.0) {
            *read = (read.0 + bytes, read.1 + lines);
        }
        read.1
    }

    /// Whether it is over.
    pub fn ended(&mut self) -> bool {
        self.child.0.try_wait().unwrap().is_some()
    }

    /// Its report, once nothing was lost.
    pub fn finish(self) -> serde_json::Value {
        self.report().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Waits for its end; its report, or what it said when events were lost.
    pub fn report(mut self) -> Result<serde_json::Value, String> {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        let child = &mut self.child.0;
        child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut stdout)
            .unwrap();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut stderr)
            .unwrap();
        let status = child.wait().unwrap();
        if !status.success() {
            return Err(format!("simulate: {status}\n{stdout}\n{stderr}"));
        }
        serde_json::from_str(&stdout).map_err(|error| format!("{error}: {stdout}"))
    }
}

/// The bytes and the line ends behind `offset`.
fn lines_from(file: &Path, offset: u64) -> io::Result<(u64, usize)> {
    let mut file = File::open(file)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let lines = bytes.iter().filter(|&&byte| byte == b'\n').count();
    Ok((u64::try_from(bytes.len()).unwrap(), lines))
}
