//! Lists of sessions: stored ones from their summaries, live ones from rows in memory, by the same
//! question.

use chrono::{DateTime, Utc};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::columns::{Columns, snapshot};
use super::narrow;
use super::sql::{Bind, Sql};
use super::{Cursor, DEFAULT_LIMIT, Filter, Mistake, Params, Period, Query, Sort};
use crate::storage::{StorageError, SummaryRow};

/// The parameters of a list, beside those of its period.
pub const SESSIONS_PARAMS: &[&str] = &["filter", "sort", "cursor", "limit"];

/// Which sessions, in which order, and how many.
#[derive(Debug, Clone)]
pub struct SessionsQuery {
    pub(super) project: String,
    pub(super) period: Period,
    pub(super) filters: Vec<Filter>,
    pub(super) sort: Sort,
    pub(super) after: Option<Cursor>,
    pub(super) limit: i64,
}

/// Some of a list's rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<SummaryRow>,
    /// Where the next page begins; `None` if this is the last one.
    pub next: Option<Cursor>,
}

impl SessionsQuery {
    /// Reads it from the parameters.
    pub fn parse(project: &str, params: &Params, now: DateTime<Utc>) -> Result<Self, Mistake> {
        let sort = Sort::parse(params, "-started_at")?;
        let after = Cursor::parse(params, sort)?;
        let asked = Period::parse(params, now)?;
        Ok(Self {
            project: project.to_owned(),
            period: after.as_ref().map_or(asked, |cursor| cursor.period(asked)),
            filters: Filter::parse_all(params)?,
            sort,
            after,
            limit: params.limit(DEFAULT_LIMIT)?,
        })
    }

    /// The same question about rows in memory.
    #[must_use]
    pub fn pick(&self, rows: Vec<SummaryRow>) -> Page {
        let mut found: Vec<_> = rows
            .into_iter()
            .map(|row| (row.columns(), row))
            .filter(|(columns, row)| {
                let time = match self.period.clock {
                    super::Clock::Started => row.started_at,
                    super::Clock::Ended => row.last_event_at,
                };
                let key = self.sort.key(columns);
                let is_after = |cursor: &Cursor| cursor.is_before(self.sort, key, &row.session_id);
                self.period.contains(time)
                    && self.after.as_ref().is_none_or(is_after)
                    && self.filters.iter().all(|filter| filter.holds(columns))
            })
            .collect();
        found.sort_by(|(one, one_row), (other, other_row)| {
            let one = (self.sort.key(one), one_row.session_id.as_str());
            let other = (self.sort.key(other), other_row.session_id.as_str());
            self.sort.compare(one, other)
        });
        let wanted = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let rows = found.into_iter().map(|(_, row)| row);
        self.page(rows.take(wanted.saturating_add(1)).collect())
    }

    /// Cuts off the row that only tells that there are more.
    fn page(&self, mut rows: Vec<SummaryRow>) -> Page {
        let wanted = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        let last = rows.last().filter(|_| more);
        let next = last.map(|row| {
            let key = self.sort.key(&row.columns()).clone();
            Cursor::new(self.sort, self.period, key, row.session_id.clone())
        });
        Page { rows, next }
    }

    /// The statement, about sessions of these moments only, if there are any to name.
    fn statement(&self, moments: Option<Vec<DateTime<Utc>>>) -> Sql {
        let mut sql = Sql::new("SELECT * FROM session_summaries WHERE ");
        push_scope(&mut sql, &self.project, self.period, &self.filters);
        if let Some(moments) = moments {
            sql.push(" AND ");
            sql.push(self.period.clock.column());
            sql.push(" = ANY(");
            sql.bind(Bind::Times(moments));
            sql.push(")");
        }
        if let Some(cursor) = &self.after {
            sql.push(" AND ");
            cursor.push(self.sort, &mut sql);
        }
        self.sort.push(&mut sql);
        sql.push(" LIMIT ");
        sql.bind(Bind::Integer(self.limit + 1));
        sql
    }
}

/// Adds to a statement which sessions it is about.
pub(super) fn push_scope(sql: &mut Sql, project: &str, period: Period, filters: &[Filter]) {
    sql.push("project = ");
    sql.bind(Bind::Text(project.to_owned()));
    sql.push(" AND ");
    period.push(sql);
    for filter in filters {
        sql.push(" AND ");
        filter.push(sql);
    }
}

impl Query for SessionsQuery {
    type Answer = Page;

    async fn run(
        self,
        connection: &mut AsyncPgConnection,
        columns: &Columns,
    ) -> Result<Page, StorageError> {
        let answering = async |connection: &mut _| {
            let moments = narrow::moments(&self, connection, columns).await?;
            let statement = self.statement(moments).query();
            Ok(self.page(statement.get_results(connection).await?))
        };
        snapshot(connection).run(answering).await
    }
}
