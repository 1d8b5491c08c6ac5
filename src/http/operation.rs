//! What operators and their machines ask.

use actix_web::HttpResponse;
use actix_web::web::Data;
use prometheus_client::encoding::text::encode;

use super::Service;

const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The process is alive.
pub(super) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

/// The server wants traffic.
pub(super) async fn readyz(service: Data<Service>) -> HttpResponse {
    match service.readiness.unready() {
        None => HttpResponse::Ok()
            .content_type("text/plain")
            .body("ready\n"),
        Some(why) => HttpResponse::ServiceUnavailable()
            .content_type("text/plain")
            .body(format!("{}\n", why.explain())),
    }
}

/// Every counter, as OpenMetrics text.
pub(super) async fn metrics(service: Data<Service>) -> HttpResponse {
    let mut text = String::new();
    match encode(&mut text, &service.prometheus) {
        Ok(()) => HttpResponse::Ok().content_type(METRICS_TYPE).body(text),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}
