//! Around each request to `/telemetry`: an id for the logs, and its duration.

use std::time::Instant;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use tracing::Instrument;
use uuid::Uuid;

use super::Entrance;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A proxy's id is taken over if it is no longer than this.
const MAX_ID_BYTES: usize = 64;

/// Names the request in every log line written for it and in its answer, and counts it.
pub(super) async fn observe<B: MessageBody>(
    entrance: Data<Entrance>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let started = Instant::now();
    let id = request_id(&request);
    let span = tracing::info_span!("request", id = id.to_str().unwrap_or_default());
    let mut answered = next.call(request).instrument(span.clone()).await;
    let status = match &answered {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let seconds = started.elapsed().as_secs_f64();
    if let Some(service) = entrance.service.get() {
        service.metrics.count_request(status.as_u16(), seconds);
    }
    span.in_scope(|| tracing::debug!(status = status.as_u16(), seconds, "answered"));
    if let Ok(response) = &mut answered {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    answered
}

fn request_id(request: &ServiceRequest) -> HeaderValue {
    let sent = request.headers().get(REQUEST_ID);
    let usable = |id: &&HeaderValue| {
        !id.is_empty() && id.len() <= MAX_ID_BYTES && id.as_bytes().iter().all(u8::is_ascii_graphic)
    };
    sent.filter(usable).cloned().unwrap_or_else(|| {
        let id = Uuid::new_v4().simple().to_string();
        HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("-"))
    })
}
