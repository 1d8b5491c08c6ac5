//! Requests that lead nowhere.

use actix_web::{HttpRequest, HttpResponse};

use super::Problem;

/// The methods of `/telemetry`.
pub(super) const TELEMETRY_METHODS: &str = "POST, OPTIONS";

/// The answer of a page that is not there.
pub(super) async fn not_found(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(Problem::NotFound(request.path().to_owned()))
}

/// The answer of `/telemetry` to anything but POST.
pub(super) async fn only_post() -> Result<HttpResponse, Problem> {
    Err(Problem::MethodNotAllowed(TELEMETRY_METHODS))
}

/// The answer of a session's page to anything but what is possible there.
pub(super) async fn only_get_or_delete() -> Result<HttpResponse, Problem> {
    Err(Problem::MethodNotAllowed("GET, HEAD, DELETE"))
}

/// The answer of what can only be erased to anything else.
pub(super) async fn only_delete() -> Result<HttpResponse, Problem> {
    Err(Problem::MethodNotAllowed("DELETE"))
}

/// The answer of a page to anything but GET and HEAD.
pub(super) async fn only_get() -> Result<HttpResponse, Problem> {
    Err(Problem::MethodNotAllowed("GET, HEAD"))
}
