//! How much of what was refused is kept.
//!
//! The bounds hold after each tidying. Between two, each server adds at most a tenth of them, so that
//! the table stays near its bounds whoever sends what: a fifth above them for each server, counting
//! what is added while it is tidied. Where tidying fails nothing is renewed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Text, Timestamptz};
use diesel_async::RunQueryDsl;

use super::super::StorageError;
use super::super::pool::Pool;

/// What a row costs beside its bytes, roughly: its columns, header and index entries.
const ROW_BYTES: u64 = 250;
/// Deleting a whole table's worth of rows, after the bounds were lowered.
const DELETE_TIMEOUT: Duration = Duration::from_secs(60);
/// A budget is this part of the bounds, but room enough for one large request.
const BUDGET_PART: u64 = 10;
const LEAST_BUDGET_ROWS: u64 = 500;
const LEAST_BUDGET_BYTES: u64 = 1024 * 1024;

/// What may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Rows; the newest are kept.
    pub max_rows: u64,
    /// Bytes of events and details, and something for each row; the newest are kept.
    pub max_bytes: u64,
    /// How long a row is kept.
    pub max_age: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            max_rows: 100_000,
            max_bytes: 256 * 1024 * 1024,
            max_age: Duration::from_secs(30 * 24 * 3600),
        }
    }
}

/// The newest row that goes; all older ones go with it.
#[derive(QueryableByName)]
struct Edge {
    #[diesel(sql_type = Timestamptz)]
    received_at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    project: String,
    #[diesel(sql_type = Binary)]
    digest: Vec<u8>,
}

impl Bounds {
    /// Deletes rows that are too old.
    pub(super) async fn delete_old(
        &self,
        pool: &Pool,
        now: DateTime<Utc>,
    ) -> Result<usize, StorageError> {
        // A bound beyond the calendar is none.
        let age = TimeDelta::from_std(self.max_age).ok();
        let Some(oldest) = age.and_then(|age| now.checked_sub_signed(age)) else {
            return Ok(0);
        };
        let delete = async |connection: &mut _| {
            let delete = sql_query("DELETE FROM rejected_events WHERE received_at < $1");
            let delete = delete.bind::<Timestamptz, _>(oldest);
            Ok(delete.execute(connection).await?)
        };
        pool.within(DELETE_TIMEOUT, delete).await
    }

    /// Deletes the oldest rows beyond the bounds. Two statements, the second without a subquery: a
    /// distributed PostgreSQL takes these.
    pub(super) async fn delete_excess(&self, pool: &Pool) -> Result<usize, StorageError> {
        let bounds = *self;
        let delete = async |connection: &mut _| {
            let edge: Option<Edge> = sql_query(EDGE)
                .bind::<BigInt, _>(i64::try_from(bounds.max_rows).unwrap_or(i64::MAX))
                .bind::<BigInt, _>(i64::try_from(bounds.max_bytes).unwrap_or(i64::MAX))
                .bind::<BigInt, _>(i64::try_from(ROW_BYTES).unwrap_or(0))
                .get_result(connection)
                .await
                .optional()?;
            let Some(edge) = edge else { return Ok(0) };
            let delete = sql_query(
                "DELETE FROM rejected_events WHERE received_at <= $1 \
                 AND (received_at, project, digest) <= ($1, $2, $3)",
            );
            let delete = delete
                .bind::<Timestamptz, _>(edge.received_at)
                .bind::<Text, _>(edge.project)
                .bind::<Binary, _>(edge.digest);
            Ok(delete.execute(connection).await?)
        };
        pool.within(DELETE_TIMEOUT, delete).await
    }
}

/// The newest row that is beyond the bound of rows or of bytes, counted from the newest. The length of
/// a large value is known without reading it.
const EDGE: &str = "SELECT received_at, project, digest FROM ( \
         SELECT received_at, project, digest, row_number() OVER newest AS rows, \
             sum(octet_length(raw) + octet_length(detail) + $3) OVER newest AS bytes \
         FROM rejected_events \
         WINDOW newest AS (ORDER BY received_at DESC, project DESC, digest DESC \
             ROWS UNBOUNDED PRECEDING)) AS counted \
     WHERE rows > $1 OR bytes > $2 \
     ORDER BY received_at DESC, project DESC, digest DESC LIMIT 1";

/// Rows and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Room {
    rows: u64,
    bytes: u64,
}

/// What may still be added until the next tidying; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    whole: Room,
    left: Arc<Mutex<Left>>,
}

#[derive(Debug)]
struct Left {
    room: Room,
    /// Something was taken, or nobody has looked at the table yet.
    touched: bool,
}

impl Budget {
    pub(super) fn new(bounds: Bounds) -> Self {
        let part = |bound: u64, least: u64| (bound / BUDGET_PART).max(least).min(bound);
        let whole = Room {
            rows: part(bounds.max_rows, LEAST_BUDGET_ROWS),
            bytes: part(bounds.max_bytes, LEAST_BUDGET_BYTES),
        };
        let left = Left {
            room: whole,
            touched: true,
        };
        Self {
            whole,
            left: Arc::new(Mutex::new(left)),
        }
    }

    /// Takes room for as many of the things as it reaches for, and gives them with the room taken.
    pub(super) fn afford<'a, T>(
        &self,
        things: &'a [T],
        bytes: impl Fn(&T) -> usize,
    ) -> (Vec<&'a T>, Room) {
        self.with(|left| {
            let before = left.room;
            let mut afforded = Vec::new();
            for thing in things {
                let cost = u64::try_from(bytes(thing)).unwrap_or(u64::MAX);
                if left.room.take(cost.saturating_add(ROW_BYTES)) {
                    afforded.push(thing);
                }
            }
            left.touched |= !afforded.is_empty();
            (afforded, before.minus(left.room))
        })
    }

    /// Nothing was added after all.
    pub(super) fn give_back(&self, room: Room) {
        self.with(|left| {
            left.room.rows = (left.room.rows + room.rows).min(self.whole.rows);
            left.room.bytes = (left.room.bytes + room.bytes).min(self.whole.bytes);
        });
    }

    /// Whether something may have been added since this was asked last.
    pub(super) fn take_touched(&self) -> bool {
        self.with(|left| std::mem::take(&mut left.touched))
    }

    /// The table is still to be looked at.
    pub(super) fn touch(&self) {
        self.with(|left| left.touched = true);
    }

    /// The table is within its bounds.
    pub(super) fn renew(&self) {
        self.with(|left| left.room = self.whole);
    }

    fn with<T>(&self, work: impl FnOnce(&mut Left) -> T) -> T {
        work(&mut self.left.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Room {
    fn take(&mut self, bytes: u64) -> bool {
        let fits = self.rows > 0 && self.bytes >= bytes;
        if fits {
            self.rows -= 1;
            self.bytes -= bytes;
        }
        fits
    }

    fn minus(self, other: Self) -> Self {
        Self {
            rows: self.rows.saturating_sub(other.rows),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }
}
