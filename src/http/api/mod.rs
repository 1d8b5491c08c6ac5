//! `/api/v1`: what is read of sessions, as JSON. Names and units are those of the columns, times are
//! RFC 3339 in UTC, ratios go from 0 to 1, and what is not known is null. Lists answer
//! `{"data": […], "next_cursor": …, "has_more": …}`.
//!
//! A handler reads the parameters, asks, and shapes the answer; what a parameter means is decided in
//! `storage::query`, the same for the command line.

mod dimensions;
mod docs;
mod erase;
mod errors;
mod examples;
mod export;
mod export_docs;
mod filter_value;
mod histogram;
mod large;
mod live;
mod metrics;
mod openapi;
mod openapi_body;
mod openapi_keys;
mod session;
mod session_events;
mod sessions;
mod timeline;
mod values;

pub(super) use docs::ProblemBody;
pub use openapi::document;

use actix_web::HttpRequest;
use actix_web::web::{Data, Query, ServiceConfig, delete, to};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Origin, Problem, dead_end, origins, page, read};
use crate::storage::query::{Mistake, Params};

/// Every route below `/api`.
pub(super) fn routes(config: &mut ServiceConfig, origins: &[Origin]) {
    let page = |path: &str| page(path).wrap(origins::only(origins));
    config
        .service(page("/api/v1/export/sessions.{format}").route(read().to(export::sessions)))
        .service(page("/api/v1/export/events.{format}").route(read().to(export::events)))
        .service(
            page("/api/openapi.json")
                .app_data(Data::new(openapi::Page::new()))
                .route(read().to(openapi::show)),
        )
        .service(page("/api/v1/dimensions").route(read().to(dimensions::list)))
        .service(page("/api/v1/dimensions/{dimension}/values").route(read().to(dimensions::values)))
        .service(page("/api/v1/errors").route(read().to(errors::list)))
        .service(page("/api/v1/live").route(read().to(live::now)))
        .service(page("/api/v1/live/stream").route(read().to(live::stream)))
        .service(page("/api/v1/metrics").route(read().to(metrics::dictionary)))
        .service(page("/api/v1/metrics/query").route(read().to(metrics::query)))
        .service(page("/api/v1/metrics/{metric}/histogram").route(read().to(histogram::show)))
        .service(page("/api/v1/sessions").route(read().to(sessions::list)))
        .service(
            page("/api/v1/sessions/{session_id}")
                .route(read().to(session::show))
                .route(delete().to(erase::session))
                .default_service(to(dead_end::only_get_or_delete)),
        )
        .service(
            page("/api/v1/sessions/{session_id}/events").route(read().to(session_events::list)),
        )
        .service(page("/api/v1/sessions/{session_id}/timeline").route(read().to(timeline::show)))
        .service(
            page("/api/v1/viewers/{viewer_id}")
                .route(delete().to(erase::viewer))
                .default_service(to(dead_end::only_delete)),
        );
}

pub use session::{Session, Status};

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T> {
    data: Vec<T>,
    /// Give it as `cursor` to get the next page; null on the last one.
    next_cursor: Option<String>,
    /// There is a next page.
    has_more: bool,
}

impl<T> List<T> {
    /// A page and where the next one begins.
    pub fn new(data: Vec<T>, next_cursor: Option<String>) -> Self {
        Self {
            data,
            has_more: next_cursor.is_some(),
            next_cursor,
        }
    }
}

/// The request's parameters, if all of them are known here.
fn params(request: &HttpRequest, known: &[&[&str]]) -> Result<Params, Problem> {
    let pairs = Query::<Vec<(String, String)>>::from_query(request.query_string());
    let pairs = pairs.map_err(|error| Mistake {
        parameter: "query".to_owned(),
        detail: error.to_string(),
    })?;
    Ok(Params::new(pairs.into_inner(), known)?)
}
