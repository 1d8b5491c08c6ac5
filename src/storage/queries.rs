//! Reading summaries.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::StorageError;
use super::key::SessionKey;
use super::schema::{session_summaries as s, telemetry_events as e};
use super::summary_row::SummaryRow;

/// One session's summary.
pub async fn summary(
    connection: &mut AsyncPgConnection,
    project: &str,
    session_id: &str,
) -> Result<Option<SummaryRow>, StorageError> {
    let row = s::table
        .find((project, session_id))
        .select(SummaryRow::as_select())
        .first(connection)
        .await
        .optional()?;
    Ok(row)
}

/// How many events a session has.
pub async fn event_count(
    connection: &mut AsyncPgConnection,
    project: &str,
    session_id: &str,
) -> Result<i64, StorageError> {
    let count = e::table
        .filter(e::project.eq(project))
        .filter(e::session_id.eq(session_id))
        .count()
        .get_result(connection)
        .await?;
    Ok(count)
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = Text)]
    project: String,
    #[diesel(sql_type = Text)]
    session_id: String,
    #[diesel(sql_type = BigInt)]
    events: i64,
}

/// How many events of each session are stored; none where a session is not named.
pub async fn event_counts(
    connection: &mut AsyncPgConnection,
    keys: &[SessionKey],
) -> Result<HashMap<SessionKey, usize>, StorageError> {
    let projects: Vec<&str> = keys.iter().map(|key| &*key.project).collect();
    let sessions: Vec<&str> = keys.iter().map(|key| &*key.session_id).collect();
    let rows: Vec<Counted> = sql_query(
        "SELECT e.project, e.session_id, count(*) AS events \
         FROM unnest($1, $2) AS k (project, session_id) \
         JOIN telemetry_events AS e \
             ON e.project = k.project COLLATE \"C\" AND e.session_id = k.session_id COLLATE \"C\" \
         GROUP BY e.project, e.session_id",
    )
    .bind::<Array<Text>, _>(projects)
    .bind::<Array<Text>, _>(sessions)
    .load(connection)
    .await?;
    let counted = rows.into_iter().map(|row| {
        let key = SessionKey::new(&row.project.as_str().into(), row.session_id);
        (key, usize::try_from(row.events).unwrap_or(usize::MAX))
    });
    Ok(counted.collect())
}
