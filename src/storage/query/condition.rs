//! What filters ask of values in memory: those of live sessions, and of columns that are kept.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::fields::Kind;
use super::parts::float;
use super::sql::Bind;

/// What a filter asks of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Null(bool),
    AnyOf(Values),
    NoneOf(Values),
    Compare(Comparison, Bind),
    Contains(Vec<String>),
}

/// How numbers and moments are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// Values of one kind.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Values {
    Texts(Vec<String>),
    Integers(Vec<i64>),
    Numbers(Vec<f64>),
    Booleans(Vec<bool>),
    Times(Vec<DateTime<Utc>>),
}

/// A value in memory.
pub(super) enum Held<'a> {
    /// It is not known.
    Nothing,
    /// A number, 1 or 0 for true and false, epoch µs for a moment.
    Number(f64),
    Text(Cow<'a, str>),
}

impl<'a> Held<'a> {
    pub(super) fn number(number: Option<f64>) -> Self {
        number
            .filter(|it| !it.is_nan())
            .map_or(Self::Nothing, Self::Number)
    }

    /// Of a row that has moments as RFC 3339 and a site's own values as they were sent.
    pub(super) fn new(kind: Kind, value: &'a Value) -> Self {
        let number = match kind {
            Kind::Integer | Kind::Number => value.as_f64(),
            Kind::Boolean => value.as_bool().map(f64::from),
            Kind::Time => time_of(value).map(micros),
            Kind::Text => {
                let text = match value {
                    Value::Null => None,
                    Value::String(text) => Some(Cow::from(text)),
                    // As `->>` gives it.
                    other => Some(Cow::from(other.to_string())),
                };
                return text.map_or(Self::Nothing, Self::Text);
            }
        };
        Self::number(number)
    }
}

impl Test {
    pub(super) fn holds(&self, held: &Held<'_>) -> bool {
        match (self, held) {
            (Self::Null(is_null), held) => matches!(held, Held::Nothing) == *is_null,
            (Self::AnyOf(values), held) => values.contain(held),
            (Self::NoneOf(values), held) => !values.contain(held),
            (Self::Compare(comparison, bound), Held::Number(number)) => {
                comparison.holds(*number, bound)
            }
            (Self::Contains(parts), Held::Text(text)) => {
                let text = text.to_ascii_lowercase();
                parts.iter().any(|part| text.contains(part.as_str()))
            }
            (Self::Compare(..) | Self::Contains(_), _) => false,
        }
    }
}

impl Values {
    fn contain(&self, held: &Held<'_>) -> bool {
        let equals = |other: f64| match held {
            Held::Number(number) => number
                .partial_cmp(&other)
                .is_some_and(std::cmp::Ordering::is_eq),
            Held::Nothing | Held::Text(_) => false,
        };
        match self {
            Self::Texts(values) => {
                matches!(held, Held::Text(text) if values.iter().any(|value| value == text))
            }
            Self::Integers(values) => values.iter().any(|value| equals(float(*value))),
            Self::Numbers(values) => values.iter().any(|value| equals(*value)),
            Self::Booleans(values) => values.iter().any(|value| equals(f64::from(*value))),
            Self::Times(values) => values.iter().any(|value| equals(micros(*value))),
        }
    }
}

impl Comparison {
    fn holds(self, number: f64, bound: &Bind) -> bool {
        let order = match bound {
            Bind::Integer(bound) => number.partial_cmp(&float(*bound)),
            Bind::Number(bound) => number.partial_cmp(bound),
            Bind::Time(bound) => number.partial_cmp(&micros(*bound)),
            _ => None,
        };
        order.is_some_and(|order| match self {
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
        })
    }
}

fn micros(time: DateTime<Utc>) -> f64 {
    float(time.timestamp_micros())
}

/// Rows in memory have moments as RFC 3339.
pub(super) fn time_of(value: &Value) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
    Some(time.to_utc())
}
