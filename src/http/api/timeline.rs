//! The story of one session, for a chart.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, ETag, EntityTag, VARY};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::super::caller::Analyst;
use super::super::site::knows;
use super::super::{Entrance, Problem, Service};
use super::session::{CACHE, Status, VARY_BY};
use super::{large, params, values};
use crate::qoe::FOLD_VERSION;
use crate::storage::query::{
    Edition, Resolution, Standing, StandingQuery, TIMELINE_PARAMS, Timeline,
};
use crate::storage::{SessionKey, SummaryRow};

/// How fine the timeline is.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only their documentation is used")]
pub(in super::super) struct TimelineDocs {
    /// `raw` for every sample, or the length of a bucket: a number and ms, s, m, h or d. Default:
    /// what cuts the session into at most 2000. More than 100 000 buckets are refused.
    #[param(required = false, value_type = values::ResolutionText, inline)]
    resolution: String,
}

/// A session's story.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct SessionTimeline {
    status: Status,
    /// The session's figures know of events that are not kept any more, so parts of the story are
    /// missing.
    partial: bool,
    #[serde(flatten)]
    timeline: Timeline,
}

/// What is known of a session before its events are read.
struct Known {
    /// Events that its actor has folded, if it has one that has.
    live_events: Option<i64>,
    stored: Standing,
}

impl Known {
    /// The summary that is the session's, unless it goes on.
    fn figures(&self) -> Option<&SummaryRow> {
        let summary = self.stored.summary.as_ref();
        summary.filter(|_| self.live_events.is_none())
    }

    fn edition(&self, key: SessionKey) -> Edition {
        let summary = self.stored.summary.as_ref();
        Edition {
            key,
            rows: self.stored.rows,
            written_us: summary.map(|row| row.updated_at.timestamp_micros()),
        }
    }

    /// The tag of a timeline of so many events. While a summary stands, the same rows are told in
    /// the same bytes.
    fn tag(&self, events: i64, resolution: Resolution) -> EntityTag {
        let told = format!("{events}-{FOLD_VERSION}-{}", resolution.name());
        match self.figures() {
            Some(row) => {
                let written = row.updated_at.timestamp_millis();
                EntityTag::new_strong(format!("{}-{written}-{told}", row.event_count))
            }
            None => EntityTag::new_weak(format!("live-{told}")),
        }
    }

    fn story(&self, timeline: Timeline) -> SessionTimeline {
        let figures = self.figures();
        let counted = figures.map(|row| row.event_count).or(self.live_events);
        SessionTimeline {
            status: figures.map_or(Status::Live, |_| Status::Finished),
            partial: counted.is_some_and(|counted| timeline.event_count < counted),
            timeline: Timeline {
                started_at: timeline.started_at.or(figures.map(|row| row.started_at)),
                ..timeline
            },
        }
    }
}

/// One session's story
///
/// What it was doing when, what the player showed, and what happened, told from its events by the
/// fold that makes its figures. Times are ms since its first event.
#[utoipa::path(
    get,
    path = "/api/v1/sessions/{session_id}/timeline",
    tag = "sessions",
    params(("session_id" = String, Path, description = "The session"), TimelineDocs),
    responses(
        (status = 200, body = SessionTimeline, headers(("etag" = String, description = "strong for finished sessions, weak for live ones"))),
        (status = 304, description = "As in If-None-Match"),
        (status = 400, body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Nothing is known of such a session", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in super::super) async fn show(
    entrance: Data<Entrance>,
    analyst: Analyst,
    request: HttpRequest,
    session_id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let service = entrance.open()?;
    let resolution = Resolution::parse(&params(&request, &[TIMELINE_PARAMS])?)?;
    let key = SessionKey::new(&analyst.project, session_id.into_inner());
    let known = find(service, &key).await?.ok_or(Problem::UnknownSession)?;
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CACHE_CONTROL, CACHE))
        .insert_header((VARY, VARY_BY));
    let tag = known.tag(known.stored.rows, resolution);
    if knows(&request, &tag) {
        response.insert_header(ETag(tag));
        return Ok(response.status(StatusCode::NOT_MODIFIED).finish());
    }
    let reader = service.storage.reader();
    let story = service.stories.get(reader, &known.edition(key)).await?;
    // More events may have come since they were counted.
    response.insert_header(ETag(known.tag(story.event_count(), resolution)));
    let timeline = large::off_the_worker(move || story.tell(resolution)).await??;
    large::json(response, known.story(timeline)).await
}

/// What is known of a session; the actor is asked first, since it leaves when its summary is stored.
async fn find(service: &Service, key: &SessionKey) -> Result<Option<Known>, Problem> {
    if !service.may_know(key) {
        return Ok(None);
    }
    let folded = match service.registry.figures(key).await {
        Ok(figures) => figures.map(|figures| figures.summary.event_count),
        // It has no time because it goes on.
        Err(_busy) => Some(1),
    };
    let question = StandingQuery { key: key.clone() };
    let known = Known {
        live_events: folded.filter(|events| *events > 0),
        stored: service.storage.reader().answer(question).await?,
    };
    let is_known = folded.is_some() || known.stored.rows > 0 || known.stored.summary.is_some();
    Ok(is_known.then_some(known))
}
