//! What is exported: a statement from the parameters.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};

use super::super::filter::split;
use super::super::sessions::push_scope;
use super::super::sql::{Bind, Sql};
use super::super::{Filter, Mistake, Params, Period};
use super::{Column, columns};

/// The parameters of an export of sessions, beside those of its period.
pub const SESSIONS_EXPORT_PARAMS: &[&str] = &["filter", "columns"];
/// All parameters of an export of events: they have one time only.
pub const EVENTS_EXPORT_PARAMS: &[&str] = &["from", "to", "last", "session_id", "type", "columns"];

/// The cursor of an export.
pub(super) const CURSOR: &str = "export";

/// Rows to be exported.
#[derive(Debug, Clone)]
pub struct Export {
    cursor: Sql,
    columns: Vec<Column>,
    /// Which time.
    pub period: Period,
}

impl Export {
    /// The finished sessions of a period, in the order of its time, then of their ids.
    pub fn sessions(project: &str, params: &Params, now: DateTime<Utc>) -> Result<Self, Mistake> {
        let period = Period::parse(params, now)?;
        let filters = Filter::parse_all(params)?;
        let columns = columns::choose(params, Column::of_sessions())?;
        let mut sql = declare(&columns, "session_summaries");
        push_scope(&mut sql, project, period, &filters);
        sql.push(" ORDER BY ");
        sql.push(period.clock.column());
        sql.push(", session_id");
        Ok(Self {
            cursor: sql,
            columns,
            period,
        })
    }

    /// The events of a period by the client's clock, as they are stored: there is no index by time
    /// alone, and to sort a day's events would keep everybody waiting. The events of named sessions are
    /// sorted by session, time and id.
    pub fn events(project: &str, params: &Params, now: DateTime<Utc>) -> Result<Self, Mistake> {
        let period = Period::parse(params, now)?;
        let columns = columns::choose(params, Column::of_events())?;
        let mut sql = declare(&columns, "qoe_v1.events");
        sql.push("project = ");
        sql.bind(Bind::Text(project.to_owned()));
        sql.push(" AND event_timestamp >= ");
        sql.bind(Bind::Integer(ceil_ms(period.from)));
        sql.push(" AND event_timestamp < ");
        sql.bind(Bind::Integer(ceil_ms(period.to)));
        let of_sessions = push_any_of(&mut sql, params, "session_id", "session_id")?;
        push_any_of(&mut sql, params, "type", "event_type")?;
        if of_sessions {
            sql.push(" ORDER BY session_id, event_timestamp, event_id");
        }
        Ok(Self {
            cursor: sql,
            columns,
            period,
        })
    }

    /// The columns of each row.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Opens the cursor.
    pub(super) fn declare(&self) -> BoxedSqlQuery<'static, Pg, SqlQuery> {
        self.cursor.query()
    }
}

fn declare(columns: &[Column], table: &str) -> Sql {
    let columns: Vec<String> = columns.iter().map(|column| column.expression()).collect();
    let columns = columns.join(", ");
    Sql::new(&format!(
        "DECLARE {CURSOR} NO SCROLL CURSOR FOR SELECT {columns} FROM {table} WHERE "
    ))
}

/// Adds that a column has one of the values of a parameter, if it is given. Commas stand between
/// values, as in filters.
fn push_any_of(sql: &mut Sql, params: &Params, name: &str, column: &str) -> Result<bool, Mistake> {
    let mut values = Vec::new();
    for text in params.all(name) {
        values.extend(split(name, text)?);
    }
    if values.iter().any(String::is_empty) {
        return Err(Mistake::new(name, "it must not be empty"));
    }
    let given = !values.is_empty();
    if given {
        sql.push(" AND ");
        sql.push(column);
        sql.push(" = ANY(");
        sql.bind(Bind::Texts(values));
        sql.push(")");
    }
    Ok(given)
}

/// The first whole ms that is not before a moment.
fn ceil_ms(moment: DateTime<Utc>) -> i64 {
    let ms = moment.timestamp_millis();
    if moment.timestamp_subsec_nanos().is_multiple_of(1_000_000) {
        ms
    } else {
        ms + 1
    }
}
