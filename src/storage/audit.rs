//! Going through all sessions in the order of their keys, a page at a time: `verify` compares their
//! summaries with their rows, `refold` writes them anew.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;

use super::StorageError;
use super::erasures::erased_among_on;
use super::key::SessionKey;
use super::pool::Pool;
use super::replay::{MAX_SESSIONS, fold_sessions};
use super::schema::session_summaries as s;
use super::summaries::upsert_all;
use super::summary_row::SummaryRow;

/// How a summary fails its rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// The session went quiet and has no summary.
    Missing,
    /// The summary folds another number of rows than there are: (summary, rows).
    Outdated(i64, i64),
    /// It folds the right number of rows and says something else: column → (summary, fold of rows).
    Differs(BTreeMap<String, (Value, Value)>),
    /// There is a summary and no rows.
    NoRows,
}

/// A session whose summary is not the fold of its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The session.
    pub key: SessionKey,
    /// What is wrong.
    pub fault: Fault,
}

/// How far `verify` has come; at the end, its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verified {
    /// Sessions looked at.
    pub sessions: u64,
    /// Summaries that equal the fold of their rows.
    pub equal: u64,
    /// Sessions that are still live: no current summary is due yet.
    pub live: u64,
    /// Sealed summaries; their rows may be gone.
    pub sealed: u64,
    /// Sessions that are being erased: what is left of them is no difference.
    pub erased: u64,
    /// Differences found.
    pub differences: u64,
}

#[derive(QueryableByName)]
struct SessionRows {
    #[diesel(sql_type = Text)]
    project: String,
    #[diesel(sql_type = Text)]
    session_id: String,
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = Timestamptz)]
    last_row: DateTime<Utc>,
}

impl SessionRows {
    fn key(&self) -> SessionKey {
        SessionKey::new(&self.project.as_str().into(), self.session_id.as_str())
    }
}

/// The next page of sessions that have rows.
async fn page(
    connection: &mut AsyncPgConnection,
    after: Option<&SessionKey>,
) -> QueryResult<Vec<SessionRows>> {
    let (project, session_id) = after.map_or(("", ""), |key| (&*key.project, &*key.session_id));
    sql_query(
        "SELECT project, session_id, count(*) AS rows, max(created_at) AS last_row \
         FROM telemetry_events WHERE (project, session_id) > ($1, $2) \
         GROUP BY project, session_id ORDER BY project, session_id LIMIT $3",
    )
    .bind::<Text, _>(project)
    .bind::<Text, _>(session_id)
    .bind::<BigInt, _>(i64::try_from(MAX_SESSIONS).unwrap_or(i64::MAX))
    .get_results(connection)
    .await
}

/// How many sessions have rows, for progress bars.
pub async fn count_sessions(pool: &Pool) -> Result<u64, StorageError> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        sessions: i64,
    }
    let count: Count = sql_query(
        "SELECT count(*) AS sessions \
         FROM (SELECT DISTINCT project, session_id FROM telemetry_events) AS s",
    )
    .get_result(&mut pool.get().await?)
    .await?;
    Ok(u64::try_from(count.sessions).unwrap_or(0))
}

/// Compares every summary with the fold of its session's rows, in one snapshot. `seen` is told how
/// far it is after each page, `found` each difference.
pub async fn verify(
    pool: &Pool,
    quiet_since: DateTime<Utc>,
    mut seen: impl FnMut(Verified) + Send,
    mut found: impl FnMut(Difference) + Send,
) -> Result<Verified, StorageError> {
    let mut connection = pool.get().await?;
    connection
        .build_transaction()
        .repeatable_read()
        .read_only()
        .run(async |connection| -> Result<Verified, StorageError> {
            let mut verified = Verified::default();
            let mut after = None;
            loop {
                let sessions = page(connection, after.as_ref()).await?;
                let Some(last) = sessions.last() else { break };
                after = Some(last.key());
                let differences = check(connection, &sessions, quiet_since, &mut verified).await?;
                let left = not_erased(connection, differences, &mut verified).await?;
                left.into_iter().for_each(&mut found);
                seen(verified);
            }
            let without_rows = without_rows(connection).await?.into_iter();
            let differences: Vec<Difference> = without_rows
                .map(|key| Difference {
                    key,
                    fault: Fault::NoRows,
                })
                .collect();
            let sealed = sealed_without_rows(connection).await?;
            verified.sealed += sealed;
            verified.sessions += sealed + u64::try_from(differences.len()).unwrap_or(0);
            let left = not_erased(connection, differences, &mut verified).await?;
            left.into_iter().for_each(&mut found);
            Ok(verified)
        })
        .await
}

/// Counts differences, but those of erased sessions apart, and gives the others back. In the same
/// snapshot: a tombstone is committed before the first row goes.
async fn not_erased(
    connection: &mut AsyncPgConnection,
    differences: Vec<Difference>,
    verified: &mut Verified,
) -> Result<Vec<Difference>, StorageError> {
    if differences.is_empty() {
        return Ok(differences);
    }
    let keys: Vec<SessionKey> = differences.iter().map(|it| it.key.clone()).collect();
    let erased = erased_among_on(connection, &keys).await?;
    let (gone, left): (Vec<_>, Vec<_>) = differences
        .into_iter()
        .partition(|difference| erased.contains(&difference.key));
    verified.erased += u64::try_from(gone.len()).unwrap_or(0);
    verified.differences += u64::try_from(left.len()).unwrap_or(0);
    Ok(left)
}

async fn check(
    connection: &mut AsyncPgConnection,
    sessions: &[SessionRows],
    quiet_since: DateTime<Utc>,
    verified: &mut Verified,
) -> Result<Vec<Difference>, StorageError> {
    let mut summaries = summaries_of(connection, sessions).await?;
    let mut differences = Vec::new();
    let mut comparable = Vec::new();
    for session in sessions {
        verified.sessions += 1;
        let key = session.key();
        let summary = summaries.get(&key);
        let fault = match summary {
            Some(summary) if summary.sealed_at.is_some() => {
                verified.sealed += 1;
                continue;
            }
            Some(summary) if summary.event_count == session.rows => {
                comparable.push(key);
                continue;
            }
            // Until it is quiet, its actor has yet to write it.
            _ if session.last_row > quiet_since => {
                verified.live += 1;
                continue;
            }
            Some(summary) => Fault::Outdated(summary.event_count, session.rows),
            None => Fault::Missing,
        };
        differences.push(Difference { key, fault });
    }
    for (key, fold) in fold_sessions(connection, &comparable).await? {
        let Some(summary) = summaries.remove(&key) else {
            continue;
        };
        let differing = summary.differences(&SummaryRow::new(&key, fold.summary(), 0));
        if differing.is_empty() {
            verified.equal += 1;
        } else {
            differences.push(Difference {
                key,
                fault: Fault::Differs(differing),
            });
        }
    }
    Ok(differences)
}

async fn summaries_of(
    connection: &mut AsyncPgConnection,
    sessions: &[SessionRows],
) -> QueryResult<HashMap<SessionKey, SummaryRow>> {
    // The two lists admit more pairs than asked for; the map does not mind.
    let rows: Vec<SummaryRow> = s::table
        .filter(s::project.eq_any(sessions.iter().map(|session| session.project.as_str())))
        .filter(s::session_id.eq_any(sessions.iter().map(|session| session.session_id.as_str())))
        .select(SummaryRow::as_select())
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(|row| (row.key(), row)).collect())
}

/// Unsealed summaries of sessions that have no rows: there should be none.
async fn without_rows(connection: &mut AsyncPgConnection) -> QueryResult<Vec<SessionKey>> {
    #[derive(QueryableByName)]
    struct Key {
        #[diesel(sql_type = Text)]
        project: String,
        #[diesel(sql_type = Text)]
        session_id: String,
    }
    let keys: Vec<Key> = sql_query(
        "SELECT project, session_id FROM session_summaries AS s \
         WHERE sealed_at IS NULL AND NOT EXISTS (SELECT FROM telemetry_events AS e \
             WHERE e.project = s.project AND e.session_id = s.session_id) \
         ORDER BY project, session_id",
    )
    .get_results(connection)
    .await?;
    Ok(keys
        .into_iter()
        .map(|key| SessionKey::new(&key.project.as_str().into(), key.session_id))
        .collect())
}

/// How many sealed summaries have outlived all of their rows.
async fn sealed_without_rows(connection: &mut AsyncPgConnection) -> QueryResult<u64> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        sessions: i64,
    }
    let count: Count = sql_query(
        "SELECT count(*) AS sessions FROM session_summaries AS s \
         WHERE sealed_at IS NOT NULL AND NOT EXISTS (SELECT FROM telemetry_events AS e \
             WHERE e.project = s.project AND e.session_id = s.session_id)",
    )
    .get_result(connection)
    .await?;
    Ok(count.sessions.unsigned_abs())
}

/// What `refold` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Refolded {
    /// Summaries written.
    pub written: u64,
    /// Sessions that got new rows meanwhile, or whose summary is newer or sealed.
    pub refused: u64,
}

/// Writes the summaries of all sessions behind `after` anew, in the order of their keys. `seen` is
/// told how far it is and the last session done, from where an interrupted run can go on.
pub async fn refold_all(
    pool: &Pool,
    now: DateTime<Utc>,
    mut after: Option<SessionKey>,
    mut seen: impl FnMut(Refolded, &SessionKey) + Send,
) -> Result<Refolded, StorageError> {
    let mut connection = pool.get().await?;
    let mut total = Refolded::default();
    loop {
        let sessions = page(&mut connection, after.as_ref()).await?;
        let Some(last) = sessions.last() else {
            return Ok(total);
        };
        let last = last.key();
        let keys: Vec<SessionKey> = sessions.iter().map(SessionRows::key).collect();
        let refolded = refold(&mut connection, &keys, now).await?;
        total.written += refolded.written;
        total.refused += refolded.refused;
        seen(total, &last);
        after = Some(last);
    }
}

/// Writes the summaries of some sessions anew. Sessions without rows count as neither.
pub async fn refold(
    connection: &mut AsyncPgConnection,
    keys: &[SessionKey],
    now: DateTime<Utc>,
) -> Result<Refolded, StorageError> {
    let rows: Vec<SummaryRow> = fold_sessions(connection, keys)
        .await?
        .into_iter()
        .map(|(key, fold)| SummaryRow::new(&key, fold.summary(), now.timestamp_millis()))
        .collect();
    let written = upsert_all(connection, &rows).await?.len();
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    Ok(Refolded {
        written: count(written),
        refused: count(rows.len() - written),
    })
}
