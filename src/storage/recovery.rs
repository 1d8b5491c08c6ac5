//! Recovery: sessions whose rows were committed but whose summary was never written, because a
//! server died, was cut off, or gave up on a session that others were writing to.
//!
//! A stored watermark bounds the search to sessions with rows since then. A row is stamped before it
//! is committed, so the watermark stays `MARGIN` behind the clock.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Integer, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::TryStreamExt;

use super::StorageError;
use super::key::SessionKey;
use super::pool::Pool;
use super::replay::{MAX_SESSIONS, fold_sessions};
use super::schema::recovery_watermark as w;
use super::summaries::upsert_all;
use super::summary_row::SummaryRow;
use crate::qoe::FOLD_VERSION;

/// The longest a row may take from its stamp to its commit, and what servers' clocks may differ by.
pub(super) const MARGIN: TimeDelta = TimeDelta::seconds(120);

/// What a pass looks for.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// The time of the pass.
    pub now: DateTime<Utc>,
    /// Sessions with rows after this are left alone: they may still be live somewhere.
    pub quiet_since: DateTime<Utc>,
}

/// What a pass did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovered {
    /// Summaries written.
    pub written: usize,
    /// Sessions that changed meanwhile; the next pass sees them again.
    pub refused: usize,
    /// Sessions without a current summary that are not quiet yet.
    pub waiting: usize,
    /// The newest row of the waiting session that will be quiet first, sessions with an actor here
    /// left out: when to look again.
    pub next_quiet: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
struct Candidate {
    #[diesel(sql_type = Text)]
    project: String,
    #[diesel(sql_type = Text)]
    session_id: String,
    #[diesel(sql_type = Timestamptz)]
    last_row: DateTime<Utc>,
}

/// Runs one pass. `is_live` tells the sessions that an actor of this process looks after.
pub async fn recover(
    pool: &Pool,
    search: Search,
    is_live: impl Fn(&SessionKey) -> bool,
) -> Result<Recovered, StorageError> {
    let mut reader = pool.get().await?;
    let mut worker = pool.get().await?;
    let since = watermark(&mut worker).await?;
    let mut pass = Pass {
        search,
        recovered: Recovered::default(),
        reached: search.now - MARGIN,
    };
    let mut candidates = candidates(&mut reader, since).await?;
    let mut chunk = Vec::with_capacity(MAX_SESSIONS);
    while let Some(candidate) = candidates.try_next().await? {
        let key = SessionKey::new(
            &candidate.project.as_str().into(),
            candidate.session_id.as_str(),
        );
        let live = is_live(&key);
        if live || candidate.last_row > search.quiet_since {
            pass.leave(&candidate, live);
            continue;
        }
        chunk.push((key, candidate.last_row));
        if chunk.len() == MAX_SESSIONS {
            pass.fold(&mut worker, std::mem::take(&mut chunk)).await?;
        }
    }
    pass.fold(&mut worker, chunk).await?;
    drop(candidates);
    set_watermark(&mut worker, pass.reached).await?;
    Ok(pass.recovered)
}

struct Pass {
    search: Search,
    recovered: Recovered,
    /// Where the watermark may go: not beyond the newest row of any session that was left. That row
    /// alone makes the session a candidate again, and its whole count is looked at then.
    reached: DateTime<Utc>,
}

impl Pass {
    /// The session's time has not come, or its actor looks after it (`live`).
    fn leave(&mut self, candidate: &Candidate, live: bool) {
        self.recovered.waiting += 1;
        self.reached = self.reached.min(candidate.last_row);
        if live {
            return;
        }
        let quiet = &mut self.recovered.next_quiet;
        *quiet = Some(quiet.map_or(candidate.last_row, |known| known.min(candidate.last_row)));
    }

    async fn fold(
        &mut self,
        connection: &mut AsyncPgConnection,
        chunk: Vec<(SessionKey, DateTime<Utc>)>,
    ) -> Result<(), StorageError> {
        let keys: Vec<SessionKey> = chunk.iter().map(|(key, _)| key.clone()).collect();
        let now_ms = self.search.now.timestamp_millis();
        let rows: Vec<SummaryRow> = fold_sessions(connection, &keys)
            .await?
            .into_iter()
            .map(|(key, fold)| SummaryRow::new(&key, fold.summary(), now_ms))
            .collect();
        let written = upsert_all(connection, &rows).await?;
        self.recovered.written += written.len();
        for (key, last_row) in chunk {
            if !written.contains(&(key.project.to_string(), key.session_id.to_string())) {
                self.recovered.refused += 1;
                self.reached = self.reached.min(last_row);
            }
        }
        Ok(())
    }
}

/// Sessions with rows since `since` that have no current summary, streamed. One that folds more rows
/// than there are stays as it is (rows were dropped, and a new fold would know less), and so does one
/// of a newer version's fold.
async fn candidates(
    connection: &mut AsyncPgConnection,
    since: DateTime<Utc>,
) -> Result<impl futures_util::Stream<Item = QueryResult<Candidate>> + Unpin, StorageError> {
    let stream = sql_query(
        "WITH recent AS MATERIALIZED ( \
             SELECT DISTINCT project, session_id FROM telemetry_events WHERE created_at >= $1) \
         SELECT r.project, r.session_id, e.last_row \
         FROM recent AS r \
         CROSS JOIN LATERAL ( \
             SELECT count(*) AS rows, max(created_at) AS last_row FROM telemetry_events AS e \
             WHERE e.project = r.project AND e.session_id = r.session_id) AS e \
         LEFT JOIN session_summaries AS s \
             ON s.project = r.project AND s.session_id = r.session_id \
         WHERE s.session_id IS NULL \
             OR (s.sealed_at IS NULL AND s.event_count <= e.rows AND s.fold_version <= $2 \
                 AND (s.event_count < e.rows OR s.fold_version < $2)) \
         ORDER BY r.project, r.session_id",
    )
    .bind::<Timestamptz, _>(since)
    .bind::<Integer, _>(FOLD_VERSION)
    .load_stream::<Candidate>(connection)
    .await?;
    Ok(stream)
}

async fn watermark(connection: &mut AsyncPgConnection) -> Result<DateTime<Utc>, StorageError> {
    let stored = w::table
        .select(w::scanned_until)
        .first(connection)
        .await
        .optional()?;
    Ok(stored.unwrap_or_default())
}

async fn set_watermark(
    connection: &mut AsyncPgConnection,
    reached: DateTime<Utc>,
) -> Result<(), StorageError> {
    diesel::insert_into(w::table)
        .values(w::scanned_until.eq(reached))
        .on_conflict(w::id)
        .do_update()
        .set(w::scanned_until.eq(reached))
        .execute(connection)
        .await?;
    Ok(())
}
