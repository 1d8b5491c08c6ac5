//! What an actor needs of storage. A trait, so that tests can have a store that is slow, fails and
//! conflicts at will.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::qoe::{SessionFold, SessionSummary};
use crate::session::clock;
use crate::storage::{Batch, Outcome, Saved, SessionKey, Storage, StorageError, SummaryRow};

/// Rows in, fates out; summaries in, under guard; folds back from rows.
pub trait Store: Send + Sync {
    /// Writes events and tells the fate of each.
    fn write(&self, batch: Arc<Batch>) -> BoxFuture<'static, Result<Outcome, StorageError>>;

    /// Writes a summary unless the session's rows say otherwise.
    fn save(
        &self,
        key: Arc<SessionKey>,
        summary: SessionSummary,
    ) -> BoxFuture<'static, Result<Saved, StorageError>>;

    /// Folds a session from its rows.
    fn replay(&self, key: Arc<SessionKey>)
    -> BoxFuture<'static, Result<SessionFold, StorageError>>;

    /// Whether the session was erased: nothing of it may be written any more.
    fn is_erased(&self, key: &SessionKey) -> bool;
}

impl Store for Storage {
    fn write(&self, batch: Arc<Batch>) -> BoxFuture<'static, Result<Outcome, StorageError>> {
        let storage = self.clone();
        Box::pin(async move { storage.write(batch).await })
    }

    fn save(
        &self,
        key: Arc<SessionKey>,
        summary: SessionSummary,
    ) -> BoxFuture<'static, Result<Saved, StorageError>> {
        let storage = self.clone();
        Box::pin(async move {
            let row = SummaryRow::new(&key, summary, clock::now_ms());
            storage.save(row).await
        })
    }

    fn replay(
        &self,
        key: Arc<SessionKey>,
    ) -> BoxFuture<'static, Result<SessionFold, StorageError>> {
        let storage = self.clone();
        Box::pin(async move { storage.replay(key).await })
    }

    fn is_erased(&self, key: &SessionKey) -> bool {
        self.erasures().contains(key)
    }
}
