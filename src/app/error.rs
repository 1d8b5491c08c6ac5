//! Why a server does not start or stop.

use crate::storage::StorageError;

/// An error of the composition root.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The address is taken, or none.
    #[error("cannot listen on {bind} (choose another address with --bind)")]
    Bind {
        /// What was asked for.
        bind: String,
        /// Why not.
        source: std::io::Error,
    },
    /// Others could reach the server, and nothing would be asked of them.
    #[error(
        "{0} can be reached from other machines, and there are no keys: create some with \
         `video-telemetry keys create --kind write --project NAME` and `--kind read`, \
         or let everybody write and nobody read with --allow-anonymous-ingest"
    )]
    PublicWithoutKeys(String),
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Threads or signals.
    #[error("the operating system refused: {0}")]
    Io(#[from] std::io::Error),
}

impl AppError {
    pub(super) fn bind(bind: &str) -> impl FnOnce(std::io::Error) -> Self {
        let bind = bind.to_owned();
        move |source| AppError::Bind { bind, source }
    }
}
