//! Which sessions a question is about: `filter=field:op:value`, as often as wanted; all must hold.
//!
//! The same filter is put into a statement for lists of stored sessions, and held against values in
//! memory for live ones and for figures; a test keeps the two alike. What is not known (NULL) passes `ne` and `null:true`, and no
//! other test. Case of ASCII letters does not matter to `contains`.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::columns::{Cell, Column};
use super::fields::Kind;
use super::parts::float;
use super::period::parse_time;
use super::place::Place;
use super::sql::{Bind, Sql};
use super::{Mistake, Params};

/// What a filter looks like, for documentation.
pub const FILTER_HELP: &str = "field:op:value, repeatable, all must hold. Ops: eq, ne, gt, gte, lt, \
    lte, contains, null. A comma stands for any of (\\, is a comma). null takes true or false.";

/// More values than this stand behind no comma.
const MAX_VALUES: usize = 100;
const OPS: [&str; 8] = ["eq", "ne", "gt", "gte", "lt", "lte", "contains", "null"];

/// A condition on sessions.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    place: Place,
    test: Test,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Null(bool),
    AnyOf(Values),
    NoneOf(Values),
    Compare(Comparison, Bind),
    Contains(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// Values of one kind.
#[derive(Debug, Clone, PartialEq)]
enum Values {
    Texts(Vec<String>),
    Integers(Vec<i64>),
    Numbers(Vec<f64>),
    Booleans(Vec<bool>),
    Times(Vec<DateTime<Utc>>),
}

impl Filter {
    /// Every `filter` among the parameters.
    pub fn parse_all(params: &Params) -> Result<Vec<Self>, Mistake> {
        params.all("filter").map(Self::parse).collect()
    }

    /// One of them.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        let mut parts = text.splitn(3, ':');
        let (Some(name), Some(op), Some(value)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong(format!(
                "{text:?} must be field:op:value, as in browser:eq:Chrome"
            )));
        };
        let place = Place::parse("filter", name)?;
        if !OPS.contains(&op) {
            return Err(Mistake::unknown("filter", "op", op, OPS));
        }
        let test = parse_test(&place, op, value)?;
        Ok(Self { place, test })
    }

    /// Adds the condition to a statement.
    pub(super) fn push(&self, sql: &mut Sql) {
        let place = |sql: &mut Sql| self.place.push(sql);
        match &self.test {
            Test::Null(is_null) => {
                place(sql);
                sql.push(if *is_null { " IS NULL" } else { " IS NOT NULL" });
            }
            Test::AnyOf(values) => {
                place(sql);
                sql.push(" = ANY(");
                sql.bind(values.bind());
                sql.push(")");
            }
            Test::NoneOf(values) => {
                sql.push("(");
                place(sql);
                sql.push(" IS NULL OR ");
                place(sql);
                sql.push(" <> ALL(");
                sql.bind(values.bind());
                sql.push("))");
            }
            Test::Compare(comparison, value) => {
                place(sql);
                sql.push(comparison.sql());
                sql.bind(value.clone());
            }
            Test::Contains(parts) => {
                sql.push("EXISTS (SELECT FROM unnest(");
                sql.bind(Bind::Texts(parts.clone()));
                sql.push(") AS part WHERE strpos(lower(");
                place(sql);
                sql.push(" COLLATE \"C\"), part) > 0)");
            }
        }
    }

    /// Whether the condition holds for a row in memory.
    #[must_use]
    pub fn holds(&self, row: &Map<String, Value>) -> bool {
        let value = self.place.value(row);
        self.test.holds(&Held::new(self.place.kind(), value))
    }

    /// The column that the condition is about.
    pub(super) fn cell(&self) -> Cell {
        Cell::of(&self.place)
    }

    /// Leaves of the picked rows of a column those for which the condition holds.
    pub(super) fn pick(&self, column: &Column, picked: &mut Vec<usize>) {
        match column {
            Column::Numbers(numbers) => picked.retain(|row| {
                let number = numbers.get(*row).copied();
                self.test.holds(&Held::number(number))
            }),
            Column::Texts(text) => {
                let holds = |word: Option<&str>| {
                    let held = word.map_or(Held::Nothing, |word| Held::Text(word.into()));
                    self.test.holds(&held)
                };
                let holding: Vec<bool> = text.words().map(holds).collect();
                picked.retain(|row| {
                    let code = text
                        .codes()
                        .get(*row)
                        .and_then(|code| usize::try_from(*code).ok());
                    code.and_then(|code| holding.get(code).copied())
                        .unwrap_or_default()
                });
            }
        }
    }
}

/// A value in memory.
enum Held<'a> {
    /// It is not known.
    Nothing,
    /// A number, 1 or 0 for true and false, epoch µs for a moment.
    Number(f64),
    Text(Cow<'a, str>),
}

impl<'a> Held<'a> {
    fn number(number: Option<f64>) -> Self {
        number
            .filter(|it| !it.is_nan())
            .map_or(Self::Nothing, Self::Number)
    }

    /// Of a row that has moments as RFC 3339 and a site's own values as they were sent.
    fn new(kind: Kind, value: &'a Value) -> Self {
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
    fn holds(&self, held: &Held<'_>) -> bool {
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

fn micros(time: DateTime<Utc>) -> f64 {
    float(time.timestamp_micros())
}

fn wrong(detail: impl std::fmt::Display) -> Mistake {
    Mistake::new("filter", detail)
}

fn parse_test(place: &Place, op: &str, value: &str) -> Result<Test, Mistake> {
    let kind = place.kind();
    let ordered = |comparison| {
        if matches!(kind, Kind::Text | Kind::Boolean) {
            let (name, kind) = (place.name(), kind.name());
            return Err(wrong(format!(
                "{name} is {kind}, {op} is for numbers and times"
            )));
        }
        let bind = match Values::parse(place, &[value.to_owned()])? {
            Values::Integers(values) => values.first().copied().map(Bind::Integer),
            Values::Numbers(values) => values.first().copied().map(Bind::Number),
            Values::Times(values) => values.first().copied().map(Bind::Time),
            Values::Texts(_) | Values::Booleans(_) => None,
        };
        let bind = bind.ok_or_else(|| wrong("one value is wanted"))?;
        Ok(Test::Compare(comparison, bind))
    };
    Ok(match op {
        "null" => Test::Null(parse_boolean(&place.name(), value)?),
        "eq" => Test::AnyOf(Values::parse(place, &split("filter", value)?)?),
        "ne" => Test::NoneOf(Values::parse(place, &split("filter", value)?)?),
        "gt" => ordered(Comparison::Greater)?,
        "gte" => ordered(Comparison::GreaterOrEqual)?,
        "lt" => ordered(Comparison::Less)?,
        "lte" => ordered(Comparison::LessOrEqual)?,
        _ if kind == Kind::Text => {
            let parts = split("filter", value)?;
            Test::Contains(parts.iter().map(|it| it.to_ascii_lowercase()).collect())
        }
        _ => {
            let (name, kind) = (place.name(), kind.name());
            return Err(wrong(format!("{name} is {kind}, contains is for text")));
        }
    })
}

/// At commas; `\,` is a comma and `\\` a backslash.
pub(super) fn split(parameter: &str, value: &str) -> Result<Vec<String>, Mistake> {
    let mut parts = vec![String::new()];
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match (letter, parts.last_mut()) {
            (',', _) => parts.push(String::new()),
            ('\\', Some(part)) => part.push(letters.next().unwrap_or('\\')),
            (_, Some(part)) => part.push(letter),
            (_, None) => {}
        }
    }
    if parts.len() > MAX_VALUES {
        let detail = format!("at most {MAX_VALUES} values are allowed");
        return Err(Mistake::new(parameter, detail));
    }
    Ok(parts)
}

fn parse_boolean(name: &str, text: &str) -> Result<bool, Mistake> {
    text.parse()
        .map_err(|_neither| wrong(format!("{name} takes true or false, not {text:?}")))
}

impl Values {
    fn parse(place: &Place, texts: &[String]) -> Result<Self, Mistake> {
        let name = place.name();
        let wrong = |what: &str, text: &str| wrong(format!("{name} takes {what}, not {text:?}"));
        Ok(match place.kind() {
            Kind::Text => Self::Texts(texts.to_vec()),
            Kind::Boolean => Self::Booleans(
                texts
                    .iter()
                    .map(|text| parse_boolean(&name, text))
                    .collect::<Result<_, _>>()?,
            ),
            Kind::Integer => {
                let parse =
                    |text: &String| text.parse().map_err(|_error| wrong("a whole number", text));
                Self::Integers(texts.iter().map(parse).collect::<Result<_, _>>()?)
            }
            Kind::Number => {
                let parse = |text: &String| {
                    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
                    number.ok_or_else(|| wrong("a number", text))
                };
                Self::Numbers(texts.iter().map(parse).collect::<Result<_, _>>()?)
            }
            Kind::Time => {
                let parse = |text: &String| parse_time("filter", text);
                Self::Times(texts.iter().map(parse).collect::<Result<_, _>>()?)
            }
        })
    }

    fn bind(&self) -> Bind {
        match self.clone() {
            Self::Texts(values) => Bind::Texts(values),
            Self::Integers(values) => Bind::Integers(values),
            Self::Numbers(values) => Bind::Numbers(values),
            Self::Booleans(values) => Bind::Booleans(values),
            Self::Times(values) => Bind::Times(values),
        }
    }

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
    fn sql(self) -> &'static str {
        match self {
            Self::Greater => " > ",
            Self::GreaterOrEqual => " >= ",
            Self::Less => " < ",
            Self::LessOrEqual => " <= ",
        }
    }

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

/// Rows in memory have moments as RFC 3339.
pub(super) fn time_of(value: &Value) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
    Some(time.to_utc())
}
