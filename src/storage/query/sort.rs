//! The order of a list: a field, `-` before it for the largest first, then the session's id in the
//! same direction, so that the order is total. What is not known comes last either way.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::condition::time_of;
use super::fields::{self, Field, Kind};
use super::sql::Sql;
use super::{Mistake, Params};

/// By which field and in which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// The field.
    pub field: &'static Field,
    /// The largest first.
    pub descending: bool,
}

impl Sort {
    /// `sort` among the parameters.
    pub fn parse(params: &Params, default: &str) -> Result<Self, Mistake> {
        let text = params.one("sort")?.unwrap_or(default);
        let (name, descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let field = fields::find("sort", name)?;
        Ok(Self { field, descending })
    }

    /// As it is asked for.
    #[must_use]
    pub fn name(self) -> String {
        let sign = if self.descending { "-" } else { "" };
        format!("{sign}{}", self.field.name)
    }

    /// Adds ORDER BY to a statement. Only a column that can be NULL says where NULL stands: the
    /// others' indexes would not fit.
    pub(super) fn push(self, sql: &mut Sql) {
        let direction = if self.descending { " DESC" } else { " ASC" };
        sql.push(" ORDER BY ");
        sql.push(self.field.name);
        if self.field.kind == Kind::Text {
            sql.push(" COLLATE \"C\"");
        }
        sql.push(direction);
        if self.field.nullable {
            sql.push(" NULLS LAST");
        }
        sql.push(", session_id");
        sql.push(direction);
    }

    /// Orders two rows in memory by their keys and ids.
    pub(super) fn compare(self, one: (&Value, &str), other: (&Value, &str)) -> Ordering {
        let turned = |order: Ordering| {
            if self.descending {
                order.reverse()
            } else {
                order
            }
        };
        let by_key = match (one.0.is_null(), other.0.is_null()) {
            (false, false) => turned(compare_values(self.field.kind, one.0, other.0)),
            // false, which is known, sorts before true.
            (one, other) => one.cmp(&other),
        };
        by_key.then_with(|| turned(one.1.cmp(other.1)))
    }

    /// What a row is sorted by.
    pub(super) fn key(self, row: &Map<String, Value>) -> &Value {
        row.get(self.field.name).unwrap_or(&Value::Null)
    }
}

fn compare_values(kind: Kind, one: &Value, other: &Value) -> Ordering {
    match kind {
        Kind::Text => one.as_str().cmp(&other.as_str()),
        Kind::Integer => one.as_i64().cmp(&other.as_i64()),
        Kind::Number => {
            let number = |value: &Value| value.as_f64().unwrap_or_default();
            number(one).total_cmp(&number(other))
        }
        Kind::Boolean => one.as_bool().cmp(&other.as_bool()),
        Kind::Time => time_of(one).cmp(&time_of(other)),
    }
}
