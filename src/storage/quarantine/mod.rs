//! `rejected_events`: what was refused, kept so that nothing is lost and a fixed parser can replay it.
//!
//! Whoever can reach the service can fill this table, so it is bounded: in rows, bytes and age at every
//! tidying (`bounds.rs`), and in between by a budget in memory, which each tidying renews. What finds
//! no budget is refused all the same and counted, but not kept. A row's key is a digest of what was
//! refused and where it stood in its request, so a resent request adds none.

mod bounds;
mod browse;
mod replay;
mod trial;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use prometheus_client::metrics::counter::Counter;
use sha2::{Digest, Sha256};

use super::StorageError;
use super::connection::STATEMENT_TIMEOUT;
use super::event::{MAX_EVENT_BYTES, Reason};
use super::insert::timestamp;
use super::pool::Pool;
use super::schema::rejected_events as r;

pub use bounds::Bounds;
pub use browse::{Filter, Found, IdPrefix, InvalidId, Kept, Listed, count, find, list};
pub use replay::{Replayed, Replayer};
pub use trial::{Body, Split};

use bounds::Budget;

/// Bytes kept of one event.
pub const MAX_RAW_BYTES: usize = MAX_EVENT_BYTES;
/// Bytes kept of a detail, which may hold a message of PostgreSQL's.
const MAX_DETAIL_BYTES: usize = 1000;

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

impl RejectedEvent {
    fn raw_kept(&self) -> &[u8] {
        self.raw.get(..MAX_RAW_BYTES).unwrap_or(&self.raw)
    }

    fn detail_kept(&self) -> &str {
        let end = self.detail.floor_char_boundary(MAX_DETAIL_BYTES);
        self.detail.get(..end).unwrap_or_default()
    }

    fn kept_bytes(&self) -> usize {
        self.raw_kept().len() + self.detail_kept().len()
    }
}

#[derive(Insertable)]
#[diesel(table_name = r)]
struct Row<'a> {
    project: &'a str,
    digest: Vec<u8>,
    received_at: DateTime<Utc>,
    reason: &'a str,
    detail: &'a str,
    raw: &'a [u8],
    raw_bytes: i64,
    session_id: Option<&'a str>,
}

/// The table, and what this process may still add to it; clones share that.
#[derive(Clone)]
pub struct Quarantine {
    pool: Pool,
    bounds: Bounds,
    budget: Budget,
    not_kept: Counter,
}

impl Quarantine {
    /// `not_kept` counts the events that found no budget.
    pub fn new(pool: Pool, bounds: Bounds, not_kept: Counter) -> Self {
        Self {
            pool,
            bounds,
            budget: Budget::new(bounds),
            not_kept,
        }
    }

    /// Keeps refused events, as many as there is budget for; when this returns they are committed.
    pub async fn keep(
        &self,
        project: &str,
        received_at_ms: i64,
        events: &[RejectedEvent],
    ) -> Result<(), StorageError> {
        let (kept, spent) = self.budget.afford(events, RejectedEvent::kept_bytes);
        let left_out = events.len() - kept.len();
        if !kept.is_empty() {
            let inserted = insert(&self.pool, project, received_at_ms, &kept).await;
            if inserted.is_err() {
                self.budget.give_back(spent);
            }
            inserted?;
        }
        // Only now: what is answered with 503 comes again and is counted then.
        self.not_kept.inc_by(u64::try_from(left_out).unwrap_or(0));
        Ok(())
    }

    /// Deletes what is beyond the bounds, renews the budget, and returns how many rows went.
    pub async fn tidy(&self, now: DateTime<Utc>) -> Result<usize, StorageError> {
        let mut deleted = self.bounds.delete_old(&self.pool, now).await?;
        // Nothing else grows the table, and looking costs a pass over all of it.
        if self.budget.take_touched() {
            let excess = self.bounds.delete_excess(&self.pool).await;
            if excess.is_err() {
                self.budget.touch();
            }
            deleted += excess?;
            self.budget.renew();
        }
        Ok(deleted)
    }
}

async fn insert(
    pool: &Pool,
    project: &str,
    received_at_ms: i64,
    events: &[&RejectedEvent],
) -> Result<(), StorageError> {
    let mut rows: Vec<Row<'_>> = events
        .iter()
        .map(|event| Row {
            project,
            digest: digest(event),
            received_at: timestamp(received_at_ms),
            reason: event.reason.code(),
            detail: event.detail_kept(),
            raw: event.raw_kept(),
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
