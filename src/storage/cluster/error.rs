//! What can go wrong with the private cluster, in words for the person who started it.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why the private cluster could not be found, created, started or stopped.
#[derive(Debug, Error)]
pub enum ClusterError {
    /// No directory with the server programs (of the wanted major version).
    #[error(
        "no PostgreSQL server programs found ({wanted})\n  \
         install them: `apt-get install postgresql` as root, or ./scripts/up, which fetches them for you\n  \
         or use a PostgreSQL of your own: set DATABASE_URL"
    )]
    NoBinaries {
        /// What was looked for, and what was found instead.
        wanted: String,
    },
    /// Another `serve` holds the folder.
    #[error(
        "{folder} is in use by another `video-telemetry serve`{holder}; stop it, or choose another --data-dir"
    )]
    InUse {
        /// The folder that is locked.
        folder: PathBuf,
        /// ` (pid N)`, or nothing when the pid is not known.
        holder: String,
    },
    /// The cluster belongs to another user, and only root may run it as that one.
    #[error(
        "the cluster in {folder} belongs to {owner}; run this as {owner} or as root, or choose another --data-dir"
    )]
    NotYours {
        /// The cluster's folder.
        folder: PathBuf,
        /// Its owner's name.
        owner: String,
    },
    /// The server's user cannot pass through the folders above an existing cluster.
    #[error(
        "PostgreSQL runs as {owner}, who cannot enter {folder}; give it the x permission on that folder and those above it"
    )]
    Unreachable {
        /// The folder that holds the cluster.
        folder: PathBuf,
        /// Who the server runs as.
        owner: String,
    },
    /// Root may not run PostgreSQL, and there is nobody to run it as.
    #[error(
        "PostgreSQL does not run as root, and this machine has neither the user postgres nor nobody"
    )]
    NoAccount,
    /// A file or a folder.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried, as an infinitive.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// A helper program failed.
    #[error("{program} failed ({status})\n{output}")]
    Program {
        /// Its path.
        program: PathBuf,
        /// How it ended.
        status: std::process::ExitStatus,
        /// The end of what it printed.
        output: String,
    },
    /// The server ended instead of getting ready.
    #[error("PostgreSQL did not start on {folder}; the end of its log:\n{log}")]
    DidNotStart {
        /// The cluster's folder.
        folder: PathBuf,
        /// The last lines of its log.
        log: String,
    },
    /// Something took longer than its bound.
    #[error("gave up after {seconds} s of waiting for {what}")]
    TimedOut {
        /// What was waited for.
        what: String,
        /// The bound.
        seconds: u64,
    },
    /// No folder for the socket that is short enough and safe.
    #[error("no safe folder for the Unix socket: {0} belongs to someone else")]
    NoSocketFolder(PathBuf),
    /// The server runs, but a query of ours failed.
    #[error("cannot {action}: {source}")]
    Query {
        /// What was tried, as an infinitive.
        action: String,
        /// PostgreSQL's answer.
        source: tokio_postgres::Error,
    },
    /// The server's thread ended early: a bug here.
    #[error("the thread that keeps PostgreSQL running has gone")]
    ThreadGone,
}

/// For `map_err`: names what was tried and with which file.
pub(super) fn io_error(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> ClusterError {
    move |source| ClusterError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}
