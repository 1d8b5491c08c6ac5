//! The values of a dimension and how many sessions have each, the most frequent first: what a person
//! picks a filter from.
//!
//! A page ends at a value and its count, and the next one begins after them. A count can still change
//! between two pages while sessions of the period go quiet; what moves across the place that was
//! reached is then told twice or left out.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::fields::Kind;
use super::sessions::push_scope;
use super::sql::{Bind, Sql};
use super::{Columns, DEFAULT_LIMIT, Filter, Mistake, Params, Period, Place, Query};
use crate::storage::StorageError;

/// The parameters beside those of the period.
pub const VALUES_PARAMS: &[&str] = &["q", "filter", "cursor", "limit"];

/// Which values, of which sessions.
#[derive(Debug, Clone)]
pub struct ValuesQuery {
    project: String,
    dimension: Place,
    period: Period,
    filters: Vec<Filter>,
    /// In lower case.
    part: Option<String>,
    after: Option<After>,
    limit: i64,
}

/// A value of a dimension.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DimensionValue {
    /// Text, or true or false; null for the sessions of which it is not known.
    #[schema(value_type = Option<Value>)]
    pub value: Value,
    /// How many sessions have it.
    pub sessions: i64,
}

/// Some values.
#[derive(Debug, Clone, PartialEq)]
pub struct ValuesPage {
    /// They.
    pub values: Vec<DimensionValue>,
    /// Where the next page begins; `None` if this is the last one.
    pub next: Option<String>,
}

/// The place after a value. It keeps the period, so that `last=24h` means the same hours on every page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    #[serde(rename = "d")]
    dimension: String,
    #[serde(rename = "n")]
    sessions: i64,
    #[serde(rename = "v")]
    value: Option<String>,
    #[serde(rename = "f")]
    from_us: i64,
    #[serde(rename = "t")]
    to_us: i64,
}

#[derive(Debug, QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
    #[diesel(sql_type = BigInt)]
    sessions: i64,
}

impl ValuesQuery {
    /// Reads it from the dimension's name and the parameters.
    pub fn parse(
        project: &str,
        dimension: &str,
        params: &Params,
        now: DateTime<Utc>,
    ) -> Result<Self, Mistake> {
        let place = Place::parse_dimension("dimension", dimension)?;
        if dimension.contains('\0') {
            return Err(Mistake::new("dimension", "it must not contain NUL"));
        }
        let period = Period::parse(params, now)?;
        let after = After::parse(params, dimension)?;
        Ok(Self {
            project: project.to_owned(),
            dimension: place,
            period: after
                .as_ref()
                .and_then(|it| period.kept(it.from_us, it.to_us))
                .unwrap_or(period),
            filters: Filter::parse_all(params)?,
            part: params.one("q")?.map(str::to_ascii_lowercase),
            after,
            limit: params.limit(DEFAULT_LIMIT)?,
        })
    }

    fn statement(&self) -> Sql {
        let mut sql = Sql::new("SELECT value, count(*) AS sessions FROM (SELECT ");
        self.dimension.push_text(&mut sql);
        sql.push(" COLLATE \"C\" AS value FROM session_summaries WHERE ");
        push_scope(&mut sql, &self.project, self.period, &self.filters);
        sql.push(") AS told");
        if let Some(part) = &self.part {
            sql.push(" WHERE strpos(lower(value), ");
            sql.bind(Bind::Text(part.clone()));
            sql.push(") > 0");
        }
        sql.push(" GROUP BY value");
        if let Some(after) = &self.after {
            after.push(&mut sql);
        }
        sql.push(" ORDER BY count(*) DESC, value NULLS LAST LIMIT ");
        sql.bind(Bind::Integer(self.limit + 1));
        sql
    }

    fn page(&self, mut rows: Vec<Row>) -> ValuesPage {
        let wanted = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        let last = rows.last().filter(|_| more);
        let next = last.map(|row| {
            let after = After {
                dimension: self.dimension.name(),
                sessions: row.sessions,
                value: row.value.clone(),
                from_us: self.period.from.timestamp_micros(),
                to_us: self.period.to.timestamp_micros(),
            };
            after.encode()
        });
        let value = |text: Option<String>| match (self.dimension.kind(), text) {
            (Kind::Boolean, Some(text)) => Value::from(text == "true"),
            (_, text) => Value::from(text),
        };
        let told = |row: Row| DimensionValue {
            value: value(row.value),
            sessions: row.sessions,
        };
        ValuesPage {
            values: rows.into_iter().map(told).collect(),
            next,
        }
    }
}

impl After {
    fn parse(params: &Params, dimension: &str) -> Result<Option<Self>, Mistake> {
        let Some(text) = params.one("cursor")? else {
            return Ok(None);
        };
        let decoded = URL_SAFE_NO_PAD.decode(text).ok();
        let after = decoded.and_then(|json| serde_json::from_slice::<Self>(&json).ok());
        // PostgreSQL takes no NUL.
        let usable = |it: &Self| {
            let has_nul = it.value.as_ref().is_some_and(|value| value.contains('\0'));
            it.dimension == dimension && !has_nul
        };
        let wrong = || {
            let detail = "it must be the next_cursor of a page of this dimension, unchanged";
            Mistake::new("cursor", detail)
        };
        after.filter(usable).map(Some).ok_or_else(wrong)
    }

    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    fn push(&self, sql: &mut Sql) {
        sql.push(" HAVING count(*) < ");
        sql.bind(Bind::Integer(self.sessions));
        // What is not known comes after all values of the same count.
        if let Some(value) = &self.value {
            sql.push(" OR (count(*) = ");
            sql.bind(Bind::Integer(self.sessions));
            sql.push(" AND (value > ");
            sql.bind(Bind::Text(value.clone()));
            sql.push(" OR value IS NULL))");
        }
    }
}

impl Query for ValuesQuery {
    type Answer = ValuesPage;

    async fn run(self, connection: &mut AsyncPgConnection, _: &Columns) -> Result<ValuesPage, StorageError> {
        let rows: Vec<Row> = self.statement().query().get_results(connection).await?;
        Ok(self.page(rows))
    }
}
