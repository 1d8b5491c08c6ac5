//! What a filter looks like, as JSON Schema, made of the list of fields.

use serde_json::json;
use utoipa::openapi::schema::Object;

use super::values::pattern;
use crate::storage::query::{FIELDS, Field, Kind};

/// The component of one filter.
pub(super) const FILTER: &str = "Filter";
/// A site's own dimension.
pub(super) const CUSTOM: &str = r"custom\.[^:,\u0000]+";
const INTEGER: &str = "[+-]?[0-9]{1,18}";
const NUMBER: &str = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?";
const BOOLEAN: &str = "(true|false)";
const TIME: &str = r"([0-9]{1,14}|(19[7-9][0-9]|[2-8][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9]))";

/// `field:op:value`, by the kind of the field.
pub(super) fn filter() -> Object {
    let of = |kind: Kind| {
        let fields = FIELDS
            .iter()
            .filter(move |field: &&Field| field.kind == kind);
        fields.map(|field| field.name).collect::<Vec<_>>().join("|")
    };
    let list = |value: &str| format!("{value}(,{value})*");
    let mut all = Vec::new();
    all.push(format!(
        "({}|{CUSTOM}):(eq|ne|contains):[^\\u0000]*",
        of(Kind::Text)
    ));
    all.push(format!("({}):(eq|ne):{}", of(Kind::Boolean), list(BOOLEAN)));
    for (kind, value) in [
        (Kind::Integer, INTEGER),
        (Kind::Number, NUMBER),
        (Kind::Time, TIME),
    ] {
        let fields = of(kind);
        all.push(format!(
            "({fields}):((eq|ne):{}|(gt|gte|lt|lte):{value})",
            list(value)
        ));
    }
    let any: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
    all.push(format!("({}|{CUSTOM}):null:{BOOLEAN}", any.join("|")));
    let mut filter = pattern(&all.join("|"));
    filter.description = Some(
        "`field:op:value`. eq, ne and contains take several values with commas between them, `\\,` is \
         a comma; gt gte lt lte are for numbers and times; null takes true or false."
            .to_owned(),
    );
    filter.examples = vec![
        json!("browser:eq:Chrome,Firefox"),
        json!("startup_ms:gt:2000"),
    ];
    filter
}
