//! Reading summaries.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::StorageError;
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
