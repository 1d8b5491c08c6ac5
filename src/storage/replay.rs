//! Folding sessions from their rows: what recovery, `verify`, `refold` and a stale actor do.

use chrono::{DateTime, Utc};
use diesel::deserialize::FromSqlRow;
use diesel::pg::{Pg, PgValue};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Jsonb, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::TryStreamExt;

use super::StorageError;
use super::event::{Receipt, replay};
use super::key::SessionKey;
use crate::qoe::{Event, SessionFold};

/// Sessions folded by one query; their rows are streamed, so memory holds only their folds.
pub(super) const MAX_SESSIONS: usize = 500;

/// The text of a jsonb value, without parsing it.
#[derive(Debug, FromSqlRow)]
pub struct JsonText(pub String);

impl diesel::deserialize::FromSql<Jsonb, Pg> for JsonText {
    fn from_sql(value: PgValue<'_>) -> diesel::deserialize::Result<Self> {
        // jsonb's binary form: version 1, then the text.
        match value.as_bytes().split_first() {
            Some((1, text)) => Ok(Self(str::from_utf8(text)?.to_owned())),
            _ => Err("unknown jsonb version".into()),
        }
    }
}

#[derive(QueryableByName)]
struct StoredEvent {
    #[diesel(sql_type = Text)]
    project: String,
    #[diesel(sql_type = Text)]
    session_id: String,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    sent_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Jsonb)]
    raw_json: JsonText,
}

impl StoredEvent {
    fn is_of(&self, key: &SessionKey) -> bool {
        *self.project == *key.project && *self.session_id == *key.session_id
    }

    fn parse(&self) -> Option<Event> {
        let receipt = Receipt {
            created_at_ms: self.created_at.timestamp_millis(),
            sent_at_ms: self.sent_at.map(|at| at.timestamp_millis()),
        };
        let event = replay(&self.raw_json.0, receipt);
        if event.is_none() {
            tracing::error!(
                session = self.session_id,
                "a row's raw_json is not an event; it is left out"
            );
        }
        event
    }
}

/// Folds one session from its rows; the fold is empty when it has none.
pub async fn fold_session(
    connection: &mut AsyncPgConnection,
    key: &SessionKey,
) -> Result<SessionFold, StorageError> {
    let folds = fold_sessions(connection, std::slice::from_ref(key)).await?;
    Ok(folds
        .into_iter()
        .next()
        .map(|(_, fold)| fold)
        .unwrap_or_default())
}

/// Folds sessions from their rows, in the order of their keys. Sessions without rows are left out.
pub async fn fold_sessions(
    connection: &mut AsyncPgConnection,
    keys: &[SessionKey],
) -> Result<Vec<(SessionKey, SessionFold)>, StorageError> {
    let projects: Vec<&str> = keys.iter().map(|key| &*key.project).collect();
    let sessions: Vec<&str> = keys.iter().map(|key| &*key.session_id).collect();
    let mut rows = sql_query(
        "SELECT e.project, e.session_id, e.created_at, e.sent_at, e.raw_json \
         FROM unnest($1, $2) AS k (project, session_id) \
         JOIN telemetry_events AS e \
             ON e.project = k.project COLLATE \"C\" AND e.session_id = k.session_id COLLATE \"C\" \
         ORDER BY e.project, e.session_id, e.event_timestamp",
    )
    .bind::<Array<Text>, _>(projects)
    .bind::<Array<Text>, _>(sessions)
    .load_stream::<StoredEvent>(connection)
    .await?;
    let mut folder = Folder::default();
    while let Some(row) = rows.try_next().await? {
        folder.add(&row);
    }
    Ok(folder.finish())
}

/// Folds a stream of rows that is sorted by session and time. The order of events with the same
/// timestamp (metrics rule 1) is in their JSON, so those are gathered and sorted here.
#[derive(Default)]
struct Folder {
    done: Vec<(SessionKey, SessionFold)>,
    same_time: Vec<Event>,
}

impl Folder {
    fn add(&mut self, row: &StoredEvent) {
        if !self.done.last().is_some_and(|(key, _)| row.is_of(key)) {
            self.flush();
            let key = SessionKey::new(&row.project.as_str().into(), row.session_id.as_str());
            self.done.push((key, SessionFold::new()));
        }
        let Some(event) = row.parse() else { return };
        if self
            .same_time
            .last()
            .is_some_and(|last| last.timestamp_ms != event.timestamp_ms)
        {
            self.flush();
        }
        self.same_time.push(event);
    }

    fn flush(&mut self) {
        self.same_time.sort_by(Event::order);
        if let Some((_, fold)) = self.done.last_mut() {
            for event in self.same_time.drain(..) {
                fold.apply(&event);
            }
        }
    }

    fn finish(mut self) -> Vec<(SessionKey, SessionFold)> {
        self.flush();
        self.done
    }
}
