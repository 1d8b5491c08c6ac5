//! Creates the cluster with `initdb`, in a folder beside it that is renamed when all is done: a
//! crash half way leaves no cluster, and the next start begins anew.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::binaries::PgBinaries;
use super::error::{ClusterError, io_error};
use super::home::Home;
use super::setpriv;

/// The owner of the cluster's databases, and the database the service uses.
pub(super) const NAME: &str = "telemetry";

/// Appended to postgresql.conf, where an administrator may change it. The log is for the operation
/// of the server: errors of single statements belong to the service, and may hold viewers' data.
const SETTINGS: &str = "
# video-telemetry
max_connections = 100
shared_buffers = 256MB
min_wal_size = 128MB
max_wal_size = 2GB
fsync = on
synchronous_commit = on
full_page_writes = on
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
log_min_messages = log
log_min_error_statement = panic
log_checkpoints = off
";

/// The major version that made the cluster; `None` if there is none yet.
pub(super) fn major_of(pgdata: &Path) -> Result<Option<u32>, ClusterError> {
    let file = pgdata.join("PG_VERSION");
    match fs::read_to_string(&file) {
        Ok(text) => Ok(text.trim().parse().ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error("read", &file)(error)),
    }
}

/// Creates the cluster unless it is there. Only under `start.lock`.
pub(super) fn create_if_missing(home: &Home, binaries: &PgBinaries) -> Result<(), ClusterError> {
    let pgdata = home.pgdata();
    if major_of(&pgdata)?.is_some() {
        return Ok(());
    }
    let unfinished = home.folder.join("postgresql.new");
    remove_folder(&unfinished)?;
    home.account
        .create_private_folder(&unfinished)
        .map_err(io_error("create", &unfinished))?;
    run_initdb(home, binaries, &unfinished)?;
    let settings = unfinished.join("postgresql.conf");
    append_settings(&settings).map_err(io_error("write", &settings))?;
    fs::rename(&unfinished, &pgdata).map_err(io_error("create", &pgdata))?;
    let synced = File::open(&home.folder).and_then(|folder| folder.sync_all());
    synced.map_err(io_error("write", &home.folder))?;
    tracing::info!(folder = %pgdata.display(), version = %binaries.version, "created a PostgreSQL cluster");
    Ok(())
}

fn remove_folder(folder: &Path) -> Result<(), ClusterError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(io_error("remove", folder)(error))
        }
        _ => Ok(()),
    }
}

fn run_initdb(home: &Home, binaries: &PgBinaries, folder: &Path) -> Result<(), ClusterError> {
    let program = binaries.program("initdb");
    // A killed service must not leave an initdb that goes on beside the next one's.
    let mut command = setpriv::command_with_death_signal(&home.account, &program, "KILL");
    command
        .arg("--pgdata")
        .arg(folder)
        .args(["--username", NAME])
        .args(["--encoding=UTF8", "--locale=C"])
        .args(["--auth-local=trust", "--auth-host=reject"]);
    let output = command.output().map_err(io_error("run", &program))?;
    if output.status.success() {
        return Ok(());
    }
    Err(ClusterError::Program {
        program,
        status: output.status,
        output: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

fn append_settings(file: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(file)?;
    file.write_all(SETTINGS.as_bytes())?;
    file.sync_all()
}
