//! The errors that sessions ran into, the most widespread first.
//!
//! A session counts with one error, the column `first_error`: its first fatal error, or its first error
//! where none was fatal. So the sessions of all errors add up to the sessions with errors, and one that
//! repeats an error a thousand times counts once; `error_count` tells how often errors came.
//!
//! What the shares are of is counted in columns; a statement goes over the sessions with errors, which
//! have an index of their own.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::columns::{Cell, Rows, Scan, snapshot};
use super::errors_answer::{Affected, ErrorFigures, ErrorsAnswer, Population};
use super::figures_answer::ComparedWith;
use super::measures::ATTEMPTED;
use super::parts::float;
use super::sessions::push_scope;
use super::sql::{Bind, Sql};
use super::{Columns, Filter, Mistake, Params, Period, Query};
use crate::storage::StorageError;

/// The parameters beside those of the period.
pub const ERRORS_PARAMS: &[&str] = &["filter", "compare", "order", "limit"];
/// Errors of an answer, unless asked otherwise.
const DEFAULT_ERRORS: i64 = 20;
/// By what errors can be ordered.
pub const ERRORS_ORDERS: &[&str] = &[
    "sessions",
    "failed",
    "error_count",
    "fatal_error_count",
    "first_seen",
    "last_seen",
    "delta",
];

/// Errors of which sessions, in which order.
#[derive(Debug, Clone)]
pub struct ErrorsQuery {
    project: String,
    filters: Vec<Filter>,
    period: Period,
    compare: bool,
    order: &'static str,
    descending: bool,
    limit: i64,
}

#[derive(Debug, QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    error: String,
    #[diesel(embed)]
    counts: Counts,
    #[diesel(sql_type = BigInt)]
    vsf: i64,
    #[diesel(sql_type = BigInt)]
    vpf: i64,
    #[diesel(sql_type = BigInt)]
    failed: i64,
    #[diesel(sql_type = BigInt)]
    error_count: i64,
    #[diesel(sql_type = BigInt)]
    fatal_error_count: i64,
    #[diesel(sql_type = Timestamptz)]
    first_seen: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    last_seen: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    sample_session_id: String,
    #[diesel(sql_type = BigInt)]
    errors: i64,
}

/// Sessions and attempts among them, of the period and of the one before.
#[derive(Debug, Clone, Copy, Default, QueryableByName)]
struct Counts {
    #[diesel(sql_type = BigInt)]
    sessions: i64,
    #[diesel(sql_type = BigInt)]
    attempts: i64,
    #[diesel(sql_type = BigInt)]
    sessions_before: i64,
    #[diesel(sql_type = BigInt)]
    attempts_before: i64,
}

impl ErrorsQuery {
    /// Reads it from the parameters.
    pub fn parse(project: &str, params: &Params, now: DateTime<Utc>) -> Result<Self, Mistake> {
        let compare = params.choice("compare", &[("none", false), ("previous", true)])?;
        let text = params.one("order")?.unwrap_or("-sessions");
        let (name, descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let known = ERRORS_ORDERS.iter().copied();
        let order = known.clone().find(|known| *known == name);
        let order = order.ok_or_else(|| Mistake::unknown("order", "order", name, known))?;
        if order == "delta" && !compare {
            return Err(Mistake::new("order", "delta needs compare=previous"));
        }
        Ok(Self {
            project: project.to_owned(),
            filters: Filter::parse_all(params)?,
            period: Period::parse(params, now)?,
            compare,
            order,
            descending,
            limit: params.limit(DEFAULT_ERRORS)?,
        })
    }

    /// Sessions of the period, and of the one before where that is asked for, told apart by `is_now`.
    fn push_source(&self, sql: &mut Sql) {
        let time = self.period.clock.column();
        sql.push(&format!(" FROM (SELECT *, {time} >= "));
        sql.bind(Bind::Time(self.period.from));
        sql.push(" AS is_now FROM session_summaries WHERE ");
        push_scope(sql, &self.project, self.whole_period(), &self.filters);
        sql.push(") AS told");
    }

    fn whole_period(&self) -> Period {
        let from = match self.compare {
            true => self.period.previous().from,
            false => self.period.from,
        };
        Period {
            from,
            ..self.period
        }
    }

    /// All sessions, those without an error included.
    async fn population(
        &self,
        connection: &mut AsyncPgConnection,
        columns: &Columns,
    ) -> Result<Counts, StorageError> {
        let mut scan = Scan::new(&self.project, self.whole_period(), &self.filters);
        let attempted = scan.want(Cell::Flag(ATTEMPTED.to_owned()));
        let from_us = float(self.period.from.timestamp_micros());
        let mut counts = Counts::default();
        let count = |rows: &Rows<'_>| {
            let (times, attempted) = (rows.times_us(), rows.numbers(attempted));
            for row in rows.picked {
                let is_now = times.get(*row).is_some_and(|time| *time >= from_us);
                let is_attempt = attempted.get(*row).is_some_and(|holds| *holds > 0.0);
                counts.add(is_now, is_attempt);
            }
            true
        };
        scan.run_within(connection, columns, count).await?;
        Ok(counts)
    }

    /// With one row more than is told.
    fn statement(&self) -> Sql {
        let mut sql = Sql::new(
            "SELECT first_error AS error, \
             count(*) FILTER (WHERE is_now AND (vsf OR vpf)) AS failed, \
             count(*) FILTER (WHERE is_now AND vsf) AS vsf, \
             count(*) FILTER (WHERE is_now AND vpf) AS vpf, \
             (sum(error_count) FILTER (WHERE is_now))::bigint AS error_count, \
             (sum(fatal_error_count) FILTER (WHERE is_now))::bigint AS fatal_error_count, \
             min(started_at) FILTER (WHERE is_now) AS first_seen, \
             max(last_event_at) FILTER (WHERE is_now) AS last_seen, \
             (array_agg(session_id ORDER BY started_at DESC, session_id) \
              FILTER (WHERE is_now))[1] AS sample_session_id, \
             count(*) FILTER (WHERE is_now) - count(*) FILTER (WHERE NOT is_now) AS delta, \
             count(*) OVER () AS errors, ",
        );
        push_counts(&mut sql);
        self.push_source(&mut sql);
        sql.push(
            " WHERE first_error IS NOT NULL GROUP BY first_error HAVING bool_or(is_now) ORDER BY ",
        );
        sql.push(self.order);
        sql.push(if self.descending { " DESC" } else { " ASC" });
        sql.push(", first_error COLLATE \"C\" LIMIT ");
        sql.bind(Bind::Integer(self.limit + 1));
        sql
    }

    fn tell(&self, all: Counts, mut rows: Vec<Row>) -> ErrorsAnswer {
        let wanted = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > wanted;
        rows.truncate(wanted);
        let before = self.period.previous();
        let compared_with = ComparedWith {
            from: before.from,
            to: before.to,
        };
        ErrorsAnswer {
            from: self.period.from,
            to: self.period.to,
            compared_with: self.compare.then_some(compared_with),
            total: all.now(),
            previous_total: self.compare.then(|| all.before()),
            errors: rows.iter().map(|row| row.errors).next().unwrap_or_default(),
            data: rows
                .into_iter()
                .map(|row| row.tell(all, self.compare))
                .collect(),
            next_cursor: None,
            has_more,
        }
    }
}

fn push_counts(sql: &mut Sql) {
    sql.push(&format!(
        "count(*) FILTER (WHERE is_now) AS sessions, \
         count(*) FILTER (WHERE is_now AND {ATTEMPTED}) AS attempts, \
         count(*) FILTER (WHERE NOT is_now) AS sessions_before, \
         count(*) FILTER (WHERE NOT is_now AND {ATTEMPTED}) AS attempts_before"
    ));
}

impl Counts {
    fn add(&mut self, is_now: bool, is_attempt: bool) {
        let (sessions, attempts) = match is_now {
            true => (&mut self.sessions, &mut self.attempts),
            false => (&mut self.sessions_before, &mut self.attempts_before),
        };
        *sessions += 1;
        *attempts += i64::from(is_attempt);
    }

    fn now(self) -> Population {
        Population {
            sessions: self.sessions,
            attempts: self.attempts,
        }
    }

    fn before(self) -> Population {
        Population {
            sessions: self.sessions_before,
            attempts: self.attempts_before,
        }
    }
}

impl Row {
    fn tell(self, all: Counts, compare: bool) -> ErrorFigures {
        let now = Affected::new(self.counts.now(), all.now());
        let before = Affected::new(self.counts.before(), all.before());
        ErrorFigures {
            error: self.error,
            affected: now,
            failed: self.failed,
            vsf: self.vsf,
            vpf: self.vpf,
            error_count: self.error_count,
            fatal_error_count: self.fatal_error_count,
            first_seen: self.first_seen,
            last_seen: self.last_seen,
            sample_session_id: self.sample_session_id,
            previous: compare.then_some(before),
            delta: compare.then(|| now.less(before)),
        }
    }
}

impl Query for ErrorsQuery {
    type Answer = ErrorsAnswer;

    async fn run(
        self,
        connection: &mut AsyncPgConnection,
        columns: &Columns,
    ) -> Result<ErrorsAnswer, StorageError> {
        let answering = async |connection: &mut AsyncPgConnection| {
            let all = self.population(connection, columns).await?;
            let rows: Vec<Row> = self.statement().query().get_results(connection).await?;
            Ok(self.tell(all, rows))
        };
        snapshot(connection).run(answering).await
    }
}
