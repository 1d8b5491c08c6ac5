//! Summaries of sessions whose events are not kept. They are sealed: nothing folds them anew, and
//! `verify` misses no rows. The guard of other summaries, the count of rows, has nothing to count
//! here; instead a sealed summary is only written where the session has none.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::sql_query;
use diesel::sql_types::Jsonb;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::Value;

use super::StorageError;
use super::pool::Pool;
use super::summary_hours::{self, Hours};
use super::summary_row::SummaryRow;

/// For one statement; a thousand summaries take a tenth of a second.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Writes summaries as sealed at this time, and tells how many of them are new. Asks for about 2 KiB
/// of memory a row; the caller bounds the rows.
pub async fn insert(
    pool: &Pool,
    rows: Vec<SummaryRow>,
    sealed_at: DateTime<Utc>,
) -> Result<usize, StorageError> {
    let mut hours = Hours::default();
    rows.iter().for_each(|row| hours.add_row(row));
    let json = rows
        .into_iter()
        .map(|row| SummaryRow {
            sealed_at: Some(sealed_at),
            ..row
        })
        .map(|row| Value::Object(row.columns()))
        .collect();
    let statement = statement();
    let insert = async |connection: &mut AsyncPgConnection| {
        let inserting = async |connection: &mut AsyncPgConnection| {
            let written = sql_query(statement)
                .bind::<Jsonb, _>(Value::Array(json))
                .execute(connection)
                .await?;
            super::expiry::begin_sealing(connection).await?;
            // Those that were there already count too, which does no harm.
            summary_hours::touch(connection, &hours).await?;
            Ok(written)
        };
        connection.transaction(inserting).await
    };
    pool.within(TIMEOUT, insert).await
}

/// Over the columns of a `SummaryRow`, which are those of the table.
fn statement() -> String {
    let columns = SummaryRow::empty().columns();
    let columns: Vec<&str> = columns.keys().map(String::as_str).collect();
    let columns = columns.join(", ");
    format!(
        "INSERT INTO session_summaries ({columns}) \
         SELECT {columns} FROM jsonb_populate_recordset(NULL::session_summaries, $1) \
         ON CONFLICT (project, session_id) DO NOTHING"
    )
}
