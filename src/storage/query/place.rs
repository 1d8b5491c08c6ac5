//! Where a question looks: a column, or one of a site's own dimensions within `custom`.

use serde_json::{Map, Value};

use super::Mistake;
use super::fields::{self, FIELDS, Field, Kind};
use super::sql::{Bind, Sql};

/// What a site's own dimension begins with.
pub(super) const CUSTOM: &str = "custom.";
/// Keys are at most this long, as at ingest.
const MAX_KEY_BYTES: usize = 200;

/// A column or a custom dimension.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// A column of `session_summaries`.
    Column(&'static Field),
    /// A key of the column `custom`.
    Custom(String),
}

impl Place {
    /// A column, or `custom.<key>`.
    pub fn parse(parameter: &str, name: &str) -> Result<Self, Mistake> {
        match name.strip_prefix(CUSTOM) {
            None => fields::find(parameter, name).map(Self::Column),
            Some(key) if (1..=MAX_KEY_BYTES).contains(&key.len()) => {
                Ok(Self::Custom(key.to_owned()))
            }
            Some(_) => Err(Mistake::new(
                parameter,
                format!("custom. is followed by a key of 1 to {MAX_KEY_BYTES} bytes"),
            )),
        }
    }

    /// The same, but only what sessions can be grouped by.
    pub fn parse_dimension(parameter: &str, name: &str) -> Result<Self, Mistake> {
        if name.starts_with(CUSTOM) {
            return Self::parse(parameter, name);
        }
        let dimensions = || FIELDS.iter().filter(|field| field.dimension.is_some());
        let found = dimensions().find(|field| field.name == name);
        found.map(Self::Column).ok_or_else(|| {
            let names = dimensions().map(|field| field.name);
            Mistake::unknown(parameter, "dimension", name, names.chain(["custom.<key>"]))
        })
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Column(field) => field.name.to_owned(),
            Self::Custom(key) => format!("{CUSTOM}{key}"),
        }
    }

    /// What values it has. Those of a site's own are compared as text.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Column(field) => field.kind,
            Self::Custom(_) => Kind::Text,
        }
    }

    /// Adds it to a statement.
    pub(super) fn push(&self, sql: &mut Sql) {
        match self {
            Self::Column(field) => sql.push(field.name),
            Self::Custom(key) => {
                sql.push("(custom ->> ");
                sql.bind(Bind::Text(key.clone()));
                sql.push(")");
            }
        }
    }

    /// Adds it to a statement as text.
    pub(super) fn push_text(&self, sql: &mut Sql) {
        self.push(sql);
        sql.push("::text");
    }

    /// Its value in a row in memory.
    pub(super) fn value<'a>(&self, row: &'a Map<String, Value>) -> &'a Value {
        let found = match self {
            Self::Column(field) => row.get(field.name),
            Self::Custom(key) => row.get("custom").and_then(|custom| custom.get(key)),
        };
        found.unwrap_or(&Value::Null)
    }
}
