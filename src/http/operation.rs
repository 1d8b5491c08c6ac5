//! What operators and their machines ask.

use actix_web::HttpResponse;
use actix_web::web::Data;
use prometheus_client::encoding::text::encode;

use super::caller::Prober;
use super::{Entrance, Problem};

const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The process is alive
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "operation",
    responses((status = 200, body = String, content_type = "text/plain", description = "It is"))
)]
pub(super) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

/// The server wants traffic
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operation",
    responses(
        (status = 200, body = String, content_type = "text/plain", description = "It does"),
        (status = 503, body = String, content_type = "text/plain", description = "It is starting or stopping, or PostgreSQL is away"),
    )
)]
pub(super) async fn readyz(entrance: Data<Entrance>) -> HttpResponse {
    match entrance.readiness.unready() {
        None => HttpResponse::Ok()
            .content_type("text/plain")
            .body("ready\n"),
        Some(why) => HttpResponse::ServiceUnavailable()
            .content_type("text/plain")
            .body(format!("{}\n", why.explain())),
    }
}

/// Every counter, as `OpenMetrics` text
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operation",
    responses((status = 200, body = String, content_type = "application/openmetrics-text", description = "For Prometheus and its kin"))
)]
pub(super) async fn metrics(
    entrance: Data<Entrance>,
    _prober: Prober,
) -> Result<HttpResponse, Problem> {
    let service = entrance.service.get().ok_or(Problem::Starting)?;
    let mut text = String::new();
    Ok(match encode(&mut text, &service.prometheus) {
        Ok(()) => HttpResponse::Ok().content_type(METRICS_TYPE).body(text),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            HttpResponse::InternalServerError().finish()
        }
    })
}
