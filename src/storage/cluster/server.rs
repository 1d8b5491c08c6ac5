//! Starts the server, or adopts one that runs on this folder already.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::account::Account;
use super::address::socket_folder;
use super::binaries::PgBinaries;
use super::create::NAME;
use super::error::{ClusterError, io_error};
use super::home::Home;
use super::postmaster::{self, Postmaster, State};
use super::{client, setpriv};

const TICK: Duration = Duration::from_millis(10);
/// Recovery after a crash reads up to `max_wal_size` again.
const LONGEST_START: Duration = Duration::from_secs(300);
/// A server that is ready but does not answer for this long is given up.
const LONGEST_ANSWER: Duration = Duration::from_secs(10);
/// A fast shutdown ends with a checkpoint; then the server is cut off, which costs only time at
/// the next start.
const LONGEST_STOP: Duration = Duration::from_secs(30);
const LONGEST_CUT_OFF: Duration = Duration::from_secs(5);
/// Processes of a killed server may take a moment to notice, and block a new one until then.
const RETRIES: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(4),
];

/// All that is needed to start the server.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    pub(super) home: Home,
    pub(super) binaries: PgBinaries,
    /// The server gets a fast-shutdown signal when the thread that started it ends.
    pub(super) death_signal: bool,
}

/// A running server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) postmaster: Postmaster,
    /// If this process started it.
    pub(super) child: Option<Child>,
    pgdata: PathBuf,
}

impl Launch {
    /// A server with the service's database: the one that runs, else a new one. A stopping one is
    /// waited for.
    pub(super) fn acquire(&self) -> Result<Server, ClusterError> {
        let begun = Instant::now();
        let mut retries = RETRIES.into_iter();
        while begun.elapsed() < LONGEST_START {
            let foreign = match postmaster::look(&self.home.pgdata())? {
                State::Down => None,
                State::Foreign(pid) => Some(pid),
                State::Ready(found) => match self.adopt(found) {
                    // It may have been about to stop: the next look tells.
                    Err(_) if begun.elapsed() < LONGEST_ANSWER => {
                        thread::sleep(TICK);
                        continue;
                    }
                    result => return result,
                },
                State::Starting(_) | State::Stopping(_) => {
                    thread::sleep(TICK);
                    continue;
                }
            };
            match (self.start_once(foreign), retries.next()) {
                (Err(ClusterError::DidNotStart { .. }), Some(delay)) => thread::sleep(delay),
                (result, _) => return result,
            }
        }
        Err(ClusterError::TimedOut {
            what: format!("PostgreSQL on {}", self.home.folder.display()),
            seconds: LONGEST_START.as_secs(),
        })
    }

    fn adopt(&self, postmaster: Postmaster) -> Result<Server, ClusterError> {
        client::create_database(&postmaster.socket_dir, NAME)?;
        tracing::info!(pid = postmaster.pid, "using the PostgreSQL that runs here");
        Ok(self.server(postmaster, None))
    }

    fn start_once(&self, foreign: Option<i32>) -> Result<Server, ClusterError> {
        let mut child = self.spawn(foreign)?;
        let pgdata = self.home.pgdata();
        let begun = Instant::now();
        while begun.elapsed() < LONGEST_START {
            let ended = child.try_wait().map_err(io_error("wait for", &pgdata))?;
            if ended.is_some() {
                return Err(ClusterError::DidNotStart {
                    folder: pgdata,
                    log: self.end_of_log(),
                });
            }
            if let State::Ready(postmaster) = postmaster::look(&pgdata)?
                && u32::try_from(postmaster.pid) == Ok(child.id())
            {
                client::create_database(&postmaster.socket_dir, NAME)?;
                return Ok(self.server(postmaster, Some(child)));
            }
            thread::sleep(TICK);
        }
        Err(ClusterError::TimedOut {
            what: "PostgreSQL to start".to_owned(),
            seconds: LONGEST_START.as_secs(),
        })
    }

    fn server(&self, postmaster: Postmaster, child: Option<Child>) -> Server {
        Server {
            postmaster,
            child,
            pgdata: self.home.pgdata(),
        }
    }

    fn spawn(&self, foreign: Option<i32>) -> Result<Child, ClusterError> {
        let program = self.binaries.program("postgres");
        let log = self.open_log()?;
        let log_too = log.try_clone().map_err(io_error("open", &program))?;
        let mut command = command(&self.home.account, &program, self.death_signal);
        command
            .arg("-D")
            .arg(self.home.pgdata())
            .arg("-k")
            .arg(socket_folder(&self.home)?)
            .args(["-c", "listen_addresses=", "-c", "logging_collector=off"])
            .args(["-c", "port=5432", "-c", "log_destination=stderr"])
            .stdout(log)
            .stderr(log_too)
            // Ctrl-C reaches the terminal's group; the server is for us to stop, when we are done.
            .process_group(0);
        if let Some(pid) = foreign {
            // The pid in the lock file is alive but no server. PostgreSQL takes the file for stale
            // when that pid is its own grandparent's; all its other checks stay in force.
            command.env("PG_GRANDPARENT_PID", pid.to_string());
        }
        command.spawn().map_err(io_error("run", &program))
    }

    /// A new log for each start; the one before is kept.
    fn open_log(&self) -> Result<File, ClusterError> {
        let path = self.home.log_file();
        let before = path.with_added_extension("1");
        match fs::rename(&path, &before) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io_error("rename", &path)(error));
            }
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.create_new(true).append(true).mode(0o600);
        options.open(&path).map_err(io_error("create", &path))
    }

    fn end_of_log(&self) -> String {
        let mut text = Vec::new();
        let read = File::open(self.home.log_file()).and_then(|mut file| {
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(2000)))?;
            file.read_to_end(&mut text)
        });
        match read {
            Ok(_) => String::from_utf8_lossy(&text).trim().to_owned(),
            Err(error) => format!("(it cannot be read: {error})"),
        }
    }
}

fn command(account: &Account, program: &std::path::Path, death_signal: bool) -> Command {
    if death_signal {
        // INT asks for a fast shutdown: clients are cut off, everything is written.
        return setpriv::command_with_death_signal(account, program, "INT");
    }
    account.command(program)
}

impl Server {
    /// Whether it runs. A child that has ended is reaped.
    pub(super) fn is_running(&mut self) -> bool {
        if let Some(child) = &mut self.child
            && !matches!(child.try_wait(), Ok(None))
        {
            return false;
        }
        postmaster::is_postmaster_of(self.postmaster.pid, &self.pgdata)
    }

    /// Fast shutdown, and if that takes too long an immediate one.
    pub(super) fn stop(&mut self) -> Result<(), ClusterError> {
        let pid = self.postmaster.pid;
        for (signal, longest) in [(Signal::INT, LONGEST_STOP), (Signal::QUIT, LONGEST_CUT_OFF)] {
            postmaster::signal(pid, &self.pgdata, signal);
            let begun = Instant::now();
            while begun.elapsed() < longest {
                if !self.is_running() {
                    return Ok(());
                }
                thread::sleep(TICK);
            }
            tracing::warn!(pid, ?signal, "PostgreSQL takes long to stop");
        }
        Err(ClusterError::TimedOut {
            what: format!("PostgreSQL (pid {pid}) to stop"),
            seconds: (LONGEST_STOP + LONGEST_CUT_OFF).as_secs(),
        })
    }
}
