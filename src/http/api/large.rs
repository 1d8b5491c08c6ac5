//! Answers of megabytes: writing them takes longer than the workers, which also take in events,
//! should be held up.

use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, HttpResponseBuilder, web};
use serde::Serialize;

use super::super::Problem;

/// Writes an answer as JSON on a thread for such work.
pub(super) async fn json<T: Serialize + Send + 'static>(
    mut response: HttpResponseBuilder,
    answer: T,
) -> Result<HttpResponse, Problem> {
    let written = web::block(move || serde_json::to_vec(&answer)).await;
    match written {
        Ok(Ok(json)) => Ok(response.content_type(ContentType::json()).body(json)),
        Ok(Err(error)) => {
            tracing::error!(%error, "an answer cannot be written");
            Ok(HttpResponse::InternalServerError().finish())
        }
        Err(_stopping) => Err(Problem::Draining),
    }
}
