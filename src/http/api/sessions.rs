//! Lists of sessions.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::super::caller::Analyst;
use super::super::{Entrance, Problem, Service};
use super::session::Session;
use super::{List, params};
use crate::session::clock;
use crate::storage::SummaryRow;
use crate::storage::query::{Cursor, PERIOD_PARAMS, SESSIONS_PARAMS, SessionsQuery};

/// Live sessions that a list looks at. Of more than these it shows some.
const MAX_LIVE: usize = 10_000;

/// Sessions
///
/// Finished ones by default; with `status=live` those that are going on, as they are now.
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    tag = "sessions",
    params(super::docs::PeriodDocs, super::docs::FilterDocs, super::docs::PageDocs, super::docs::SessionsDocs),
    responses((status = 200, body = List<Session>), (status = 400, body = super::docs::ProblemBody, content_type = "application/problem+json"))
)]
pub(in super::super) async fn list(
    entrance: Data<Entrance>,
    analyst: Analyst,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let service = entrance.open()?;
    let params = params(&request, &[PERIOD_PARAMS, SESSIONS_PARAMS, &["status"]])?;
    let is_live = params.choice("status", &[("finished", false), ("live", true)])?;
    let query = SessionsQuery::parse(&analyst.project, &params, clock::now())?;
    let list = if is_live {
        live(service, &analyst.project, &query).await
    } else {
        let page = service.storage.reader().answer(query).await?;
        let cursor = page.next.as_ref().map(Cursor::encode);
        List::new(
            page.rows.into_iter().map(Session::finished).collect(),
            cursor,
        )
    };
    Ok(HttpResponse::Ok().json(list))
}

/// The same question to the actors. Whether figures are partial is only what their actor knows.
async fn live(service: &Service, project: &str, query: &SessionsQuery) -> List<Session> {
    let all = service.registry.figures_of_all(project, MAX_LIVE);
    let now_ms = clock::now_ms();
    let mut stale = std::collections::HashSet::new();
    let rows = all.await.into_iter().map(|(key, figures)| {
        if figures.stale {
            stale.insert(key.session_id.to_string());
        }
        SummaryRow::new(&key, figures.summary, now_ms)
    });
    let page = query.pick(rows.collect());
    let cursor = page.next.as_ref().map(Cursor::encode);
    let told = page.rows.into_iter().map(|row| {
        let is_stale = stale.contains(&row.session_id);
        Session::live(row, is_stale)
    });
    List::new(told.collect(), cursor)
}
