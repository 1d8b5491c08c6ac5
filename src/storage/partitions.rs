//! Day partitions of `telemetry_events`, made ahead of time, so that a day can be dropped whole.
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
use diesel::sql_types::{Bool, Text};
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

/// Sets `telemetry.locked` to yes or no. Writers lock the parent and then the partition, as we do.
const LOCK_FOR_A_MOMENT: &str = "\
    DO $$ BEGIN \
        SET LOCAL lock_timeout = '1s'; \
        LOCK TABLE ONLY telemetry_events IN SHARE ROW EXCLUSIVE MODE; \
        LOCK TABLE telemetry_events_default IN ACCESS EXCLUSIVE MODE; \
        PERFORM set_config('telemetry.locked', 'yes', true); \
    EXCEPTION WHEN lock_not_available THEN \
        PERFORM set_config('telemetry.locked', 'no', true); \
    END $$";

async fn lock(connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    sql_query(LOCK_FOR_A_MOMENT).execute(connection).await?;
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
            if !lock(connection).await? {
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
