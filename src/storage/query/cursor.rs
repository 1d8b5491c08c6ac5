//! Where a page ended, so that the next one begins after it: the last row's sort key and id, not a
//! count of rows, which new sessions would shift. It also keeps the period, so that `last=24h` means
//! the same hours on every page. A cursor is opaque to clients, and only good for the sort it was made
//! with.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::condition::time_of;
use super::fields::Kind;
use super::sql::{Bind, Sql};
use super::{Mistake, Params, Period, Sort};

/// The place after a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    #[serde(rename = "s")]
    sort: String,
    #[serde(rename = "k")]
    key: Value,
    #[serde(rename = "i")]
    id: String,
    #[serde(rename = "f")]
    from_us: i64,
    #[serde(rename = "t")]
    to_us: i64,
}

impl Cursor {
    /// After the row with this key and id.
    #[must_use]
    pub fn new(sort: Sort, period: Period, key: Value, id: String) -> Self {
        Self {
            sort: sort.name(),
            key,
            id,
            from_us: period.from.timestamp_micros(),
            to_us: period.to.timestamp_micros(),
        }
    }

    /// `cursor` among the parameters.
    pub fn parse(params: &Params, sort: Sort) -> Result<Option<Self>, Mistake> {
        let Some(text) = params.one("cursor")? else {
            return Ok(None);
        };
        let cursor = Self::decode(text).filter(|cursor| cursor.fits(sort));
        let wrong = || {
            let detail = "it must be the next_cursor of a page with the same sort, unchanged";
            Mistake::new("cursor", detail)
        };
        cursor.map(Some).ok_or_else(wrong)
    }

    /// What clients get.
    #[must_use]
    pub fn encode(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(json)
    }

    fn decode(text: &str) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(text).ok()?;
        let cursor: Self = serde_json::from_slice(&json).ok()?;
        // PostgreSQL takes no NUL.
        let nul =
            cursor.id.contains('\0') || cursor.key.as_str().is_some_and(|it| it.contains('\0'));
        (!nul).then_some(cursor)
    }

    fn fits(&self, sort: Sort) -> bool {
        let known = !self.key.is_null();
        self.sort == sort.name() && (self.bind(sort).is_some() || (!known && sort.field.nullable))
    }

    /// The sort key of the row.
    pub(super) fn key(&self) -> &Value {
        &self.key
    }

    /// The period of the first page.
    #[must_use]
    pub fn period(&self, asked: Period) -> Period {
        asked.kept(self.from_us, self.to_us).unwrap_or(asked)
    }

    /// Whether a row in memory comes after.
    pub(super) fn is_before(&self, sort: Sort, key: &Value, id: &str) -> bool {
        sort.compare((&self.key, &self.id), (key, id)).is_lt()
    }

    /// Adds to a statement that rows come after.
    pub(super) fn push(&self, sort: Sort, sql: &mut Sql) {
        let beyond = if sort.descending { " < " } else { " > " };
        let name = sort.field.name;
        let Some(key) = self.bind(sort) else {
            sql.push(name);
            sql.push(" IS NULL AND session_id");
            sql.push(beyond);
            return sql.bind(Bind::Text(self.id.clone()));
        };
        sql.push("((");
        sql.push(name);
        if sort.field.kind == Kind::Text {
            sql.push(" COLLATE \"C\"");
        }
        sql.push(", session_id)");
        sql.push(beyond);
        sql.push("(");
        sql.bind(key);
        sql.push(", ");
        sql.bind(Bind::Text(self.id.clone()));
        sql.push(")");
        if sort.field.nullable {
            sql.push(" OR ");
            sql.push(name);
            sql.push(" IS NULL");
        }
        sql.push(")");
    }

    fn bind(&self, sort: Sort) -> Option<Bind> {
        let key = &self.key;
        match sort.field.kind {
            Kind::Text => key.as_str().map(|text| Bind::Text(text.to_owned())),
            Kind::Integer => key.as_i64().map(Bind::Integer),
            Kind::Number => key.as_f64().map(Bind::Number),
            Kind::Boolean => key.as_bool().map(Bind::Boolean),
            Kind::Time => time_of(key).map(Bind::Time),
        }
    }
}
