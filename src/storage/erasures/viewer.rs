//! The sessions of a viewer: whoever is named in any of their events, not only in the summary, since
//! a viewer may sign in during a session. No index tells that, because every event would pay for it;
//! so the events are read through, a partition at a time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::storage::StorageError;
use crate::storage::key::SessionKey;
use crate::storage::pool::Pool;

/// To read through one partition.
const TIMEOUT: Duration = Duration::from_secs(600);

/// Summaries may be older than all events; ids of this age are looked for at least.
const LEAST_AGE: TimeDelta = TimeDelta::days(400);

/// A row that names the viewer. What is no usable id (a number, a text that is too long) is in the
/// event as it was sent, and in no column.
const IN_COLUMN: &str = "viewer_id = ANY($2)";
const IN_EVENT: &str =
    "(viewer_id = ANY($2) OR (viewer_id IS NULL AND raw_json ->> 'viewerId' = ANY($2)))";

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Some of the viewer's sessions, about as many as `most`; none only when there are none.
pub(super) async fn sessions(
    pool: &Pool,
    project: &Arc<str>,
    ids: &[String],
    most: usize,
) -> Result<Vec<SessionKey>, StorageError> {
    let mut found = BTreeSet::new();
    found.extend(of_table(pool, "session_summaries", IN_COLUMN, project, ids, most).await?);
    for table in partitions(pool).await? {
        if found.len() >= most {
            break;
        }
        found.extend(of_table(pool, &table, IN_EVENT, project, ids, most).await?);
    }
    let named = found.into_iter().map(|id| SessionKey::new(project, id));
    Ok(named.collect())
}

/// Since when anything may be stored, epoch ms: the servers make a partition for each day that they
/// are there.
pub(super) async fn stored_since_ms(pool: &Pool, now: DateTime<Utc>) -> Result<i64, StorageError> {
    let days = partitions(pool).await?.into_iter().filter_map(|name| {
        let (_, day) = name.rsplit_once('_')?;
        NaiveDate::parse_from_str(day, "%Y%m%d").ok()
    });
    let first = days.min().map(|day| day.and_time(NaiveTime::MIN).and_utc());
    let least = now - LEAST_AGE;
    Ok(first.map_or(least, |day| day.min(least)).timestamp_millis())
}

/// Every partition of the events, as it is written in SQL.
async fn partitions(pool: &Pool) -> Result<Vec<String>, StorageError> {
    let list = async |connection: &mut AsyncPgConnection| {
        let names: Vec<Name> = sql_query(
            "SELECT inhrelid::regclass::text AS name FROM pg_inherits \
             WHERE inhparent = 'telemetry_events'::regclass ORDER BY 1",
        )
        .get_results(connection)
        .await?;
        Ok(names.into_iter().map(|row| row.name).collect())
    };
    pool.within(TIMEOUT, list).await
}

async fn of_table(
    pool: &Pool,
    table: &str,
    names: &str,
    project: &str,
    ids: &[String],
    most: usize,
) -> Result<Vec<String>, StorageError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let ask = async |connection: &mut AsyncPgConnection| {
        let rows: Vec<Name> = sql_query(format!(
            "SELECT DISTINCT session_id AS name FROM {table} \
             WHERE project = $1 AND {names} LIMIT $3"
        ))
        .bind::<Text, _>(project)
        .bind::<Array<Text>, _>(ids)
        .bind::<BigInt, _>(most)
        .get_results(connection)
        .await?;
        Ok(rows.into_iter().map(|row| row.name).collect())
    };
    pool.within(TIMEOUT, ask).await
}
