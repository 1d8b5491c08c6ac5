//! `rejected_events`: what was refused, kept so that nothing is lost and a fixed parser can replay it.
//!
//! It is bounded: at most `MAX_ROWS` rows, the newest ones, each with at most `MAX_RAW_BYTES`. A row's
//! key is a digest of what was refused and where it stood in its request, so a resent request adds none.

use bytes::Bytes;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use sha2::{Digest, Sha256};

use super::StorageError;
use super::connection::STATEMENT_TIMEOUT;
use super::event::{MAX_EVENT_BYTES, Reason};
use super::insert::timestamp;
use super::pool::Pool;
use super::schema::rejected_events as r;

/// Rows kept; older ones go.
pub const MAX_ROWS: i64 = 100_000;
/// Bytes kept of one event.
pub const MAX_RAW_BYTES: usize = MAX_EVENT_BYTES;

/// An event that was refused.
#[derive(Debug, Clone)]
pub struct RejectedEvent {
    /// The session that it names, where one can be read.
    pub session_id: Option<Box<str>>,
    /// Its place in the request.
    pub index: usize,
    /// The code.
    pub reason: Reason,
    /// What was wrong.
    pub detail: String,
    /// The event as sent.
    pub raw: Bytes,
}

#[derive(Insertable)]
#[diesel(table_name = r)]
struct Row<'a> {
    project: &'a str,
    digest: Vec<u8>,
    received_at: chrono::DateTime<chrono::Utc>,
    reason: &'a str,
    detail: &'a str,
    raw: &'a [u8],
    raw_bytes: i64,
    session_id: Option<&'a str>,
}

/// Keeps refused events; when this returns they are committed.
pub async fn keep(
    pool: &Pool,
    project: &str,
    received_at_ms: i64,
    events: &[RejectedEvent],
) -> Result<(), StorageError> {
    if events.is_empty() {
        return Ok(());
    }
    let mut rows: Vec<Row<'_>> = events
        .iter()
        .map(|event| Row {
            project,
            digest: digest(event),
            received_at: timestamp(received_at_ms),
            reason: event.reason.code(),
            detail: &event.detail,
            raw: event.raw.get(..MAX_RAW_BYTES).unwrap_or(&event.raw),
            raw_bytes: i64::try_from(event.raw.len()).unwrap_or(i64::MAX),
            session_id: event.session_id.as_deref(),
        })
        .collect();
    // Always in the order of the key: two requests must not wait for each other.
    rows.sort_by(|a, b| a.digest.cmp(&b.digest));
    let insert = async |connection: &mut _| {
        let insert = diesel::insert_into(r::table).values(&rows);
        insert.on_conflict_do_nothing().execute(connection).await?;
        Ok(())
    };
    pool.within(STATEMENT_TIMEOUT, insert).await
}

fn digest(event: &RejectedEvent) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(event.reason.code());
    hash.update([0]);
    hash.update(event.index.to_be_bytes());
    hash.update(&event.raw);
    hash.finalize().to_vec()
}

/// Deletes the oldest rows beyond the bound and returns how many.
pub async fn trim(pool: &Pool) -> Result<usize, StorageError> {
    let deleted = sql_query(
        "DELETE FROM rejected_events WHERE received_at < \
         (SELECT received_at FROM rejected_events ORDER BY received_at DESC OFFSET $1 LIMIT 1)",
    )
    .bind::<BigInt, _>(MAX_ROWS - 1)
    .execute(&mut pool.get().await?)
    .await?;
    Ok(deleted)
}
