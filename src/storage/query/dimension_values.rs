//! The values of a dimension and how many sessions have each, the most frequent first: what a person
//! picks a filter from.
//!
//! A page ends at a value and its count, and the next one begins after them. A count can still change
//! between two pages while sessions of the period go quiet; what moves across the place that was
//! reached is then told twice or left out.

use std::cmp::Ordering;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::columns::{Rows, Scan};
use super::fields::Kind;
use super::value_counts::ValueCounts;
use super::{Columns, DEFAULT_LIMIT, Filter, Mistake, Params, Period, Place, Query};
use crate::storage::StorageError;

/// The parameters beside those of the period.
pub const VALUES_PARAMS: &[&str] = &["q", "filter", "cursor", "limit"];

/// Different values that are counted; memory is bounded by this.
const MAX_VALUES: usize = 1_000_000;

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

/// A value as text, and how many sessions have it.
type Row = (Option<String>, i64);

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

    /// As many as a page has, and one more, in order.
    fn in_order(&self, counts: ValueCounts) -> Vec<Row> {
        let after = self
            .after
            .as_ref()
            .map(|it| (it.value.clone(), it.sessions));
        let comes = |row: &Row| after.as_ref().is_none_or(|after| order(after, row).is_lt());
        let mut rows: Vec<Row> = counts.into_counts().filter(comes).collect();
        let wanted = usize::try_from(self.limit + 1).unwrap_or(usize::MAX);
        if rows.len() > wanted {
            rows.select_nth_unstable_by(wanted, order);
            rows.truncate(wanted);
        }
        rows.sort_unstable_by(order);
        rows
    }

    fn page(&self, mut rows: Vec<Row>) -> ValuesPage {
        let wanted = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        let last = rows.last().filter(|_| more);
        let next = last.map(|row| {
            let after = After {
                dimension: self.dimension.name(),
                sessions: row.1,
                value: row.0.clone(),
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
            value: value(row.0),
            sessions: row.1,
        };
        ValuesPage {
            values: rows.into_iter().map(told).collect(),
            next,
        }
    }
}

/// The most frequent first, then by value; what is not known comes after all values of its count.
fn order(one: &Row, other: &Row) -> Ordering {
    let by_value = || match (&one.0, &other.0) {
        (Some(one), Some(other)) => one.cmp(other),
        (one, other) => one.is_none().cmp(&other.is_none()),
    };
    other.1.cmp(&one.1).then_with(by_value)
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
}

impl Query for ValuesQuery {
    type Answer = Result<ValuesPage, Mistake>;

    async fn run(
        self,
        connection: &mut AsyncPgConnection,
        columns: &Columns,
    ) -> Result<Self::Answer, StorageError> {
        let mut scan = Scan::new(&self.project, self.period, &self.filters);
        let mut counts = ValueCounts::new(&self.dimension, self.part.clone(), &mut scan);
        let count = |rows: &Rows<'_>| {
            counts.add(rows);
            counts.len() <= MAX_VALUES
        };
        scan.run(connection, columns, count).await?;
        if counts.len() > MAX_VALUES {
            let detail = format!(
                "{} has more than {MAX_VALUES} values in this period; take a shorter one, a filter, \
                 or a part of them with q",
                self.dimension.name()
            );
            return Ok(Err(Mistake::new("dimension", detail)));
        }
        let rows = self.in_order(counts);
        Ok(Ok(self.page(rows)))
    }
}
