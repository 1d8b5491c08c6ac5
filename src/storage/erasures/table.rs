//! `erasures`, statement by statement. Tombstones are written in the order of their digests, so that
//! two who erase the same sessions do not wait for each other.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Binary, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::TryStreamExt;

use super::known::{digest, short};
use crate::storage::StorageError;
use crate::storage::connection::STATEMENT_TIMEOUT;
use crate::storage::key::SessionKey;
use crate::storage::pool::Pool;
use crate::storage::schema::erasures as t;

/// To read every tombstone there is; a million take a second.
pub(super) const LOAD_TIMEOUT: Duration = Duration::from_secs(60);

/// Commits tombstones. One that is there, finished or not, is to be finished anew.
pub(super) async fn lay(
    pool: &Pool,
    keys: &[SessionKey],
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let mut tombstones: Vec<(Vec<u8>, &SessionKey)> =
        keys.iter().map(|key| (digest(key), key)).collect();
    tombstones.sort();
    tombstones.dedup();
    let digests: Vec<&[u8]> = tombstones.iter().map(|(digest, _)| &**digest).collect();
    let projects: Vec<&str> = tombstones.iter().map(|(_, key)| &*key.project).collect();
    let sessions: Vec<&str> = tombstones.iter().map(|(_, key)| &*key.session_id).collect();
    let lay = async |connection: &mut AsyncPgConnection| {
        sql_query(
            "INSERT INTO erasures (session_digest, project, session_id, erased_at) \
             SELECT k.*, $4 FROM unnest($1, $2, $3) AS k \
             ON CONFLICT (session_digest) DO UPDATE SET project = excluded.project, \
                 session_id = excluded.session_id, finished_at = NULL",
        )
        .bind::<Array<Binary>, _>(digests)
        .bind::<Array<Text>, _>(projects)
        .bind::<Array<Text>, _>(sessions)
        .bind::<Timestamptz, _>(now)
        .execute(connection)
        .await?;
        Ok(())
    };
    pool.within(STATEMENT_TIMEOUT, lay).await
}

/// The oldest tombstones that are not finished.
pub(super) async fn unfinished(pool: &Pool, most: usize) -> Result<Vec<SessionKey>, StorageError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let ask = async |connection: &mut AsyncPgConnection| {
        let rows: Vec<(Option<String>, Option<String>)> = t::table
            .filter(t::finished_at.is_null())
            .order(t::erased_at)
            .limit(most)
            .select((t::project, t::session_id))
            .load(connection)
            .await?;
        Ok(rows)
    };
    let rows = pool.within(STATEMENT_TIMEOUT, ask).await?;
    let named = rows.into_iter().filter_map(|(project, session_id)| {
        Some(SessionKey::new(&project?.as_str().into(), session_id?))
    });
    Ok(named.collect())
}

/// Notes that erasures are finished; from now on their digests are all that is kept.
pub(super) async fn finish(
    pool: &Pool,
    keys: &[SessionKey],
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let digests: Vec<Vec<u8>> = keys.iter().map(digest).collect();
    let finish = async |connection: &mut AsyncPgConnection| {
        let nobody = None::<String>;
        diesel::update(t::table.filter(t::session_digest.eq_any(digests)))
            .set((
                t::project.eq(nobody.clone()),
                t::session_id.eq(nobody),
                t::finished_at.eq(now),
            ))
            .execute(connection)
            .await?;
        Ok(())
    };
    pool.within(STATEMENT_TIMEOUT, finish).await
}

/// Which of these sessions have a tombstone.
pub(in crate::storage) async fn erased_among(
    connection: &mut AsyncPgConnection,
    keys: &[SessionKey],
) -> Result<HashSet<SessionKey>, StorageError> {
    let digests: Vec<Vec<u8>> = keys.iter().map(digest).collect();
    let found: Vec<Vec<u8>> = t::table
        .filter(t::session_digest.eq_any(&digests))
        .select(t::session_digest)
        .load(connection)
        .await?;
    let found: HashSet<Vec<u8>> = found.into_iter().collect();
    let both = keys.iter().zip(&digests);
    let erased = both.filter(|(_, digest)| found.contains(*digest));
    Ok(erased.map(|(key, _)| key.clone()).collect())
}

/// Every tombstone there is.
pub(super) async fn all(connection: &mut AsyncPgConnection) -> Result<Vec<u128>, StorageError> {
    let rows = t::table
        .select(t::session_digest)
        .load_stream::<Vec<u8>>(connection)
        .await?;
    Ok(rows.map_ok(|digest| short(&digest)).try_collect().await?)
}

/// The newest tombstones that are not finished; all of them where `most` is none.
pub(super) async fn newest_unfinished(
    connection: &mut AsyncPgConnection,
    most: Option<i64>,
) -> Result<Vec<u128>, StorageError> {
    let rows = t::table
        .filter(t::finished_at.is_null())
        .order(t::erased_at.desc())
        .limit(most.unwrap_or(i64::MAX))
        .select(t::session_digest)
        .load_stream::<Vec<u8>>(connection)
        .await?;
    Ok(rows.map_ok(|digest| short(&digest)).try_collect().await?)
}
