//! Deleting what is stored of sessions, in statements that each take a moment: writers and readers
//! hardly notice. It can break off anywhere and be done again.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use utoipa::ToSchema;

use crate::storage::StorageError;
use crate::storage::key::SessionKey;
use crate::storage::pool::Pool;
use crate::storage::summary_hours::{self, Hours};

/// Events deleted by one statement.
const BATCH_EVENTS: i64 = 5000;
/// For one statement.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Parts in which the refused events are searched, by the first bits of their keys; each is at most
/// some 50 MB.
const QUARANTINE_PARTS: u8 = 64;

/// What was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct Erased {
    /// Sessions that have a tombstone now.
    pub sessions: u64,
    /// Their events.
    pub events: u64,
    /// Their summaries.
    pub summaries: u64,
    /// Refused events of theirs that were still kept.
    pub rejected_events: u64,
}

impl AddAssign for Erased {
    fn add_assign(&mut self, more: Self) {
        self.sessions += more.sessions;
        self.events += more.events;
        self.summaries += more.summaries;
        self.rejected_events += more.rejected_events;
    }
}

/// Deletes what is stored of these sessions.
pub(super) async fn delete(pool: &Pool, keys: &[SessionKey]) -> Result<Erased, StorageError> {
    let mut erased = Erased::default();
    let mut by_project: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for key in keys {
        erased.events += delete_events(pool, key).await?;
        erased.summaries += pool
            .within(TIMEOUT, async |connection| {
                delete_summary(connection, key).await
            })
            .await?;
        erased.sessions += 1;
        by_project
            .entry(&key.project)
            .or_default()
            .push(&key.session_id);
    }
    for (project, sessions) in by_project {
        let tokens = sessions.iter().map(|id| json_token(id)).collect();
        // Where a session can be read, it tells whose event it is, and else the bytes do.
        erased.rejected_events += delete_rejected(pool, project, &sessions, tokens, false).await?;
    }
    Ok(erased)
}

/// Deletes the refused events that name a viewer.
pub(super) async fn delete_rejected_of_viewer(
    pool: &Pool,
    project: &str,
    ids: &[String],
) -> Result<u64, StorageError> {
    let tokens = ids.iter().map(|id| json_token(id)).collect();
    delete_rejected(pool, project, &[], tokens, true).await
}

/// As players write the text in JSON, in its quotes: `"1"` is not a part of `"12"`.
fn json_token(text: &str) -> Vec<u8> {
    serde_json::to_vec(text).unwrap_or_default()
}

/// By a bound, not by a list: a planner that knows nothing of the table yet would go through the list
/// for each row.
async fn delete_events(pool: &Pool, key: &SessionKey) -> Result<u64, StorageError> {
    let mut deleted = 0;
    loop {
        let batch = async |connection: &mut AsyncPgConnection| {
            let rows = sql_query(
                "DELETE FROM telemetry_events WHERE project = $1 AND session_id = $2 \
                 AND event_id <= (SELECT max(event_id) FROM (SELECT event_id FROM telemetry_events \
                     WHERE project = $1 AND session_id = $2 ORDER BY event_id LIMIT $3) AS batch)",
            )
            .bind::<Text, _>(&*key.project)
            .bind::<Text, _>(&*key.session_id)
            .bind::<BigInt, _>(BATCH_EVENTS)
            .execute(connection)
            .await?;
            Ok(u64::try_from(rows).unwrap_or(0))
        };
        let rows = pool.within(TIMEOUT, batch).await?;
        deleted += rows;
        if rows < BATCH_EVENTS.unsigned_abs() {
            return Ok(deleted);
        }
    }
}

#[derive(QueryableByName)]
struct Times {
    #[diesel(sql_type = Timestamptz)]
    started_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    last_event_at: DateTime<Utc>,
}

/// With the versions of its hours, so that nobody goes on counting it from memory.
async fn delete_summary(
    connection: &mut AsyncPgConnection,
    key: &SessionKey,
) -> Result<u64, StorageError> {
    let deleting = async |connection: &mut AsyncPgConnection| {
        let gone: Vec<Times> = sql_query(
            "DELETE FROM session_summaries WHERE project = $1 AND session_id = $2 \
             RETURNING started_at, last_event_at",
        )
        .bind::<Text, _>(&*key.project)
        .bind::<Text, _>(&*key.session_id)
        .get_results(connection)
        .await?;
        let mut hours = Hours::default();
        for times in &gone {
            hours.add(&key.project, times.started_at);
            hours.add(&key.project, times.last_event_at);
        }
        summary_hours::touch(connection, &hours).await?;
        Ok(u64::try_from(gone.len()).unwrap_or(0))
    };
    connection.transaction(deleting).await
}

/// Deletes the refused events of these sessions, and those whose bytes hold any of these tokens: all
/// such, or only where no session can be read.
async fn delete_rejected(
    pool: &Pool,
    project: &str,
    sessions: &[&str],
    tokens: Vec<Vec<u8>>,
    of_all: bool,
) -> Result<u64, StorageError> {
    let mut deleted = 0;
    let width = 256 / u16::from(QUARANTINE_PARTS);
    for part in 0..u16::from(QUARANTINE_PARTS) {
        let (from, to) = (part * width, (part + 1) * width);
        let delete = async |connection: &mut AsyncPgConnection| {
            let rows = sql_query(
                "DELETE FROM rejected_events WHERE project = $1 AND digest >= $2 AND digest < $3 \
                 AND (session_id = ANY($4) OR (($5 OR session_id IS NULL) AND EXISTS ( \
                     SELECT FROM unnest($6) AS t (token) WHERE position(t.token IN raw) > 0)))",
            )
            .bind::<Text, _>(project)
            .bind::<Binary, _>(bound(from))
            .bind::<Binary, _>(bound(to))
            .bind::<Array<Text>, _>(sessions)
            .bind::<Bool, _>(of_all)
            .bind::<Array<Binary>, _>(&tokens)
            .execute(connection)
            .await?;
            Ok(u64::try_from(rows).unwrap_or(0))
        };
        deleted += pool.within(TIMEOUT, delete).await?;
    }
    Ok(deleted)
}

/// The least digest that begins with this byte; behind the last one for 256.
fn bound(first: u16) -> Vec<u8> {
    match u8::try_from(first) {
        Ok(byte) => vec![byte],
        Err(_beyond) => vec![u8::MAX; 33],
    }
}
