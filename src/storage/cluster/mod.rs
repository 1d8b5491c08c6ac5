//! The private PostgreSQL cluster, for when no `DATABASE_URL` is given.
//!
//! `serve` owns the cluster of its `--data-dir`: it locks it, creates it if missing, starts (or
//! adopts) the server and keeps it running until it ends itself. Other subcommands share it: they
//! use the server that runs, or start it for as long as any of them needs it. No way for the
//! process to end, Ctrl-C and kill -9 included, leaves more than a server that has shut down
//! cleanly. There is no TCP port: the socket lies in a folder that only the server's user (and
//! root) can enter, and that is the whole of the access control.
//!
//! All calls block.

mod account;
mod address;
mod binaries;
mod client;
mod create;
mod error;
mod home;
mod keeper;
mod lock;
mod postmaster;
mod server;
mod setpriv;
mod shared;
mod supervisor;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

pub use binaries::{PgBinaries, find_binaries};
pub use error::ClusterError;

use home::Home;
use server::Launch;
use shared::SharedServer;
use supervisor::Supervisor;

const LONGEST_WAIT_TO_LEAVE: Duration = Duration::from_secs(5);

/// What the caller wants of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// For `serve`: the only one of its kind on this folder. The server stops with it.
    Exclusive,
    /// For the other subcommands, beside a `serve` and beside each other. The server stops when the
    /// last user has gone.
    Shared,
}

/// The major version of PostgreSQL that made the cluster of `data_dir`; `None`: there is no cluster
/// yet. Creates and changes nothing, for `doctor`.
pub fn cluster_major(data_dir: &Path) -> Result<Option<u32>, ClusterError> {
    create::major_of(&home::existing_folder(data_dir).join("postgresql"))
}

/// A cluster whose server is running. Dropping it is like [`PrivateCluster::stop`].
#[derive(Debug)]
pub struct PrivateCluster {
    home: Home,
    binaries: PgBinaries,
    socket_dir: PathBuf,
    notes: Vec<String>,
    running: Option<Running>,
    keeper: Option<Child>,
    users_lock: File,
    /// Held for as long as this lives.
    serve_lock: Option<File>,
}

#[derive(Debug)]
enum Running {
    Supervised(Supervisor),
    Shared(SharedServer),
}

struct Started {
    running: Running,
    socket_dir: PathBuf,
    /// No death signal of ours stops the server.
    needs_keeper: bool,
}

fn start(launch: Launch, ownership: Ownership, alone: bool) -> Result<Started, ClusterError> {
    match ownership {
        Ownership::Exclusive => {
            let death_signal = launch.death_signal;
            let supervisor = Supervisor::start(launch)?;
            Ok(Started {
                socket_dir: supervisor.socket_dir.clone(),
                needs_keeper: supervisor.adopted || !death_signal,
                running: Running::Supervised(supervisor),
            })
        }
        Ownership::Shared => {
            let server = launch.acquire()?;
            // If others use it too, whoever started it saw to its end.
            let needs_keeper = alone || server.child.is_some();
            Ok(Started {
                socket_dir: server.postmaster.socket_dir.clone(),
                needs_keeper,
                running: Running::Shared(SharedServer::new(server, needs_keeper)),
            })
        }
    }
}

impl PrivateCluster {
    /// Opens the cluster in `data_dir`: created if missing, its server running, the database
    /// `telemetry` there (without any table).
    pub fn open(data_dir: &Path, ownership: Ownership) -> Result<Self, ClusterError> {
        let home = Home::resolve(data_dir)?;
        let serve_lock = match ownership {
            Ownership::Exclusive => Some(lock::serve(&home)?),
            Ownership::Shared => None,
        };
        let _starting = lock::start(&home, lock::LONGEST_WAIT)?;
        let (users_lock, alone) = lock::users(&home)?;
        let binaries = find_binaries(create::major_of(&home.pgdata())?)?;
        create::create_if_missing(&home, &binaries)?;
        let launch = Launch {
            home: home.clone(),
            binaries: binaries.clone(),
            death_signal: ownership == Ownership::Exclusive && setpriv::is_there(),
        };
        let started = start(launch, ownership, alone)?;
        let mut cluster = Self {
            notes: home.note().into_iter().collect(),
            home,
            binaries,
            socket_dir: started.socket_dir,
            running: Some(started.running),
            keeper: None,
            users_lock,
            serve_lock,
        };
        if started.needs_keeper {
            cluster.start_keeper();
        }
        for note in &cluster.notes {
            tracing::warn!("{note}");
        }
        Ok(cluster)
    }

    /// A throwaway cluster, for tests: in a folder below /tmp that is removed, after the server's
    /// end, when this is dropped and when the process ends in any way.
    pub fn temporary() -> Result<Self, ClusterError> {
        let name = format!("video-telemetry-test-{}", uuid::Uuid::new_v4().simple());
        let folder = Path::new("/tmp").join(name);
        let mut cluster = Self::open(&folder, Ownership::Exclusive)?;
        match keeper::remove_when_unused(&cluster.home) {
            Ok(keeper) => cluster.keeper = Some(keeper),
            Err(error) => {
                let note = format!("{} will not be removed: {error}", folder.display());
                tracing::warn!("{note}");
                cluster.notes.push(note);
            }
        }
        Ok(cluster)
    }

    fn start_keeper(&mut self) {
        if self.serve_lock.is_some() && !setpriv::is_there() {
            let missing =
                "setpriv is missing: PostgreSQL gets no signal when this process is killed";
            self.notes.push(missing.to_owned());
        }
        match keeper::stop_when_unused(&self.home, &self.binaries) {
            Ok(keeper) => self.keeper = Some(keeper),
            Err(error) => self.notes.push(format!(
                "if this process is killed, PostgreSQL goes on running until the next start: \
                 flock cannot be run ({error})"
            )),
        }
    }

    /// The service's database, over the Unix socket.
    pub fn database_url(&self) -> String {
        self.database_url_for(create::NAME)
    }

    /// Another database of this cluster, whether it exists or not.
    pub fn database_url_for(&self, database: &str) -> String {
        address::url(&self.socket_dir, database)
    }

    /// Creates a database unless it is there, for example one for each test. Gives its URL.
    pub fn create_database(&self, database: &str) -> Result<String, ClusterError> {
        client::create_database(&self.socket_dir, database)?;
        Ok(self.database_url_for(database))
    }

    /// The command with which a person, as this user, looks inside.
    pub fn psql_command(&self) -> String {
        let beside = self.binaries.program("psql");
        let psql = if beside.is_file() && !binaries::is_in_path("psql") {
            format!("'{}'", beside.display().to_string().replace('\'', r"'\''"))
        } else {
            "psql".to_owned()
        };
        format!("{psql} '{}'", self.database_url())
    }

    /// The data folder it was opened with, absolute.
    pub fn data_dir(&self) -> &Path {
        &self.home.data_dir
    }

    /// The folder of the cluster: that of PostgreSQL's `-D`.
    pub fn pgdata(&self) -> PathBuf {
        self.home.pgdata()
    }

    /// The programs that run it.
    pub fn binaries(&self) -> &PgBinaries {
        &self.binaries
    }

    /// What the user should know: each a sentence, logged as a warning already.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Ends the use of the cluster. The server is stopped (fast shutdown, waited for, bounded) if
    /// this is its `serve`, or if this started it and no other command uses it.
    pub fn stop(mut self) -> Result<(), ClusterError> {
        self.leave()
    }

    fn leave(&mut self) -> Result<(), ClusterError> {
        let Some(running) = self.running.take() else {
            return Ok(());
        };
        // Nobody should begin to use a server that is about to stop. But whoever takes long to
        // start it does not keep us: it sees the server stop, and starts a new one.
        let _starting = lock::start(&self.home, LONGEST_WAIT_TO_LEAVE).ok();
        match running {
            Running::Supervised(mut supervisor) => supervisor.stop(),
            Running::Shared(server) => {
                let keeper = self.keeper.take();
                server.leave(&self.home, &self.binaries, &self.users_lock, keeper)
            }
        }
    }
}

impl Drop for PrivateCluster {
    fn drop(&mut self) {
        if let Err(error) = self.leave() {
            tracing::error!(%error, "cannot leave the PostgreSQL cluster");
        }
    }
}
