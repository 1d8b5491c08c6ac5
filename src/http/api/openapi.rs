//! The `OpenAPI` document: what the handlers' annotations say, and what holds for all of them.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, ETag, EntityTag};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use utoipa::OpenApi;

use super::super::{Problem, operation, site, telemetry};
use super::docs::ProblemBody;
use super::{
    dimensions, erase, errors, examples, export, filter_value, histogram, live, metrics,
    openapi_body, openapi_keys, params, session, session_events, sessions, timeline,
};
use crate::storage::query::{FIELDS, MEASURES};

/// What everybody needs to know before the first question.
const DESCRIPTION: &str = "\
What players measured, session by session and over many sessions.

Names and units are those of the columns, times are RFC 3339 in UTC, ratios go from 0 to 1, and what is \
not known is null. Once a server has keys, every question needs a read key, and is about the key's \
project alone. A parameter that is not known here, or given twice where once is meant, is refused; \
an empty one counts as not given. Lists answer `data`, `next_cursor` and `has_more`.

Errors are `application/problem+json` (RFC 9457) with a stable `code`; `detail` says what would be \
right. Every page also answers HEAD. Another method gets 405 (`method_not_allowed`) with `Allow`, a path \
that is none 404 (`not_found`). 503 (`starting`, `draining`, `storage_away`, `overloaded`, `too_slow`) \
comes with `Retry-After`, and asking again later is right; `too_slow` also asks for a shorter period.";

#[derive(OpenApi)]
#[openapi(
    info(title = "video-telemetry", description = DESCRIPTION),
    servers((url = "/", description = "This server")),
    tags(
        (name = "ingest", description = "What players send"),
        (name = "sessions", description = "Sessions, one by one"),
        (name = "figures", description = "Figures over many sessions"),
        (name = "exports", description = "Everything, as a file"),
        (name = "live", description = "How it is right now"),
        (name = "operation", description = "For operators and their machines"),
        (name = "documentation", description = "This document"),
    ),
    paths(
        telemetry::receive,
        telemetry::options,
        sessions::list,
        session::show,
        erase::session,
        erase::viewer,
        session_events::list,
        timeline::show,
        metrics::dictionary,
        metrics::query,
        histogram::show,
        dimensions::list,
        dimensions::values,
        errors::list,
        export::sessions,
        export::events,
        live::now,
        live::stream,
        operation::healthz,
        operation::readyz,
        operation::metrics,
        show,
    )
)]
struct Annotations;

/// The document, as JSON for people: in lines, and the same at every call.
#[must_use]
pub fn document() -> String {
    let annotations = Annotations::openapi();
    let mut document = serde_json::to_value(annotations).unwrap_or_default();
    complete(&mut document);
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

/// Adds what annotations cannot say or would all repeat.
fn complete(document: &mut Value) {
    complete_schemas(at(document, &["components", "schemas"]));
    *at(document, &["paths", "/telemetry", "post", "requestBody"]) = openapi_body::request_body();
    *at(document, &["components", "securitySchemes"]) = openapi_keys::schemes();
    let paths = at(document, &["paths"]).as_object_mut();
    for (path, operations) in paths.into_iter().flatten() {
        for (method, operation) in operations.as_object_mut().into_iter().flatten() {
            complete_operation(method, path, operation);
        }
    }
    for example in examples::all() {
        let answer = ["responses", &example.status, "content"];
        let content = at(document, &["paths", &example.path, &example.method]);
        if let Some(content) = at(content, &answer).get_mut(&example.content_type) {
            *at(content, &["examples", &example.name]) = json!({
                "summary": example.request,
                "value": example.answer,
            });
        }
    }
}

fn complete_schemas(schemas: &mut Value) {
    describe_columns(at(schemas, &["SummaryRow", "properties"]));
    let filter = serde_json::to_value(filter_value::filter()).unwrap_or_default();
    *at(schemas, &[filter_value::FILTER]) = filter;
    for (name, schema) in openapi_body::schemas() {
        *at(schemas, &[name]) = schema;
    }
}

fn complete_operation(method: &str, path: &str, operation: &mut Value) {
    *at(operation, &["operationId"]) = json!(operation_id(method, path));
    let asks_service = path.starts_with("/api/v1/") || path == "/telemetry" || path == "/metrics";
    if asks_service && method != "options" {
        *at(operation, &["responses", "503"]) = unavailable();
    }
    openapi_keys::complete(method, path, operation);
    let parameters = operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        let is_query = parameter.get("in").is_some_and(|it| it == "query");
        if is_query
            && parameter
                .pointer("/schema/type")
                .is_none_or(|it| it != "array")
        {
            *at(parameter, &["allowEmptyValue"]) = json!(true);
        }
    }
    let responses = at(operation, &["responses"]).as_object_mut();
    for (status, response) in responses.into_iter().flatten() {
        let description = at(response, &["description"]);
        if description == "" {
            *description = json!(description_of(status));
        }
    }
}

/// Tells of columns what the lists of metrics and dimensions tell.
fn describe_columns(columns: &mut Value) {
    for (name, column) in columns.as_object_mut().into_iter().flatten() {
        let field = FIELDS.iter().find(|field| field.name == name);
        let measure = MEASURES.iter().find(|measure| measure.name == name);
        let dimension = field.and_then(|field| field.dimension).map(str::to_owned);
        let measured = measure.map(|it| format!("{}, {}", it.description, it.unit));
        if let Some(description) = dimension.or(measured) {
            *at(column, &["description"]) = json!(description);
        }
    }
}

fn description_of(status: &str) -> &'static str {
    match status {
        "400" => "A parameter cannot be used: `detail` says what would be right",
        "404" => "There is no such thing",
        _ => "The answer",
    }
}

/// As `getV1MetricsQuery`. The handlers' names are not different enough.
fn operation_id(method: &str, path: &str) -> String {
    let path = path.strip_prefix("/api/").unwrap_or(path);
    let words = path.split(|sign: char| !sign.is_alphanumeric());
    let mut id = method.to_owned();
    for word in words {
        let mut letters = word.chars();
        id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        id.push_str(letters.as_str());
    }
    id
}

/// What stands below these names; it is made where there is nothing.
fn at<'a>(value: &'a mut Value, names: &[&str]) -> &'a mut Value {
    names.iter().fold(value, |value, name| {
        if !value.is_object() {
            *value = json!({});
        }
        &mut value[*name]
    })
}

/// Of everything that asks PostgreSQL.
fn unavailable() -> Value {
    json!({
        "description": "The server is starting or stopping, PostgreSQL is away, or there is too much to do: ask again later",
        "headers": {"retry-after": {
            "description": "s", "schema": {"type": "integer", "minimum": 1, "maximum": 5},
        }},
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
    })
}

/// The document as it is served, made once.
pub(super) struct Page {
    text: String,
    tag: EntityTag,
}

impl Page {
    pub(super) fn new() -> Self {
        let text = document();
        let digest = Sha256::digest(&text);
        let tag: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            text,
            tag: EntityTag::new_strong(tag),
        }
    }
}

/// This document
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    tag = "documentation",
    responses(
        (status = 200, body = Object, description = "OpenAPI 3.1"),
        (status = 304, description = "As in If-None-Match"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in super::super) async fn show(
    page: Data<Page>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    params(&request, &[])?;
    let is_known = site::knows(&request, &page.tag);
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header(ETag(page.tag.clone()));
    if is_known {
        return Ok(response.status(StatusCode::NOT_MODIFIED).finish());
    }
    Ok(response
        .content_type("application/json")
        .body(page.text.clone()))
}
