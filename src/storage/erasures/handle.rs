//! Erasures as a server does them.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::timeout;

use super::delete::delete;
use super::known::Tombstones;
use super::watch::Watch;
use super::{Erased, Target, erase, finish, table};
use crate::storage::StorageError;
use crate::storage::key::SessionKey;
use crate::storage::pool::Pool;

/// Erasures finished in one go.
const FINISHED_AT_ONCE: usize = 200;
/// By then what a server took before it learned of an erasure is nearly always written.
const SWEPT_AFTER: Duration = Duration::from_secs(5);
/// Erasures at once; they share the connections with summaries and rejections.
const AT_ONCE: usize = 2;
/// To wait for one's turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);
/// To wait for an erasure, which goes on beyond it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// What a server knows of erased sessions, and how it erases; clones share it.
#[derive(Clone)]
pub struct Erasures {
    runtime: Handle,
    pool: Pool,
    tombstones: Tombstones,
    watch: Arc<Mutex<Watch>>,
    turns: Arc<Semaphore>,
}

impl Erasures {
    /// Knows of no tombstones until it is told to [`learn`](Self::learn).
    pub(in crate::storage) fn new(database_url: &str, runtime: Handle, pool: Pool) -> Self {
        let tombstones = Tombstones::default();
        let watch = Watch::new(database_url, tombstones.clone());
        Self {
            runtime,
            pool,
            tombstones,
            watch: Arc::new(Mutex::new(watch)),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Whether a session was erased, as far as this server knows. It asks nobody.
    pub fn contains(&self, key: &SessionKey) -> bool {
        self.tombstones.contains(key)
    }

    /// Tombstones may have been missed, so no event may be written.
    pub(in crate::storage) fn is_stale(&self) -> bool {
        self.tombstones.is_stale()
    }

    /// Asks the table for tombstones, and tells how many are news.
    pub async fn learn(&self) -> Result<usize, StorageError> {
        let watch = Arc::clone(&self.watch);
        self.run(async move { watch.lock().await.look().await })
            .await
    }

    /// Deletes once more what came in before this server learned of the oldest unfinished erasures,
    /// and for good what has been known to be erased for `grace`. Tells how many are finished by that.
    pub async fn finish(&self, grace: Duration, now: DateTime<Utc>) -> Result<usize, StorageError> {
        let (pool, tombstones) = (self.pool.clone(), self.tombstones.clone());
        self.run(async move {
            let keys = table::unfinished(&pool, FINISHED_AT_ONCE).await?;
            let is_due = |key: &SessionKey| tombstones.known_for(key, grace);
            let (due, mut others): (Vec<_>, Vec<_>) = keys.into_iter().partition(is_due);
            tombstones.take_unswept(&mut others, SWEPT_AFTER.min(grace / 2));
            delete(&pool, &others).await?;
            finish(&pool, &due, now).await?;
            tombstones.forget_unfinished(&due);
            Ok(due.len())
        })
        .await
    }

    /// Erases; `evict` is called whenever tombstones are committed, to drop what is in memory. What
    /// takes longer than a minute goes on, also when nobody waits for it any more.
    pub async fn erase(
        &self,
        target: Target,
        now: DateTime<Utc>,
        evict: impl Fn() + Send + Sync + 'static,
    ) -> Result<Erased, StorageError> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        let Ok(Ok(turn)) = timeout(TURN_TIMEOUT, turn).await else {
            return Err(StorageError::ErasuresBusy);
        };
        let (pool, tombstones) = (self.pool.clone(), self.tombstones.clone());
        let erasing = self.run(async move {
            let _turn = turn;
            let laid = |keys: &[SessionKey]| {
                tombstones.add(keys);
                evict();
            };
            erase(&pool, &target, now, laid, |_| {}).await
        });
        let late = |_elapsed| Err(StorageError::StatementTimeout);
        timeout(ANSWER_TIMEOUT, erasing).await.unwrap_or_else(late)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StorageError>> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.runtime
            .spawn(work)
            .await
            .unwrap_or(Err(StorageError::ShuttingDown))
    }
}
