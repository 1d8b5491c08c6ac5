//! One session's figures, while it lives and after.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path};
use serde::Serialize;

use super::super::{Entrance, Problem, Service};
use crate::session::{Figures, clock};
use crate::storage::{SessionKey, StorageError, SummaryRow};

/// The answer. The marks stand beside the columns, one of which is called `live` as well: there it
/// says that the video was a live stream.
#[derive(Serialize)]
struct SessionFigures {
    session_id: String,
    /// The figures are those of the session so far; else the session was quiet and they are stored.
    live: bool,
    /// The session has rows that are not in the figures, or are in them in another order than theirs:
    /// another server has a part of them, or a restart came between. The stored figures will be whole.
    partial: bool,
    /// The columns of `session_summaries`.
    summary: SummaryRow,
}

/// `GET /api/v1/sessions/{session_id}`.
pub(in super::super) async fn show(
    entrance: Data<Entrance>,
    session_id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let service = entrance.open()?;
    let key = SessionKey::new(&service.project, session_id.into_inner());
    let figures = find(service, key).await?.ok_or(Problem::UnknownSession)?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(figures))
}

/// What the session's actor has folded, if there is one and it has folded anything; else what is
/// stored. In this order: an actor leaves when its summary is stored. The rows are counted before,
/// so that those which come meanwhile are not missed in the fold.
async fn find(service: &Service, key: SessionKey) -> Result<Option<SessionFigures>, Problem> {
    if !key.is_storable() {
        return Ok(None);
    }
    let (storage, key) = (&service.storage, Arc::new(key));
    let rows = storage.count_events(Arc::clone(&key)).await;
    let rows = rows.map_err(|error| unreadable(&key, &error))?;
    let folded = service.registry.figures(&key).await;
    let folded = folded.map_err(|_busy| Problem::Overloaded)?;
    if let Some(Figures { summary, stale }) = folded.filter(|it| it.summary.event_count > 0) {
        let summary = SummaryRow::new(&key, summary, clock::now_ms());
        return Ok(Some(SessionFigures::new(summary, true, stale, rows)));
    }
    let stored = storage.stored_summary(Arc::clone(&key)).await;
    let stored = stored.map_err(|error| unreadable(&key, &error))?;
    Ok(stored.map(|summary| SessionFigures::new(summary, false, false, rows)))
}

impl SessionFigures {
    fn new(summary: SummaryRow, live: bool, stale: bool, rows: i64) -> Self {
        Self {
            session_id: summary.session_id.clone(),
            live,
            partial: stale || summary.event_count < rows,
            summary,
        }
    }
}

fn unreadable(key: &SessionKey, error: &StorageError) -> Problem {
    tracing::debug!(session = %key.session_id, %error, "a session's figures were not read");
    Problem::StorageAway
}
