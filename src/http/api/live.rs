//! How it is right now, once or every second.

use std::time::Duration;

use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, HeaderName};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, rt};
use tokio::time::sleep_until;

use super::super::caller::Analyst;
use super::super::streams::Writer;
use super::super::{Entrance, Problem};
use super::docs::{LiveDocs, ProblemBody};
use super::params;
use crate::session::{LIVE_PARAMS, LiveAnswer, LiveQuery};

/// A client whose stream ended comes back after this.
const RETRY: Duration = Duration::from_secs(2);
/// Proxies must not gather what comes each second.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// How it is right now
///
/// The sessions that live on this server, by what they are doing as of their last event: a session
/// stays in that state until it goes quiet for the idle time-out and leaves. Figures are of this
/// second, and the same for everybody who asks in it. Of several servers each tells its own sessions.
#[utoipa::path(
    get,
    path = "/api/v1/live",
    tag = "live",
    params(LiveDocs),
    responses(
        (status = 200, body = LiveAnswer),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in super::super) async fn now(
    entrance: Data<Entrance>,
    analyst: Analyst,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let service = entrance.open_to_memory()?;
    let query = LiveQuery::parse(&params(&request, &[LIVE_PARAMS])?)?;
    let live = service.registry.live(&analyst.project, query).await;
    Ok(HttpResponse::Ok().json(live.ok_or(Problem::Draining)?))
}

/// The same every second
///
/// Server-sent events: one `live` at once and one each second, with the answer of `/api/v1/live` as its
/// data. A client that reads too slowly misses seconds. The stream ends when the server stops.
#[utoipa::path(
    get,
    path = "/api/v1/live/stream",
    tag = "live",
    params(LiveDocs),
    responses(
        (status = 200, body = String, content_type = "text/event-stream"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in super::super) async fn stream(
    entrance: Data<Entrance>,
    analyst: Analyst,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    entrance.open_to_memory()?;
    let query = LiveQuery::parse(&params(&request, &[LIVE_PARAMS])?)?;
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((X_ACCEL_BUFFERING, "no"))
        .force_close();
    if request.method() == Method::HEAD {
        return Ok(response.finish());
    }
    let (writer, body) = entrance.streams.open()?;
    let stops = entrance.readiness.drained();
    rt::spawn(async move {
        tokio::select! {
            () = stops => {}
            () = keep_telling(writer, &entrance, &analyst, query) => {}
        }
    });
    Ok(response.streaming(body))
}

/// Tells each second, for as long as the client is there and may be told.
async fn keep_telling(
    mut writer: Writer,
    entrance: &Entrance,
    analyst: &Analyst,
    query: LiveQuery,
) {
    let Some(service) = entrance.service.get() else {
        return;
    };
    let mut retry = format!("retry: {}\n", RETRY.as_millis());
    while service.door.still_admits(analyst)
        && let Some(live) = service.registry.live(&analyst.project, query).await
    {
        let Some(event) = event(&std::mem::take(&mut retry), &live) else {
            return;
        };
        if !writer.offer(event) {
            return;
        }
        tokio::select! {
            () = writer.left() => return,
            () = sleep_until(live.until) => {}
        }
    }
}

fn event(retry: &str, live: &LiveAnswer) -> Option<Bytes> {
    let data = serde_json::to_string(live);
    let data = data.inspect_err(|error| tracing::error!(%error, "live figures are no JSON"));
    let id = live.time.timestamp_millis();
    let event = format!("{retry}event: live\nid: {id}\ndata: {}\n\n", data.ok()?);
    Some(Bytes::from(event))
}
