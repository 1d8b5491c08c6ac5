//! A session's events from its rows, in the order in which they are folded: for explaining its
//! figures and for telling its story.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::TryStreamExt;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::spawn_blocking;

use super::StorageError;
use super::event::{Receipt, replay};
use super::key::SessionKey;
use super::replay::JsonText;
use super::schema::telemetry_events as t;
use crate::qoe::Event;

/// Rows handed over at once: waking the parser costs as much as parsing a few of them.
const BATCH: usize = 256;
/// Batches that wait to be parsed; then PostgreSQL waits.
const BATCHES_AHEAD: usize = 4;

/// An event with its type as it was sent: a type that the fold does not know is of interest too.
pub type TypedEvent = (String, Event);

#[derive(Queryable)]
struct Row {
    event_type: String,
    created_at: DateTime<Utc>,
    sent_at: Option<DateTime<Utc>>,
    raw_json: JsonText,
}

impl Row {
    /// None for a row written by other hands, that is no event.
    fn parse(self) -> Option<TypedEvent> {
        let receipt = Receipt {
            created_at_ms: self.created_at.timestamp_millis(),
            sent_at_ms: self.sent_at.map(|at| at.timestamp_millis()),
        };
        let event = replay(&self.raw_json.0, receipt)?;
        Some((self.event_type, event))
    }
}

/// Reads a session's events, at most 100 000, and has something told of them in the order of the
/// fold. Both parsing and telling take long, so they have a thread of their own, and PostgreSQL reads
/// on meanwhile. It is not asked to sort: it would begin only when it has read all, and the order
/// of events with one timestamp is in their JSON anyway (metrics rule 1).
pub async fn read<T: Send + 'static>(
    connection: &mut AsyncPgConnection,
    key: &SessionKey,
    tell: impl FnOnce(&[&TypedEvent]) -> T + Send + 'static,
) -> Result<T, StorageError> {
    let (batches, arriving) = channel(BATCHES_AHEAD);
    let telling = spawn_blocking(move || {
        let events = parse(arriving);
        let mut ordered: Vec<&TypedEvent> = events.iter().collect();
        ordered.sort_by(|one, other| one.1.order(&other.1));
        tell(&ordered)
    });
    let mut rows = t::table
        .filter(t::project.eq(&*key.project))
        .filter(t::session_id.eq(&*key.session_id))
        .select((t::event_type, t::created_at, t::sent_at, t::raw_json))
        .load_stream::<Row>(connection)
        .await?;
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(row) = rows.try_next().await? {
        batch.push(row);
        if batch.len() == BATCH {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            // Only a parser that panicked is not there any more; `telling` says so.
            batches.send(full).await.ok();
        }
    }
    batches.send(batch).await.ok();
    drop(batches);
    telling.await.map_err(|_gone| StorageError::ShuttingDown)
}

fn parse(mut arriving: Receiver<Vec<Row>>) -> Vec<TypedEvent> {
    let mut events = Vec::new();
    while let Some(batch) = arriving.blocking_recv() {
        events.extend(batch.into_iter().filter_map(Row::parse));
    }
    events
}

/// A session's events themselves, in the order of the fold.
pub async fn events(
    connection: &mut AsyncPgConnection,
    key: &SessionKey,
) -> Result<Vec<TypedEvent>, StorageError> {
    let copy = |events: &[&TypedEvent]| events.iter().map(|event| (*event).clone()).collect();
    read(connection, key, copy).await
}
