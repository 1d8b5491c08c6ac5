//! A session's events from its rows, in the order in which they are folded: for explaining its
//! figures and for telling its story.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::TryStreamExt;

use super::StorageError;
use super::event::{Receipt, replay};
use super::key::SessionKey;
use super::replay::JsonText;
use super::schema::telemetry_events as t;
use crate::qoe::Event;

#[derive(Queryable)]
struct Row {
    event_type: String,
    created_at: DateTime<Utc>,
    sent_at: Option<DateTime<Utc>>,
    raw_json: JsonText,
}

impl Row {
    fn parse(&self) -> Option<Event> {
        let receipt = Receipt {
            created_at_ms: self.created_at.timestamp_millis(),
            sent_at_ms: self.sent_at.map(|at| at.timestamp_millis()),
        };
        replay(&self.raw_json.0, receipt)
    }
}

/// Hands each event of a session to `take`, in the order of the fold, with its type as it was sent: a
/// type that the fold does not know is of interest too. Rows are parsed as they come, so that
/// PostgreSQL reads on meanwhile; only those of one millisecond are held, since their order is in
/// their JSON (metrics rule 1).
pub async fn each(
    connection: &mut AsyncPgConnection,
    key: &SessionKey,
    mut take: impl FnMut(String, Event),
) -> Result<(), StorageError> {
    let mut rows = t::table
        .filter(t::project.eq(&*key.project))
        .filter(t::session_id.eq(&*key.session_id))
        .order(t::event_timestamp)
        .select((t::event_type, t::created_at, t::sent_at, t::raw_json))
        .load_stream::<Row>(connection)
        .await?;
    let mut same_time: Vec<(String, Event)> = Vec::new();
    let mut hand_over = |same_time: &mut Vec<(String, Event)>| {
        same_time.sort_by(|one, other| one.1.order(&other.1));
        for (event_type, event) in same_time.drain(..) {
            take(event_type, event);
        }
    };
    while let Some(row) = rows.try_next().await? {
        // Only a row written by other hands is no event.
        let Some(event) = row.parse() else { continue };
        let last = same_time.last();
        if last.is_some_and(|(_, last)| last.timestamp_ms != event.timestamp_ms) {
            hand_over(&mut same_time);
        }
        same_time.push((row.event_type, event));
    }
    hand_over(&mut same_time);
    Ok(())
}

/// All events of a session at once, at most 100 000.
pub async fn events(
    connection: &mut AsyncPgConnection,
    key: &SessionKey,
) -> Result<Vec<(String, Event)>, StorageError> {
    let mut events = Vec::new();
    each(connection, key, |event_type, event| {
        events.push((event_type, event));
    })
    .await?;
    Ok(events)
}
