//! Day partitions of `telemetry_events`, made ahead of time, and dropped whole; when, `retention` knows.
//!
//! A day's events may already lie in the DEFAULT partition (a client's clock runs ahead, or the
//! service was away for long). Such a day is made in one transaction: lock, create, move, attach.
//!
//! The parent is locked first, and against writers too: an INSERT that has chosen DEFAULT for its rows
//! when the day is attached fails with a check violation, as if the rows were bad. Whoever reads for
//! long (`verify`, an analyst) must not stop ingest by keeping us waiting behind that lock, so
//! we give up soon and try again at the next tidying: there is a week for it.

use chrono::{DateTime, Days, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

use super::StorageError;
use super::pool::Pool;

/// Days made beyond today.
const DAYS_AHEAD: u64 = 8;
/// Yesterday's late events, and today's in time zones that are behind.
const DAYS_BEHIND: u64 = 1;
/// Servers that start together make partitions one after the other: "partitio" in ASCII.
const LOCK: i64 = 0x7061_7274_6974_696F;

/// Makes the partitions around `now` that are missing and returns their names.
pub async fn ensure(pool: &Pool, now: DateTime<Utc>) -> Result<Vec<String>, StorageError> {
    let mut connection = pool.get().await?;
    let today = now.date_naive();
    let first = today - Days::new(DAYS_BEHIND);
    let mut made = Vec::new();
    for day in first
        .iter_days()
        .take_while(|day| *day <= today + Days::new(DAYS_AHEAD))
    {
        if exists(&mut connection, day).await? {
            continue;
        }
        match make(&mut connection, day).await? {
            Made::Now => made.push(name(day)),
            Made::ByAnother => {}
            Made::NotYet => {
                tracing::warn!(%day, "the events are in use, so this day's partition is made later");
                break;
            }
        }
    }
    Ok(made)
}

/// The partition of a day (UTC).
fn name(day: NaiveDate) -> String {
    format!("telemetry_events_{}", day.format("%Y%m%d"))
}

fn start_ms(day: NaiveDate) -> i64 {
    day.and_time(chrono::NaiveTime::MIN)
        .and_utc()
        .timestamp_millis()
}

#[derive(QueryableByName)]
struct Exists {
    #[diesel(sql_type = Bool)]
    found: bool,
}

async fn exists(connection: &mut AsyncPgConnection, day: NaiveDate) -> QueryResult<bool> {
    // Not to_regclass: it answers from a cache that does not see what another server made while this
    // one waited for the lock.
    let row: Exists = sql_query(
        "SELECT EXISTS (SELECT FROM pg_class AS p JOIN pg_class AS t USING (relnamespace) \
         WHERE t.oid = 'telemetry_events'::regclass AND p.relname = $1) AS found",
    )
    .bind::<Text, _>(name(day))
    .get_result(connection)
    .await?;
    Ok(row.found)
}

/// What came of making a partition.
enum Made {
    Now,
    ByAnother,
    NotYet,
}

/// Locks the parent in this mode and then the partition altogether, as writers do, unless either is in
/// use for longer than a moment.
async fn lock(
    connection: &mut AsyncPgConnection,
    (mode, patience): (&str, &str),
    partition: &str,
) -> QueryResult<bool> {
    // Sets `telemetry.locked` to yes or no: a failed statement would end the transaction.
    sql_query(format!(
        "DO $$ BEGIN \
            SET LOCAL lock_timeout = '{patience}'; \
            LOCK TABLE ONLY telemetry_events IN {mode} MODE; \
            LOCK TABLE {partition} IN ACCESS EXCLUSIVE MODE; \
            PERFORM set_config('telemetry.locked', 'yes', true); \
        EXCEPTION WHEN lock_not_available THEN \
            PERFORM set_config('telemetry.locked', 'no', true); \
        END $$"
    ))
    .execute(connection)
    .await?;
    let row: Exists = sql_query("SELECT current_setting('telemetry.locked') = 'yes' AS found")
        .get_result(connection)
        .await?;
    Ok(row.found)
}

async fn make(connection: &mut AsyncPgConnection, day: NaiveDate) -> Result<Made, StorageError> {
    let (from, to) = (start_ms(day), start_ms(day + Days::new(1)));
    let partition = name(day);
    connection
        .transaction(async |connection| {
            sql_query(format!("SELECT pg_advisory_xact_lock({LOCK})"))
                .execute(connection)
                .await?;
            if exists(connection, day).await? {
                return Ok(Made::ByAnother);
            }
            let mode = ("SHARE ROW EXCLUSIVE", "1s");
            if !lock(connection, mode, "telemetry_events_default").await? {
                return Ok(Made::NotYet);
            }
            for statement in [
                format!("CREATE TABLE {partition} (LIKE telemetry_events INCLUDING ALL)"),
                format!(
                    "WITH moved AS (DELETE FROM telemetry_events_default \
                     WHERE event_timestamp >= {from} AND event_timestamp < {to} RETURNING *) \
                     INSERT INTO {partition} SELECT * FROM moved"
                ),
                format!(
                    "ALTER TABLE telemetry_events ATTACH PARTITION {partition} \
                     FOR VALUES FROM ({from}) TO ({to})"
                ),
            ] {
                sql_query(statement).execute(connection).await?;
            }
            Ok(Made::Now)
        })
        .await
}

/// A partition of events of some time.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub(super) struct Partition {
    /// Its name, as it stands in a statement.
    #[diesel(sql_type = Text)]
    pub(super) name: String,
    /// Its events' timestamps, epoch ms: from this one
    #[diesel(sql_type = BigInt)]
    pub(super) from_ms: i64,
    /// up to this one, which is not in it.
    #[diesel(sql_type = BigInt)]
    pub(super) until_ms: i64,
}

/// The partitions that end before a time, the oldest first. The DEFAULT partition has no end.
pub(super) async fn ending_before(
    connection: &mut AsyncPgConnection,
    before_ms: i64,
) -> QueryResult<Vec<Partition>> {
    sql_query(
        "SELECT name, from_ms, until_ms FROM ( \
             SELECT p.oid::regclass::text AS name, \
                 substring(b.bound FROM 'FROM \\(''?(-?[0-9]+)')::bigint AS from_ms, \
                 substring(b.bound FROM 'TO \\(''?(-?[0-9]+)')::bigint AS until_ms \
             FROM pg_inherits AS i JOIN pg_class AS p ON p.oid = i.inhrelid \
             CROSS JOIN LATERAL (SELECT pg_get_expr(p.relpartbound, p.oid) AS bound) AS b \
             WHERE i.inhparent = 'telemetry_events'::regclass) AS partitions \
         WHERE from_ms IS NOT NULL AND until_ms <= $1 ORDER BY until_ms",
    )
    .bind::<BigInt, _>(before_ms)
    .get_results(connection)
    .await
}

/// What came of dropping a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drop {
    /// It is gone.
    Done,
    /// It has rows that came since the time given.
    Changed,
    /// It, or the events as a whole, were in use for longer than a moment.
    InUse,
}

/// Drops a partition, unless it has rows that were created since a time.
pub(super) async fn drop(
    connection: &mut AsyncPgConnection,
    partition: &str,
    unchanged_since: DateTime<Utc>,
) -> QueryResult<Drop> {
    connection
        .transaction(async |connection| {
            sql_query(format!("SELECT pg_advisory_xact_lock({LOCK})"))
                .execute(connection)
                .await?;
            if !lock(connection, ("ACCESS EXCLUSIVE", "300ms"), partition).await? {
                return Ok(Drop::InUse);
            }
            let changed: Exists = sql_query(format!(
                "SELECT EXISTS (SELECT FROM {partition} WHERE created_at >= $1) AS found"
            ))
            .bind::<Timestamptz, _>(unchanged_since)
            .get_result(connection)
            .await?;
            if changed.found {
                return Ok(Drop::Changed);
            }
            sql_query(format!("DROP TABLE {partition}"))
                .execute(connection)
                .await?;
            Ok(Drop::Done)
        })
        .await
}
