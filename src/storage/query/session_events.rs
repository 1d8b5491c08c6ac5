//! The events of one session as they are stored, page by page.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Columns, Mistake, Params, Query, filter};
use crate::storage::event_row::EventRow;
use crate::storage::schema::{session_summaries as s, telemetry_events as t};
use crate::storage::{SessionKey, StorageError};

/// The parameters of a session's events.
pub const SESSION_EVENTS_PARAMS: &[&str] = &["sort", "type", "limit", "cursor"];

/// Events of a page, unless asked otherwise.
const DEFAULT_EVENTS: i64 = 100;

/// In which order; the second is the other way round.
const SORTS: [(&str, bool); 2] = [("event_timestamp", false), ("-event_timestamp", true)];

/// Which events of which session.
#[derive(Debug, Clone)]
pub struct SessionEventsQuery {
    key: SessionKey,
    types: Vec<String>,
    descending: bool,
    after: Option<EventPlace>,
    limit: i64,
}

/// Some of a session's events.
#[derive(Debug)]
pub struct EventsPage {
    /// The events.
    pub events: Vec<SessionEvent>,
    /// What to give as `cursor` for the next page; `None` if this is the last one.
    pub next_cursor: Option<String>,
    /// There are rows or a summary of such a session.
    pub is_known: bool,
}

/// An event as it is stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionEvent {
    /// When it happened by the client's clock.
    occurred_at: Option<DateTime<Utc>>,
    #[serde(flatten)]
    row: EventRow,
}

/// The place of an event in its session, so that a page begins after it whatever arrives meanwhile.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventPlace {
    #[serde(rename = "d")]
    descending: bool,
    #[serde(rename = "t")]
    timestamp_ms: i64,
    #[serde(rename = "i")]
    event_id: String,
}

impl SessionEventsQuery {
    /// Reads it from the parameters.
    pub fn parse(key: SessionKey, params: &Params) -> Result<Self, Mistake> {
        let descending = params.choice("sort", &SORTS)?;
        let types = params.one("type")?;
        let types = types.map(|text| filter::split("type", text)).transpose()?;
        Ok(Self {
            key,
            types: types.unwrap_or_default(),
            descending,
            after: EventPlace::parse(params, descending)?,
            limit: params.limit(DEFAULT_EVENTS)?,
        })
    }

    /// A page, and a row more if there are any after it.
    async fn rows(
        &self,
        connection: &mut AsyncPgConnection,
    ) -> Result<Vec<EventRow>, StorageError> {
        let mut rows = t::table
            .filter(t::project.eq(&*self.key.project))
            .filter(t::session_id.eq(&*self.key.session_id))
            .select(EventRow::as_select())
            .limit(self.limit + 1)
            .into_boxed();
        if !self.types.is_empty() {
            rows = rows.filter(t::event_type.eq_any(&self.types));
        }
        if let Some(EventPlace {
            timestamp_ms,
            event_id,
            ..
        }) = &self.after
        {
            let (at, id) = (*timestamp_ms, event_id);
            // The first condition rules out days, so that their partitions are not read.
            rows = if self.descending {
                let before = t::event_timestamp.lt(at).or(t::event_id.lt(id));
                rows.filter(t::event_timestamp.le(at).and(before))
            } else {
                let after = t::event_timestamp.gt(at).or(t::event_id.gt(id));
                rows.filter(t::event_timestamp.ge(at).and(after))
            };
        }
        let rows = if self.descending {
            rows.order((t::event_timestamp.desc(), t::event_id.desc()))
        } else {
            rows.order((t::event_timestamp, t::event_id))
        };
        Ok(rows.get_results(connection).await?)
    }

    async fn is_known(&self, connection: &mut AsyncPgConnection) -> Result<bool, StorageError> {
        let (project, id) = (&*self.key.project, &*self.key.session_id);
        let rows = t::table.filter(t::project.eq(project).and(t::session_id.eq(id)));
        let summary = s::table.find((project, id));
        let known = diesel::select(exists(rows).or(exists(summary)));
        Ok(known.get_result(connection).await?)
    }
}

impl Query for SessionEventsQuery {
    type Answer = EventsPage;

    async fn run(
        self,
        connection: &mut AsyncPgConnection,
        _: &Columns,
    ) -> Result<EventsPage, StorageError> {
        let mut rows = self.rows(connection).await?;
        let is_known = !rows.is_empty() || self.is_known(connection).await?;
        let wanted = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > wanted;
        rows.truncate(wanted);
        let last = rows.last().filter(|_| has_more);
        Ok(EventsPage {
            next_cursor: last.map(|row| EventPlace::of(row, self.descending).encode()),
            events: rows.into_iter().map(Into::into).collect(),
            is_known,
        })
    }
}

impl EventPlace {
    fn of(row: &EventRow, descending: bool) -> Self {
        Self {
            descending,
            timestamp_ms: row.event_timestamp,
            event_id: row.event_id.clone(),
        }
    }

    /// `cursor` among the parameters.
    fn parse(params: &Params, descending: bool) -> Result<Option<Self>, Mistake> {
        let Some(text) = params.one("cursor")? else {
            return Ok(None);
        };
        let place = Self::decode(text).filter(|place| place.descending == descending);
        let wrong = || {
            let detail = "it must be the next_cursor of a page with the same sort, unchanged";
            Mistake::new("cursor", detail)
        };
        place.map(Some).ok_or_else(wrong)
    }

    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    fn decode(text: &str) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(text).ok()?;
        let place: Self = serde_json::from_slice(&json).ok()?;
        // PostgreSQL takes no NUL.
        (!place.event_id.contains('\0')).then_some(place)
    }
}

impl From<EventRow> for SessionEvent {
    fn from(row: EventRow) -> Self {
        Self {
            occurred_at: row.occurred_at(),
            row,
        }
    }
}
