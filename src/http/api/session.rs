//! One session's figures, while it lives and after.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, ETag, EntityTag, VARY};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::caller::Analyst;
use super::super::site::knows;
use super::super::{Entrance, Problem, Service};
use crate::session::{Figures, clock};
use crate::storage::{SessionKey, StorageError, SummaryRow};

/// May be kept, but is asked for each time.
pub(super) const CACHE: &str = "private, no-cache";
/// What one key was told is nothing for another.
pub(super) const VARY_BY: &str = "Authorization, X-Telemetry-Key";

/// A session's figures: the columns of `session_summaries`, and what they are worth.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    status: Status,
    /// The session has rows that are not in the figures, or are in them in another order than theirs:
    /// another server has a part of them, or a restart came between. The stored figures will be whole.
    partial: bool,
    #[serde(flatten)]
    figures: SummaryRow,
}

/// Whether the session still goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The figures are those up to the last event that arrived.
    Live,
    /// The session went quiet, and they are stored.
    Finished,
}

impl Session {
    /// One that went quiet, as it is stored.
    pub fn finished(figures: SummaryRow) -> Self {
        Self {
            status: Status::Finished,
            partial: false,
            figures,
        }
    }

    pub(super) fn live(figures: SummaryRow, partial: bool) -> Self {
        Self {
            status: Status::Live,
            partial,
            figures,
        }
    }

    /// With the number of rows that the session has.
    #[must_use]
    pub fn among(mut self, rows: i64) -> Self {
        self.partial |= self.figures.event_count < rows;
        self
    }

    /// A finished session's figures are the same bytes until they are written anew. A live one's tell
    /// when they were read, so they are only as good as the same.
    fn tag(&self) -> EntityTag {
        let row = &self.figures;
        let whole = if self.partial { "partial" } else { "whole" };
        let (count, version) = (row.event_count, row.fold_version);
        match self.status {
            Status::Live => EntityTag::new_weak(format!("live-{count}-{version}-{whole}")),
            Status::Finished => {
                let written = row.updated_at.timestamp_millis();
                EntityTag::new_strong(format!("{count}-{version}-{written}-{whole}"))
            }
        }
    }
}

/// One session's figures
///
/// As they are now while the session lives, as they are stored once it went quiet. The id is
/// percent-encoded.
#[utoipa::path(
    get,
    path = "/api/v1/sessions/{session_id}",
    tag = "sessions",
    params(("session_id" = String, Path, description = "The session")),
    responses(
        (status = 200, body = Session, headers(("etag" = String, description = "strong for finished sessions, weak for live ones"))),
        (status = 304, description = "As in If-None-Match"),
        (status = 400, body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No figures of such a session are known", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in super::super) async fn show(
    entrance: Data<Entrance>,
    analyst: Analyst,
    request: HttpRequest,
    session_id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let service = entrance.open()?;
    super::params(&request, &[])?;
    let key = SessionKey::new(&analyst.project, session_id.into_inner());
    let session = find(service, key).await?.ok_or(Problem::UnknownSession)?;
    let tag = session.tag();
    let is_known = knows(&request, &tag);
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CACHE_CONTROL, CACHE))
        .insert_header((VARY, VARY_BY))
        .insert_header(ETag(tag));
    if is_known {
        return Ok(response.status(StatusCode::NOT_MODIFIED).finish());
    }
    Ok(response.json(session))
}

/// What the session's actor has folded, if there is one and it has folded anything; else what is
/// stored. In this order: an actor leaves when its summary is stored. The rows are counted before,
/// so that those which come meanwhile are not missed in the fold.
async fn find(service: &Service, key: SessionKey) -> Result<Option<Session>, Problem> {
    if !service.may_know(&key) {
        return Ok(None);
    }
    let (storage, key) = (&service.storage, Arc::new(key));
    let rows = storage.count_events(Arc::clone(&key)).await;
    let rows = rows.map_err(|error| unreadable(&key, &error))?;
    let folded = service.registry.figures(&key).await;
    let folded = folded.map_err(|_busy| Problem::Overloaded)?;
    if let Some(Figures { summary, stale }) = folded.filter(|it| it.summary.event_count > 0) {
        let figures = SummaryRow::new(&key, summary, clock::now_ms());
        return Ok(Some(Session::live(figures, stale).among(rows)));
    }
    let stored = storage.stored_summary(Arc::clone(&key)).await;
    let stored = stored.map_err(|error| unreadable(&key, &error))?;
    Ok(stored.map(|figures| Session::finished(figures).among(rows)))
}

fn unreadable(key: &SessionKey, error: &StorageError) -> Problem {
    tracing::debug!(session = %key.session_id, %error, "a session's figures were not read");
    Problem::StorageAway
}
