//! Answers of megabytes: writing them takes longer than the workers, which also take in events,
//! should be held up.

use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, HttpResponseBuilder, web};
use serde::Serialize;

use super::super::Problem;

/// Does something on a thread for work that takes long.
pub(super) async fn off_the_worker<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    web::block(work)
        .await
        .map_err(|_stopping| Problem::Draining)
}

/// Writes an answer as JSON there.
pub(super) async fn json<T: Serialize + Send + 'static>(
    mut response: HttpResponseBuilder,
    answer: T,
) -> Result<HttpResponse, Problem> {
    match off_the_worker(move || serde_json::to_vec(&answer)).await? {
        Ok(json) => Ok(response.content_type(ContentType::json()).body(json)),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written");
            Ok(HttpResponse::InternalServerError().finish())
        }
    }
}
