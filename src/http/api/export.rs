//! Exports: every row of a period, streamed.
//!
//! The body is sent no faster than it is read, and breaks off where something goes wrong: a body that
//! ends as HTTP says it must is whole.

use actix_web::http::Method;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{StreamExt, stream};

use super::super::caller::Analyst;
use super::super::{Entrance, Problem};
use super::docs::{FilterDocs, PeriodDocs, ProblemBody};
use super::export_docs::{EventsDocs, FormatPath, SessionColumnsDocs};
use super::params;
use crate::session::clock;
use crate::storage::StorageError;
use crate::storage::query::{
    EVENTS_EXPORT_PARAMS, Export, Format, PERIOD_PARAMS, Period, SESSIONS_EXPORT_PARAMS,
};

/// Finished sessions as a file
///
/// Every finished session of a period that passes the filters, in the order of the period's time and
/// then of their ids, with the columns of `session_summaries`. In CSV, NULL is an empty cell and empty
/// text is `""`; text that begins with `=`, `+`, `-`, `@`, tab, CR or LF gets an apostrophe before it.
#[utoipa::path(
    get,
    path = "/api/v1/export/sessions.{format}",
    tag = "exports",
    params(FormatPath, SessionColumnsDocs, PeriodDocs, FilterDocs),
    responses(
        (status = 200, description = "The file. One that could not be sent whole breaks off", content((String = "text/csv"), (String = "application/x-ndjson"), (String = "application/vnd.apache.parquet"))),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such format", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in super::super) async fn sessions(
    entrance: Data<Entrance>,
    analyst: Analyst,
    request: HttpRequest,
    format: Path<String>,
) -> Result<HttpResponse, Problem> {
    entrance.open()?;
    let format = named(&request, &format)?;
    let params = params(&request, &[PERIOD_PARAMS, SESSIONS_EXPORT_PARAMS])?;
    let export = Export::sessions(&analyst.project, &params, clock::now())?;
    answer(entrance, analyst, &request, "sessions", (export, format)).await
}

/// Events as a file
///
/// The events of a period by the client's clock, with the columns of `qoe_v1.events`, in no promised
/// order; those of named sessions by session, time and id.
#[utoipa::path(
    get,
    path = "/api/v1/export/events.{format}",
    tag = "exports",
    params(FormatPath, EventsDocs),
    responses(
        (status = 200, description = "The file. One that could not be sent whole breaks off", content((String = "application/x-ndjson"), (String = "text/csv"), (String = "application/vnd.apache.parquet"))),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such format", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in super::super) async fn events(
    entrance: Data<Entrance>,
    analyst: Analyst,
    request: HttpRequest,
    format: Path<String>,
) -> Result<HttpResponse, Problem> {
    entrance.open()?;
    let format = named(&request, &format)?;
    let params = params(&request, &[EVENTS_EXPORT_PARAMS])?;
    let export = Export::events(&analyst.project, &params, clock::now())?;
    answer(entrance, analyst, &request, "events", (export, format)).await
}

/// The format that the path ends with.
fn named(request: &HttpRequest, format: &str) -> Result<Format, Problem> {
    let found = Format::named(format);
    found.ok_or_else(|| Problem::NotFound(request.path().to_owned()))
}

/// The file, or with HEAD what would be said of it.
async fn answer(
    entrance: Data<Entrance>,
    analyst: Analyst,
    request: &HttpRequest,
    what: &str,
    (export, format): (Export, Format),
) -> Result<HttpResponse, Problem> {
    let service = entrance.open()?;
    let name = file_name(what, export.period, format);
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, content_type(format)))
        .insert_header((
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ));
    if request.method() == Method::HEAD {
        return Ok(response.streaming(stream::empty::<Result<Bytes, StorageError>>()));
    }
    let download = service.storage.exporter().start(export, format).await?;
    let revoked = || StorageError::ExportBroken("its key was revoked".to_owned());
    let pieces = download.map(move |piece| {
        let service = entrance.service.get();
        let may_go_on = service.is_some_and(|it| it.door.still_admits(&analyst));
        if may_go_on { piece } else { Err(revoked()) }
    });
    Ok(response.streaming(pieces))
}

fn content_type(format: Format) -> &'static str {
    match format {
        Format::Csv => "text/csv; charset=utf-8",
        Format::Ndjson => "application/x-ndjson",
        Format::Parquet => "application/vnd.apache.parquet",
    }
}

/// What and when, without characters that a file system minds.
fn file_name(what: &str, period: Period, format: Format) -> String {
    let (from, to) = (period.from, period.to);
    let moment = "%Y%m%dT%H%M%SZ";
    format!(
        "{what}-{}-{}.{format}",
        from.format(moment),
        to.format(moment)
    )
}
