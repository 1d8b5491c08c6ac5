//! A session's events from its rows, for explaining its figures.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Jsonb, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::StorageError;
use super::event::{Receipt, replay};
use super::key::SessionKey;
use super::replay::JsonText;
use crate::qoe::Event;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    event_type: String,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    sent_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Jsonb)]
    raw_json: JsonText,
}

/// All events of a session, at most 100 000, in the order in which they are folded, each with its
/// type as it was sent: a type that the fold does not know is of interest too.
pub async fn events(
    connection: &mut AsyncPgConnection,
    key: &SessionKey,
) -> Result<Vec<(String, Event)>, StorageError> {
    let rows: Vec<Row> = sql_query(
        "SELECT event_type, created_at, sent_at, raw_json FROM telemetry_events \
         WHERE project = $1 AND session_id = $2 ORDER BY event_timestamp",
    )
    .bind::<Text, _>(&*key.project)
    .bind::<Text, _>(&*key.session_id)
    .get_results(connection)
    .await?;
    let mut events: Vec<(String, Event)> = rows
        .into_iter()
        .filter_map(|row| {
            let receipt = Receipt {
                created_at_ms: row.created_at.timestamp_millis(),
                sent_at_ms: row.sent_at.map(|at| at.timestamp_millis()),
            };
            Some((row.event_type, replay(&row.raw_json.0, receipt)?))
        })
        .collect();
    events.sort_by(|one, other| one.1.order(&other.1));
    Ok(events)
}
