//! Writing session summaries: many sessions per statement, each under guard.
//!
//! A summary is only written where the session has exactly as many rows as the summary folds (what a
//! fold was told is new is always a duplicate-free subset of the rows, so equal counts mean equal
//! sets), and never over one of a newer fold, over one of more events, or over a sealed one.
//!
//! The hours of the session before and after are touched in the same transaction (`summary_hours`).
//! What they were before is read first; a row that somebody else has moved in time since then is
//! refused, as any other that is not what the fold was made for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Jsonb, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot};

use super::StorageError;
use super::connection::STATEMENT_TIMEOUT;
use super::pool::Pool;
use super::summary_hours::{self, Hours};
use super::summary_row::SummaryRow;

/// Summaries in one statement.
const MAX_ROWS: usize = 500;
/// Summaries waiting; beyond it a caller waits for room, its session stays live meanwhile.
const QUEUE_ROWS: usize = 5000;

/// What became of a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// It is committed.
    Written,
    /// It does not fold all rows of its session, or the row there is newer or sealed.
    Refused,
}

struct Job {
    row: SummaryRow,
    reply: oneshot::Sender<Result<Saved, StorageError>>,
}

/// The write path into `session_summaries`.
#[derive(Clone)]
pub struct SummaryWriter(mpsc::Sender<Job>);

impl SummaryWriter {
    /// Starts the writer on the runtime that calls this.
    pub fn start(pool: Pool) -> Self {
        let (sender, queue) = mpsc::channel(QUEUE_ROWS);
        tokio::spawn(run(queue, pool));
        Self(sender)
    }

    /// Writes a summary unless its guard refuses it.
    pub async fn save(&self, row: SummaryRow) -> Result<Saved, StorageError> {
        let (reply, saved) = oneshot::channel();
        let closed = |_| StorageError::ShuttingDown;
        self.0.send(Job { row, reply }).await.map_err(closed)?;
        saved.await.unwrap_or(Err(StorageError::ShuttingDown))
    }
}

async fn run(mut queue: mpsc::Receiver<Job>, pool: Pool) {
    let statement: Arc<str> = guarded_upsert().into();
    let mut jobs = Vec::with_capacity(MAX_ROWS);
    while queue.recv_many(&mut jobs, MAX_ROWS).await > 0 {
        let (rows, replies): (Vec<_>, Vec<_>) =
            jobs.drain(..).map(|job| (job.row, job.reply)).unzip();
        let written = write(&pool, &statement, &rows).await;
        if let Err(error) = &written {
            tracing::warn!(summaries = rows.len(), %error, "writing summaries failed, it is tried again");
        }
        for (row, reply) in rows.iter().zip(replies) {
            let saved = match &written {
                Ok(keys) if keys.contains(&(row.project.clone(), row.session_id.clone())) => {
                    Ok(Saved::Written)
                }
                Ok(_) => Ok(Saved::Refused),
                Err(error) => Err(StorageError::SummaryWrite(error.to_string())),
            };
            // Nobody waits any more when the actor is gone; recovery looks after its session.
            reply.send(saved).ok();
        }
    }
}

async fn write(
    pool: &Pool,
    statement: &str,
    rows: &[SummaryRow],
) -> Result<HashSet<Key>, StorageError> {
    pool.within(STATEMENT_TIMEOUT, async |connection| {
        upsert(connection, statement, rows).await
    })
    .await
}

/// Writes summaries, each under its guard, and tells which ones were written.
pub(super) async fn upsert_all(
    connection: &mut AsyncPgConnection,
    rows: &[SummaryRow],
) -> Result<HashSet<Key>, StorageError> {
    upsert(connection, &guarded_upsert(), rows).await
}

#[derive(QueryableByName)]
struct Written {
    #[diesel(sql_type = Text)]
    project: String,
    #[diesel(sql_type = Text)]
    session_id: String,
}

/// Project and session id.
type Key = (String, String);

/// When a stored session starts and ends.
#[derive(QueryableByName)]
struct Times {
    #[diesel(sql_type = Text)]
    project: String,
    #[diesel(sql_type = Text)]
    session_id: String,
    #[diesel(sql_type = Timestamptz)]
    started_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    last_event_at: DateTime<Utc>,
}

async fn upsert(
    connection: &mut AsyncPgConnection,
    statement: &str,
    rows: &[SummaryRow],
) -> Result<HashSet<Key>, StorageError> {
    // Sorted by key, so that two servers that write the same sessions cannot deadlock.
    let mut sorted: Vec<&SummaryRow> = rows.iter().collect();
    sorted.sort_by_key(|row| (&row.project, &row.session_id));
    connection
        .transaction(async |connection| {
            let stored = stored_times(connection, &sorted).await?;
            let json = sorted.iter().map(|row| Value::Object(row.columns()));
            let written: Vec<Written> = sql_query(statement)
                .bind::<Jsonb, _>(Value::Array(json.collect()))
                .bind::<Jsonb, _>(expected(&stored))
                .get_results(connection)
                .await?;
            let written: HashSet<Key> = written
                .into_iter()
                .map(|row| (row.project, row.session_id))
                .collect();
            let hours = touched(&sorted, &stored, &written);
            summary_hours::touch(connection, &hours).await?;
            Ok(written)
        })
        .await
}

/// When those of the sessions start and end that have a summary already.
async fn stored_times(
    connection: &mut AsyncPgConnection,
    rows: &[&SummaryRow],
) -> QueryResult<HashMap<Key, Times>> {
    let projects: Vec<&str> = rows.iter().map(|row| row.project.as_str()).collect();
    let sessions: Vec<&str> = rows.iter().map(|row| row.session_id.as_str()).collect();
    let stored: Vec<Times> = sql_query(
        "SELECT s.project, s.session_id, s.started_at, s.last_event_at \
         FROM unnest($1, $2) AS k (project, session_id) \
         JOIN session_summaries AS s \
             ON s.project = k.project COLLATE \"C\" AND s.session_id = k.session_id COLLATE \"C\"",
    )
    .bind::<Array<Text>, _>(projects)
    .bind::<Array<Text>, _>(sessions)
    .get_results(connection)
    .await?;
    let keyed = |times: Times| ((times.project.clone(), times.session_id.clone()), times);
    Ok(stored.into_iter().map(keyed).collect())
}

/// The times by project and session, epoch µs, as the statement compares them.
fn expected(stored: &HashMap<Key, Times>) -> Value {
    let mut projects = Map::new();
    for ((project, session_id), times) in stored {
        let sessions = projects.entry(project).or_insert_with(|| json!({}));
        let started_us = times.started_at.timestamp_micros();
        let ended_us = times.last_event_at.timestamp_micros();
        if let Some(sessions) = sessions.as_object_mut() {
            sessions.insert(
                session_id.clone(),
                json!(format!("{started_us} {ended_us}")),
            );
        }
    }
    Value::Object(projects)
}

/// The hours of the written sessions, as they were and as they are.
fn touched(rows: &[&SummaryRow], stored: &HashMap<Key, Times>, written: &HashSet<Key>) -> Hours {
    let mut hours = Hours::default();
    for row in rows {
        let key = (row.project.clone(), row.session_id.clone());
        if !written.contains(&key) {
            continue;
        }
        hours.add_row(row);
        if let Some(times) = stored.get(&key) {
            hours.add(&times.project, times.started_at);
            hours.add(&times.project, times.last_event_at);
        }
    }
    hours
}

/// The statement, over the columns of a `SummaryRow`, which are those of the table. Its second
/// parameter tells the times of the rows that it may replace, see `expected`.
fn guarded_upsert() -> String {
    let columns: Vec<String> = SummaryRow::empty()
        .columns()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let list = columns.join(", ");
    let assignments: Vec<String> = columns
        .iter()
        .filter(|name| !["project", "session_id", "sealed_at"].contains(&name.as_str()))
        .map(|name| format!("{name} = excluded.{name}"))
        .collect();
    format!(
        "INSERT INTO session_summaries AS old ({list}) \
         SELECT {list} FROM jsonb_populate_recordset(NULL::session_summaries, $1) AS new \
         WHERE new.event_count = (SELECT count(*) FROM telemetry_events AS e \
             WHERE e.project = new.project AND e.session_id = new.session_id) \
         ON CONFLICT (project, session_id) DO UPDATE SET {} \
         WHERE (excluded.fold_version, excluded.event_count) >= (old.fold_version, old.event_count) \
             AND old.sealed_at IS NULL \
             AND $2 #>> ARRAY[old.project, old.session_id] = concat( \
                 (extract(epoch FROM old.started_at) * 1000000)::bigint, ' ', \
                 (extract(epoch FROM old.last_event_at) * 1000000)::bigint) \
         RETURNING project, session_id",
        assignments.join(", ")
    )
}
