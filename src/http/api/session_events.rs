//! One session's events, as they are stored.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use utoipa::IntoParams;

use super::super::caller::Analyst;
use super::super::{Entrance, Problem};
use super::{List, large, params, values};
use crate::storage::SessionKey;
use crate::storage::query::{SESSION_EVENTS_PARAMS, SessionEvent, SessionEventsQuery};

/// Which events of the session.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only their documentation is used")]
pub(in super::super) struct EventsDocs {
    /// `event_timestamp` (default), or `-event_timestamp` for the latest first; events of one
    /// millisecond by their ids.
    #[param(required = false, value_type = values::EventsSort, inline)]
    sort: String,
    /// Only events of this type, as it was sent; a comma stands for any of (`\,` is a comma).
    #[param(required = false, value_type = values::TextList, inline)]
    r#type: String,
    /// `next_cursor` of the page before.
    #[param(required = false, value_type = values::CursorText, inline)]
    cursor: String,
    /// How many events.
    #[param(required = false, minimum = 1, maximum = 500, example = 100)]
    limit: i64,
}

/// One session's events
///
/// As they are stored: their columns, and `raw_json`, the event as it was sent. The events of an old
/// session may be gone while its figures are kept; then the list is empty.
#[utoipa::path(
    get,
    path = "/api/v1/sessions/{session_id}/events",
    tag = "sessions",
    params(("session_id" = String, Path, description = "The session"), EventsDocs),
    responses(
        (status = 200, body = List<SessionEvent>),
        (status = 400, body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Nothing is known of such a session", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in super::super) async fn list(
    entrance: Data<Entrance>,
    analyst: Analyst,
    request: HttpRequest,
    session_id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let service = entrance.open()?;
    let params = params(&request, &[SESSION_EVENTS_PARAMS])?;
    let key = SessionKey::new(&analyst.project, session_id.into_inner());
    let query = SessionEventsQuery::parse(key.clone(), &params)?;
    if !service.may_know(&key) {
        return Err(Problem::UnknownSession);
    }
    let page = service.storage.reader().answer(query).await?;
    if !page.is_known && !service.registry.contains(&key) {
        return Err(Problem::UnknownSession);
    }
    large::json(HttpResponse::Ok(), List::new(page.events, page.next_cursor)).await
}
