//! What can go wrong between the service and PostgreSQL.

use super::cluster::ClusterError;

/// An error of the storage layer.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database URL cannot be read.
    #[error("the database URL cannot be read: {0} (expected postgres://user@host:5432/name)")]
    Url(String),
    /// The database URL names no server.
    #[error("the database URL names no server")]
    NoHost,
    /// The database URL asks for TLS.
    #[error(
        "TLS to PostgreSQL is not supported: use sslmode=prefer or disable, over a private network or a tunnel"
    )]
    Tls,
    /// No answer in time.
    #[error("PostgreSQL did not answer in time")]
    ConnectTimeout,
    /// A statement took too long.
    #[error("a statement took too long")]
    StatementTimeout,
    /// The socket failed.
    #[error("cannot reach PostgreSQL: {0}")]
    Io(#[from] std::io::Error),
    /// PostgreSQL refused the connection.
    #[error("cannot connect to PostgreSQL: {0}")]
    Connect(#[from] diesel::ConnectionError),
    /// PostgreSQL refused the connection.
    #[error("cannot connect to PostgreSQL: {}", explain(.0))]
    Handshake(#[from] tokio_postgres::Error),
    /// A statement failed.
    #[error("a statement failed: {0}")]
    Query(#[from] diesel::result::Error),
    /// No connection of the pool came free or could be opened.
    #[error("no database connection available: {0}")]
    Pool(String),
    /// The migrations failed.
    #[error("migrations failed: {0}")]
    Migration(String),
    /// The private cluster failed.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// A write queue was full, or so long that what comes now would wait too long.
    #[error("the write queue is full")]
    QueueFull,
    /// PostgreSQL does not commit: nothing was tried.
    #[error("PostgreSQL does not commit at present")]
    Away,
    /// A statement that writes summaries failed; all of its sessions share the error.
    #[error("writing summaries failed: {0}")]
    SummaryWrite(String),
    /// As many exports as may run at once are running.
    #[error("other exports are running")]
    ExportsBusy,
    /// An export ended before it was whole.
    #[error("the export was broken off: {0}")]
    ExportBroken(String),
    /// The storage runtime is gone.
    #[error("storage is shutting down")]
    ShuttingDown,
}

impl StorageError {
    /// The statement was given up for taking too long, here or by the server.
    pub fn is_timeout(&self) -> bool {
        use diesel::result::Error::DatabaseError;
        match self {
            Self::StatementTimeout => true,
            // diesel tells no codes; 57014 is the only one with this text.
            Self::Query(DatabaseError(_, told)) => {
                told.message().starts_with("canceling statement")
            }
            _ => false,
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "it is a map_err target")]
    pub(super) fn url(error: tokio_postgres::Error) -> Self {
        Self::Url(explain(&error))
    }
}

/// tokio-postgres prints only the kind of an error; its cause says what happened.
fn explain(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
