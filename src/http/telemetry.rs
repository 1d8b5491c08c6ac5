//! `POST /telemetry`.

use actix_web::http::header::ALLOW;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::body::{self, Body};
use super::ingest::Ingest;
use super::problem::TELEMETRY_METHODS;
use super::{Entrance, Problem, wire};
use crate::session::clock;
use crate::storage::event::{Receipt, Rejection};

/// Takes a request's events and answers when every one of them has its fate.
pub(super) async fn receive(
    entrance: Data<Entrance>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let service = entrance.open()?;
    let (admission, timeout) = (&service.admission, service.body_timeout);
    let Body { bytes, admitted } = body::read(&request, payload, admission, timeout).await?;
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
    for (index, event) in sent.events.into_iter().enumerate() {
        ingest.add(index, event, receipt);
    }
    let reply = ingest.finish(created_at_ms).await?;
    drop(admitted);
    Ok(HttpResponse::Ok().json(reply))
}

/// Tells what is possible here, to those who ask without meaning to call from another origin.
pub(super) async fn options() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((ALLOW, TELEMETRY_METHODS))
        .finish()
}
