//! Runs exports, a few at a time, each on a connection of its own that is opened for it and closed
//! after it: neither writers nor questions ever wait for one, and none leaves anything behind.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use diesel::row::{Field, Row};
use diesel::sql_query;
use diesel_async::{
    AsyncConnection, AsyncConnectionCore, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection,
};
use futures_util::TryStreamExt;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};
use tokio_postgres::NoTls;

use super::cell::Cell;
use super::download::Part;
use super::encoder::Encoder;
use super::question::CURSOR;
use super::{Column, Download, Export, Format};
use crate::storage::StorageError;
use crate::storage::connection::CONNECT_TIMEOUT;

/// Exports at the same time.
const EXPORTS: usize = 2;
/// To wait until another export is done.
const WAIT_TIMEOUT: Duration = Duration::from_secs(5);
/// To ask PostgreSQL to end a statement.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);
/// Rows that are asked for at once. They are encoded as they come, not gathered.
const FETCH_ROWS: usize = 2000;
/// Rows that are encoded before others on the same thread get their turn.
const TURN_ROWS: usize = 64;
/// Encoded bytes are handed over when there are this many ...
const CHUNK_BYTES: usize = 64 * 1024;
/// ... and cut where there are more than this many.
const MAX_CHUNK_BYTES: usize = 256 * 1024;
/// Chunks that wait to be taken.
const CHUNKS: usize = 4;

/// What makes a connection one for exports. Rows of the period come by its index, so that the first
/// ones come at once. Scans of a large table begin at its beginning, so that equal exports are equal.
const SETUP: &str = "SET application_name = 'video-telemetry export'; \
    SET statement_timeout = 300000; SET default_transaction_read_only = on; \
    SET work_mem = '64MB'; SET jit = off; SET random_page_cost = 1.1; \
    SET max_parallel_workers_per_gather = 0; SET synchronize_seqscans = off";

/// How long exports may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A reader that takes nothing for this long is cut off.
    pub stalled: Duration,
    /// An export that is not done by then is cut off.
    pub whole: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            stalled: Duration::from_secs(30),
            whole: Duration::from_secs(3600),
        }
    }
}

/// Runs exports; clones share its bounds.
#[derive(Clone)]
pub struct Exporter {
    database_url: Arc<str>,
    runtime: Handle,
    turns: Arc<Semaphore>,
    limits: Limits,
}

impl Exporter {
    /// An exporter whose connections live and whose rows are encoded on `runtime`, which must have more
    /// than one thread. Connects to nothing yet.
    #[must_use]
    pub fn new(database_url: &str, runtime: Handle, limits: Limits) -> Self {
        Self {
            database_url: database_url.into(),
            runtime,
            turns: Arc::new(Semaphore::new(EXPORTS)),
            limits,
        }
    }

    /// Starts an export, and gives it when its first bytes are there.
    pub async fn start(&self, export: Export, format: Format) -> Result<Download, StorageError> {
        let turn = timeout(WAIT_TIMEOUT, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.map_err(|_elapsed| StorageError::ExportsBusy)?;
        let turn = turn.map_err(|_closed| StorageError::ShuttingDown)?;
        let (sender, parts) = mpsc::channel(CHUNKS);
        let (database_url, limits) = (Arc::clone(&self.database_url), self.limits);
        self.runtime.spawn(async move {
            let ended = run(&database_url, &export, format, limits, &sender).await;
            if let Err(error) = ended {
                tracing::debug!(%error, "an export was broken off");
                // A reader that has stopped reading finds the end missing.
                sender.try_send(Part::Failed(error)).ok();
            }
            drop(turn);
        });
        Download::begin(parts).await
    }
}

/// Runs an export to its end, or until its reader has left or its time is up.
async fn run(
    database_url: &str,
    export: &Export,
    format: Format,
    limits: Limits,
    sender: &mpsc::Sender<Part>,
) -> Result<(), StorageError> {
    let mut connection = open(database_url).await?;
    let cancel = connection.cancel_token();
    let delivery = Delivery {
        sender,
        stalled: limits.stalled,
    };
    let ended = tokio::select! {
        ended = deliver(&mut connection, export, format, &delivery) => ended,
        () = sender.closed() => Err(broken("its reader has left")),
        () = sleep(limits.whole) => Err(broken("it took too long")),
    };
    if ended.is_err() {
        // Where PostgreSQL is sorting it would not notice that nobody listens.
        timeout(CANCEL_TIMEOUT, cancel.cancel_query(NoTls))
            .await
            .ok();
    }
    ended
}

async fn open(database_url: &str) -> Result<AsyncPgConnection, StorageError> {
    let opening = async {
        let mut connection = AsyncPgConnection::establish(database_url).await?;
        connection.batch_execute(SETUP).await?;
        Ok(connection)
    };
    let opened = timeout(CONNECT_TIMEOUT, opening).await;
    opened.unwrap_or(Err(StorageError::ConnectTimeout))
}

/// Encodes every row and hands it over.
async fn deliver(
    connection: &mut AsyncPgConnection,
    export: &Export,
    format: Format,
    delivery: &Delivery<'_>,
) -> Result<(), StorageError> {
    let mut encoder = format.encoder(export.columns())?;
    connection.batch_execute("BEGIN").await?;
    export.declare().execute(connection).await?;
    loop {
        let fetch = sql_query(format!("FETCH {FETCH_ROWS} FROM {CURSOR}"));
        let mut rows = AsyncConnectionCore::load(connection, fetch).await?;
        let mut fetched = 0;
        while let Some(row) = rows.try_next().await? {
            fetched += 1;
            encode(&row, export.columns(), encoder.as_mut())?;
            if encoder.bytes().len() >= CHUNK_BYTES {
                delivery.hand_over(encoder.bytes()).await?;
            }
            if fetched % TURN_ROWS == 0 {
                yield_now().await;
            }
        }
        if fetched < FETCH_ROWS {
            break;
        }
    }
    encoder.end()?;
    delivery.hand_over(encoder.bytes()).await?;
    delivery.send(Part::End).await
}

fn encode<'a>(
    row: &impl Row<'a, diesel::pg::Pg>,
    columns: &[Column],
    encoder: &mut dyn Encoder,
) -> Result<(), StorageError> {
    for (at, column) in columns.iter().enumerate() {
        let field = row.get(at).ok_or_else(|| broken("a column is missing"))?;
        let value = field.value();
        let bytes = value.as_ref().map(diesel::pg::PgValue::as_bytes);
        encoder.cell(at, Cell::read(column.kind, bytes)?);
    }
    encoder.end_row()
}

/// The way to the reader.
struct Delivery<'a> {
    sender: &'a mpsc::Sender<Part>,
    stalled: Duration,
}

impl Delivery<'_> {
    /// Hands over what is encoded, in pieces.
    async fn hand_over(&self, encoded: &mut Vec<u8>) -> Result<(), StorageError> {
        let empty = Vec::with_capacity(encoded.len().min(MAX_CHUNK_BYTES));
        let mut bytes = Bytes::from(std::mem::replace(encoded, empty));
        while !bytes.is_empty() {
            let chunk = bytes.split_to(bytes.len().min(MAX_CHUNK_BYTES));
            self.send(Part::Bytes(chunk)).await?;
        }
        Ok(())
    }

    /// Waits until there is room, but not for ever.
    async fn send(&self, part: Part) -> Result<(), StorageError> {
        let sent = timeout(self.stalled, self.sender.send(part)).await;
        let sent = sent.map_err(|_elapsed| broken("its reader has stopped reading"))?;
        sent.map_err(|_closed| broken("its reader has left"))
    }
}

fn broken(why: &str) -> StorageError {
    StorageError::ExportBroken(why.to_owned())
}
