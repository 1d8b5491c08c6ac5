//! The errors that sessions ran into.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::super::caller::Analyst;
use super::super::{Entrance, Problem};
use super::docs::{ErrorsDocs, FilterDocs, PeriodDocs, ProblemBody};
use super::params;
use crate::session::clock;
use crate::storage::query::{ERRORS_PARAMS, ErrorsAnswer, ErrorsQuery, PERIOD_PARAMS};

/// The errors that sessions ran into
///
/// Of the finished sessions of a period. A session counts with one error: its first fatal one, else its
/// first one (`first_error`). So a session that ran into several errors is not among those of the later
/// ones; single error events are in `sessions/{session_id}/events`, in exports and in SQL. What only
/// came in the period before is not told.
#[utoipa::path(
    get,
    path = "/api/v1/errors",
    tag = "figures",
    params(ErrorsDocs, PeriodDocs, FilterDocs),
    responses(
        (status = 200, body = ErrorsAnswer),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in super::super) async fn list(
    entrance: Data<Entrance>,
    analyst: Analyst,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let service = entrance.open()?;
    let params = params(&request, &[ERRORS_PARAMS, PERIOD_PARAMS])?;
    let query = ErrorsQuery::parse(&analyst.project, &params, clock::now())?;
    let errors = service.storage.reader().answer(query).await?;
    Ok(HttpResponse::Ok().json(errors))
}
