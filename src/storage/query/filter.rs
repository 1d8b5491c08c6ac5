//! Which sessions a question is about: `filter=field:op:value`, as often as wanted; all must hold.
//!
//! The same filter is put into a statement for lists of stored sessions, and held against values in
//! memory for live ones and for figures; a test keeps the two alike. What is not known (NULL) passes `ne` and `null:true`, and no
//! other test. Case of ASCII letters does not matter to `contains`.

use serde_json::{Map, Value};

use super::columns::{Cell, Column};
use super::condition::{Comparison, Held, Test, Values};
use super::fields::Kind;
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
}
