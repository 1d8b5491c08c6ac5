//! Fetching columns from PostgreSQL.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Double, Nullable, Text as SqlText, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::TryStreamExt;

use super::super::Clock;
use super::super::sql::{Bind, Sql};
use super::{Cell, Column};
use crate::storage::StorageError;
use crate::storage::summary_hours;

/// An hour, and which version of it is in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    /// Epoch s.
    pub(super) hour: i64,
    pub(super) version: i64,
}

/// The hours of a period in which sessions start or end, in their order.
pub(super) async fn versions(
    connection: &mut AsyncPgConnection,
    project: &str,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Version>, StorageError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Timestamptz)]
        hour: DateTime<Utc>,
        #[diesel(sql_type = BigInt)]
        version: i64,
    }
    let mut sql = Sql::new("SELECT hour, version FROM summary_hours WHERE project = ");
    sql.bind(Bind::Text(project.to_owned()));
    sql.push(" AND hour > ");
    sql.bind(Bind::Time(
        from - chrono::TimeDelta::seconds(summary_hours::SECS),
    ));
    sql.push(" AND hour < ");
    sql.bind(Bind::Time(to));
    sql.push(" ORDER BY hour");
    let rows: Vec<Row> = sql.query().get_results(connection).await?;
    let version = |row: Row| Version {
        hour: row.hour.timestamp(),
        version: row.version,
    };
    Ok(rows.into_iter().map(version).collect())
}

#[derive(QueryableByName)]
struct Loaded {
    #[diesel(sql_type = BigInt)]
    hour: i64,
    #[diesel(sql_type = BigInt)]
    sessions: i64,
    #[diesel(sql_type = Array<Double>)]
    numbers: Vec<f64>,
    #[diesel(sql_type = Array<Nullable<SqlText>>)]
    texts: Vec<Option<String>>,
}

/// Fetches columns of hours, each hour in one row, and hands them on as they come.
pub(super) async fn columns(
    connection: &mut AsyncPgConnection,
    (project, clock): (&str, Clock),
    hours: &[i64],
    cells: &[&Cell],
    mut loaded: impl FnMut(i64, Vec<Column>),
) -> Result<(), StorageError> {
    let statement = statement(project, clock, hours, cells);
    let mut rows = statement.query().load_stream::<Loaded>(connection).await?;
    while let Some(row) = rows.try_next().await? {
        let hour = row.hour;
        loaded(hour, split(row, cells));
    }
    Ok(())
}

/// Takes an hour's arrays apart: all numbers stand in one, one column after the other, all texts in
/// another.
fn split(row: Loaded, cells: &[&Cell]) -> Vec<Column> {
    let sessions = usize::try_from(row.sessions).unwrap_or_default();
    let (mut numbers, mut texts) = (row.numbers.into_iter(), row.texts.into_iter());
    let column = |cell: &&Cell| match cell.is_text() {
        true => Column::Texts(texts.by_ref().take(sessions).collect()),
        false => Column::Numbers(numbers.by_ref().take(sessions).collect()),
    };
    cells.iter().map(column).collect()
}

/// For each hour a range of the index by this time, which has the rows in their order.
fn statement(project: &str, clock: Clock, hours: &[i64], cells: &[&Cell]) -> Sql {
    let column = clock.column();
    let mut sql = Sql::new("SELECT h.hour, a.* FROM unnest(");
    sql.bind(Bind::Integers(hours.to_vec()));
    sql.push(") AS h (hour) CROSS JOIN LATERAL (SELECT count(*) AS sessions, ");
    push_array(&mut sql, cells, false, "float8");
    sql.push(" AS numbers, ");
    push_array(&mut sql, cells, true, "text");
    sql.push(" AS texts FROM (SELECT * FROM session_summaries WHERE project = ");
    sql.bind(Bind::Text(project.to_owned()));
    sql.push(&format!(
        " AND {column} >= to_timestamp(h.hour) AND {column} < to_timestamp(h.hour + {}) \
         ORDER BY {column}, session_id) AS s) AS a",
        summary_hours::SECS
    ));
    sql
}

fn push_array(sql: &mut Sql, cells: &[&Cell], texts: bool, sql_type: &str) {
    sql.push("coalesce(");
    for cell in cells.iter().filter(|cell| cell.is_text() == texts) {
        sql.push("array_agg(");
        cell.push(sql);
        sql.push(") || ");
    }
    sql.push(&format!("'{{}}'::{sql_type}[], '{{}}')"));
}
