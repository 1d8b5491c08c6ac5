//! The storage layer as the layers above see it.
//!
//! Everything runs on the runtime that started it: a connection's driver dies with the runtime that
//! opened it, so none is ever opened on an HTTP worker's arbiter.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::sql_query;
use diesel_async::RunQueryDsl;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::key::SessionKey;
use super::metrics::Metrics;
use super::pool::Pool;
use super::quarantine::RejectedEvent;
use super::query::{Columns, Exporter, Limits, Reader};
use super::recovery::{Recovered, Search};
use super::summaries::{Saved, SummaryWriter};
use super::summary_row::SummaryRow;
use super::writer::{Batch, Outcome, Writer};
use super::{StorageError, partitions, quarantine, queries, recovery, replay};
use crate::qoe::SessionFold;

/// How storage is reached.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `postgres://user@host:5432/name`.
    pub database_url: String,
    /// Connections that write events.
    pub write_connections: usize,
    /// Connections for everything else.
    pub other_connections: usize,
    /// What may be kept in memory of summaries, for figures over many of them.
    pub figures_cache_bytes: u64,
}

/// A running storage layer; clones share it.
#[derive(Clone)]
pub struct Storage {
    runtime: Handle,
    writer: Writer,
    summaries: SummaryWriter,
    pool: Pool,
    /// How many sessions may be folded from their rows at once: recovery holds two connections, and
    /// summaries, rejections and probes must find one.
    replays: Arc<Semaphore>,
    /// Readers take turns at one connection: however many ask, the write path keeps its own.
    reads: Arc<Semaphore>,
    reader: Reader,
    exporter: Exporter,
}

/// To fold one session from its rows; the largest has 100 000.
const REPLAY_TIMEOUT: Duration = Duration::from_secs(60);
/// To wait for a reader's turn, and then to read of one session.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// A probe that takes longer than this counts as failed.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// Commits something, so that it fails where writing does (a full disk, a standby), and leaves nothing
/// but a few bytes in the write-ahead log.
const COMMIT_SOMETHING: &str = "SELECT pg_logical_emit_message(true, 'telemetry', 'probe')";

impl Storage {
    /// Starts the writers on `runtime`. Connects to nothing yet.
    pub fn start(
        settings: &Settings,
        runtime: Handle,
        metrics: &Metrics,
    ) -> Result<Self, StorageError> {
        let _on_runtime = runtime.enter();
        let pool = Pool::new(&settings.database_url, settings.other_connections)?;
        let writer = Writer::start(&settings.database_url, settings.write_connections, metrics);
        let columns = Columns::new(settings.figures_cache_bytes);
        let reader = Reader::new(&settings.database_url, runtime.clone(), columns)?;
        let url = &settings.database_url;
        let exporter = Exporter::new(url, runtime.clone(), Limits::default());
        let summaries = SummaryWriter::start(pool.clone());
        Ok(Self {
            runtime,
            writer,
            summaries,
            pool,
            replays: Arc::new(Semaphore::new(
                settings.other_connections.saturating_sub(4).max(1),
            )),
            reads: Arc::new(Semaphore::new(1)),
            reader,
            exporter,
        })
    }

    /// Who answers analysts' questions.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Who runs exports.
    pub fn exporter(&self) -> &Exporter {
        &self.exporter
    }

    /// Who writes events, to be asked whether there is room for more.
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Writes events.
    pub async fn write(&self, batch: Arc<Batch>) -> Result<Outcome, StorageError> {
        self.writer.write(batch).await
    }

    /// Writes a summary, under guard.
    pub async fn save(&self, row: SummaryRow) -> Result<Saved, StorageError> {
        self.summaries.save(row).await
    }

    /// Folds a session from its rows.
    pub async fn replay(&self, key: Arc<SessionKey>) -> Result<SessionFold, StorageError> {
        let (pool, replays) = (self.pool.clone(), Arc::clone(&self.replays));
        self.run(async move {
            let _turn = replays
                .acquire()
                .await
                .map_err(|_closed| StorageError::ShuttingDown)?;
            let fold = async |connection: &mut _| replay::fold_session(connection, &key).await;
            pool.within(REPLAY_TIMEOUT, fold).await
        })
        .await
    }

    /// How many events of a session are stored.
    pub async fn count_events(&self, key: Arc<SessionKey>) -> Result<i64, StorageError> {
        let (pool, reads) = (self.pool.clone(), Arc::clone(&self.reads));
        self.run(async move {
            let _turn = turn(&reads).await?;
            let (project, id) = (&key.project, &key.session_id);
            let count = async |c: &mut _| queries::event_count(c, project, id).await;
            pool.within(READ_TIMEOUT, count).await
        })
        .await
    }

    /// A session's summary, if it is stored.
    pub async fn stored_summary(
        &self,
        key: Arc<SessionKey>,
    ) -> Result<Option<SummaryRow>, StorageError> {
        let (pool, reads) = (self.pool.clone(), Arc::clone(&self.reads));
        self.run(async move {
            let _turn = turn(&reads).await?;
            let (project, id) = (&key.project, &key.session_id);
            let find = async |c: &mut _| queries::summary(c, project, id).await;
            pool.within(READ_TIMEOUT, find).await
        })
        .await
    }

    /// Keeps refused events.
    pub async fn keep_rejected(
        &self,
        project: Arc<str>,
        received_at_ms: i64,
        events: Vec<RejectedEvent>,
    ) -> Result<(), StorageError> {
        let pool = self.pool.clone();
        self.run(async move { quarantine::keep(&pool, &project, received_at_ms, &events).await })
            .await
    }

    /// Runs one pass of recovery.
    pub async fn recover(
        &self,
        search: Search,
        is_live: impl Fn(&SessionKey) -> bool + Send + Sync + 'static,
    ) -> Result<Recovered, StorageError> {
        let pool = self.pool.clone();
        self.run(async move { recovery::recover(&pool, search, is_live).await })
            .await
    }

    /// Makes day partitions ahead and trims the quarantine.
    pub async fn tidy(&self, now: DateTime<Utc>) -> Result<(), StorageError> {
        let pool = self.pool.clone();
        self.run(async move {
            for partition in partitions::ensure(&pool, now).await? {
                tracing::debug!(partition, "made a partition");
            }
            let trimmed = quarantine::trim(&pool).await?;
            if trimmed > 0 {
                tracing::info!(rows = trimmed, "deleted the oldest rejected events");
            }
            Ok(())
        })
        .await
    }

    /// Whether PostgreSQL answers; while events are refused because it did not commit the last ones,
    /// whether it commits, and then they are taken again.
    pub async fn probe(&self) -> Result<(), StorageError> {
        let pool = self.pool.clone();
        let shut = self.writer.is_shut();
        let statement = if shut { COMMIT_SOMETHING } else { "SELECT 1" };
        self.run(async move {
            let ask =
                async |connection: &mut _| Ok(sql_query(statement).execute(connection).await?);
            pool.within(PROBE_TIMEOUT, ask).await.map(|_rows| ())
        })
        .await?;
        if shut {
            self.writer.reopen();
        }
        Ok(())
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

/// A reader's turn, unless too many are before it.
async fn turn(reads: &Semaphore) -> Result<SemaphorePermit<'_>, StorageError> {
    match timeout(READ_TIMEOUT, reads.acquire()).await {
        Ok(turn) => turn.map_err(|_closed| StorageError::ShuttingDown),
        Err(_elapsed) => Err(StorageError::StatementTimeout),
    }
}
