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
