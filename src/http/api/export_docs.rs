//! What exports take, for the `OpenAPI` document.

#![expect(dead_code, reason = "only their documentation is used")]

use utoipa::openapi::schema::{Object, ObjectBuilder, Schema};
use utoipa::openapi::{ArrayBuilder, RefOr, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::values;
use crate::storage::query::{Column, Format};

/// As what kind of file.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct FormatPath {
    /// The kind of file.
    #[param(value_type = FormatWord, inline)]
    format: String,
}

/// What is told of each session.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SessionColumnsDocs {
    /// Names of columns behind commas, each once, in the order wanted. Default: all.
    #[param(required = false, style = Form, explode = false, value_type = SessionColumns, inline)]
    columns: String,
}

/// Which events, and what is told of each.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct EventsDocs {
    /// The first moment by the client's clock: RFC 3339 or epoch ms. Default: 24 hours before `to`.
    #[param(required = false, value_type = values::Moment, inline)]
    from: String,
    /// The first moment that is not in it. Default: now.
    #[param(required = false, value_type = values::Moment, inline)]
    to: String,
    /// Instead of `from`: how long before `to`, as 30m, 24h, 7d, 2w, up to 3660 days.
    #[param(required = false, value_type = values::Length, inline)]
    last: String,
    /// Only events of these sessions; a comma stands for any of (`\,` is a comma).
    #[param(required = false, value_type = AnyOf, inline)]
    session_id: Vec<String>,
    /// Only events of these types, likewise.
    #[param(required = false, value_type = AnyOf, inline)]
    r#type: Vec<String>,
    /// Names of columns behind commas, each once, in the order wanted. Default: all.
    #[param(required = false, style = Form, explode = false, value_type = EventColumns, inline)]
    columns: String,
}

/// The name of a format.
struct FormatWord;
/// Names of columns of `session_summaries`.
struct SessionColumns;
/// Names of columns of `qoe_v1.events`.
struct EventColumns;
/// Texts with commas between them.
struct AnyOf;

impl PartialSchema for FormatWord {
    fn schema() -> RefOr<Schema> {
        Schema::Object(words(Format::ALL.map(Format::name))).into()
    }
}

impl PartialSchema for SessionColumns {
    fn schema() -> RefOr<Schema> {
        columns(&Column::of_sessions())
    }
}

impl PartialSchema for EventColumns {
    fn schema() -> RefOr<Schema> {
        columns(&Column::of_events())
    }
}

impl PartialSchema for AnyOf {
    fn schema() -> RefOr<Schema> {
        let text = r"([^,\\\u0000]|\\[^\u0000])+";
        let texts = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(format!("^{text}(,{text})*$")));
        let array = ArrayBuilder::new().items(texts).max_items(Some(20));
        Schema::Array(array.build()).into()
    }
}

impl ToSchema for FormatWord {}
impl ToSchema for SessionColumns {}
impl ToSchema for EventColumns {}
impl ToSchema for AnyOf {}

fn columns(columns: &[Column]) -> RefOr<Schema> {
    let names = words(columns.iter().map(|column| column.name));
    let array = ArrayBuilder::new().items(names).unique_items(true);
    Schema::Array(array.build()).into()
}

fn words(words: impl IntoIterator<Item = &'static str>) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words))
        .build()
}
