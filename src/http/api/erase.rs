//! Erasing sessions: what is stored of them goes, and their events are refused from then on.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use std::sync::Arc;

use super::super::caller::Eraser;
use super::super::{Entrance, Problem, Service};
use super::params;
use crate::session::clock;
use crate::storage::SessionKey;
use crate::storage::erasures::{Erased, Target};
use crate::storage::query::Mistake;

/// Erase a session
///
/// Its events, its summary, and what is kept of its refused events. When this answers, a tombstone is
/// committed and the rows are deleted; what was being written meanwhile is deleted two minutes later.
/// Events of an erased session are refused with the reason `erased` and kept nowhere. Erasing again, or
/// erasing what is not known, does the same.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{session_id}",
    tag = "sessions",
    params(("session_id" = String, Path, description = "The session")),
    responses(
        (status = 200, body = Erased, description = "What was deleted"),
        (status = 400, body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There can be no such session", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in super::super) async fn session(
    entrance: Data<Entrance>,
    eraser: Eraser,
    request: HttpRequest,
    session_id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let service = entrance.open()?;
    params(&request, &[])?;
    let key = SessionKey::new(&eraser.project, session_id.into_inner());
    must_be_text(&request, "session_id", &key.session_id)?;
    if !key.is_storable() {
        return Err(Problem::UnknownSession);
    }
    erase(service, Target::Session(key)).await
}

/// Erase a viewer
///
/// Every session that names the viewer in any of its events, and the refused events that do. The id is
/// the one that players send, whatever the server makes of it. All events are read through for that,
/// which takes its time where there are many; the answer `too_slow` says that it goes on.
#[utoipa::path(
    delete,
    path = "/api/v1/viewers/{viewer_id}",
    tag = "sessions",
    params(("viewer_id" = String, Path, description = "The viewer, as players send it")),
    responses(
        (status = 200, body = Erased, description = "What was deleted"),
        (status = 400, body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in super::super) async fn viewer(
    entrance: Data<Entrance>,
    eraser: Eraser,
    request: HttpRequest,
    viewer_id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let service = entrance.open()?;
    params(&request, &[])?;
    let viewer_id = viewer_id.into_inner();
    must_be_text(&request, "viewer_id", &viewer_id)?;
    let target = Target::Viewer {
        project: eraser.project,
        viewer_id,
        policy: service.viewer_ids.clone(),
    };
    erase(service, target).await
}

/// An address whose bytes are no UTF-8 is decoded to something else, and nobody asked to erase that.
fn must_be_text(request: &HttpRequest, parameter: &str, id: &str) -> Result<(), Problem> {
    let is_sent = || request.path().to_ascii_uppercase().contains("%EF%BF%BD");
    if (!id.contains('\u{fffd}') || is_sent()) && !id.contains('\0') {
        return Ok(());
    }
    let parameter = parameter.to_owned();
    let detail = "it must be UTF-8 without NUL".to_owned();
    Err(Mistake { parameter, detail }.into())
}

async fn erase(service: &Service, target: Target) -> Result<HttpResponse, Problem> {
    let erasures = service.storage.erasures();
    let registry = Arc::clone(&service.registry);
    let evict = move || registry.evict_erased();
    let erased = erasures.erase(target, clock::now(), evict).await;
    service.stories.forget(|key| erasures.contains(key));
    Ok(HttpResponse::Ok().json(erased?))
}
