//! `POST /telemetry`.

use actix_web::http::header::ALLOW;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use tracing::Instrument;

use super::api::ProblemBody;
use super::body::{self, Body};
use super::ingest::Ingest;
use super::problem::TELEMETRY_METHODS;
use super::wire::{self, Reply};
use super::{Entrance, Problem};
use crate::session::clock;
use crate::storage::event::{Receipt, Rejection};

/// Send events
///
/// From any origin and without credentials. One event, an array of events, or an envelope; plain or with
/// `Content-Encoding: gzip`. The answer comes when every event is committed, was known already, or was
/// refused and is kept with its reason. At most 512 KiB, also after decompression, and 500 events.
/// README.md tells what a client does with each status.
#[utoipa::path(
    post,
    path = "/telemetry",
    tag = "ingest",
    responses(
        (status = 200, body = Reply, description = "Every event has its fate"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "No JSON, broken gzip, or every event was refused: do not send it again"),
        (status = 408, body = ProblemBody, content_type = "application/problem+json", description = "The body came too slowly: send it again"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json", description = "Too many bytes or events: split it"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json", description = "Another content type or encoding"),
    )
)]
pub(super) async fn receive(
    entrance: Data<Entrance>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let service = entrance.open()?;
    // Before the body is read: refusing must cost next to nothing, or the refused starve the others.
    service.storage.writer().room()?;
    let (admission, timeout) = (&service.admission, service.body_timeout);
    let body = body::read(&request, payload, admission, timeout).await?;
    // A task of its own: when the client goes away this handler is dropped, but the work on its
    // events goes on, and so must the room it holds and the count of its outcomes.
    let work = work_on(entrance.clone(), body).in_current_span();
    match actix_web::rt::spawn(work).await {
        Ok(reply) => Ok(HttpResponse::Ok().json(reply?)),
        Err(error) => {
            tracing::error!(%error, "a request's work broke off");
            Err(Problem::StorageAway)
        }
    }
}

async fn work_on(entrance: Data<Entrance>, body: Body) -> Result<Reply, Problem> {
    let service = entrance.open()?;
    let Body {
        bytes,
        mut admitted,
    } = body;
    admitted.start_work();
    let created_at_ms = clock::now_ms();
    let mut ingest = Ingest::new(service, &bytes);
    let sent = match wire::split(&bytes) {
        Ok(sent) => sent,
        Err(problem @ (Problem::InvalidJson(_) | Problem::EventsNotAnArray)) => {
            let rejection = Rejection::invalid_json(&problem.to_string());
            ingest.refuse(0, bytes.clone(), rejection);
            // Kept if it can be; bad input gets the same answer in any case.
            ingest.finish(created_at_ms).await.ok();
            return Err(problem);
        }
        Err(problem) => return Err(problem),
    };
    let receipt = Receipt {
        created_at_ms,
        sent_at_ms: sent.sent_at_ms,
    };
    if let Err(full) = admitted.hold_events(sent.events.len()) {
        service.metrics.count_unavailable(sent.events.len());
        return Err(full);
    }
    for (index, event) in sent.events.into_iter().enumerate() {
        ingest.add(index, event, receipt);
    }
    ingest.finish(created_at_ms).await
}

/// What is possible here
///
/// For those who ask without meaning to call from another origin; a preflight has an answer of its own.
#[utoipa::path(
    options,
    path = "/telemetry",
    tag = "ingest",
    responses((status = 204, description = "See Allow", headers(("allow" = String, description = "The methods"))))
)]
pub(super) async fn options() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((ALLOW, TELEMETRY_METHODS))
        .finish()
}
