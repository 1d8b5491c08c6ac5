//! An event as its row, for whoever reads events as they are stored.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::replay::JsonText;
use super::schema::telemetry_events;

/// A row of `telemetry_events`; the fields are its columns.
#[derive(Debug, Queryable, Selectable, Serialize, ToSchema)]
#[diesel(table_name = telemetry_events)]
#[expect(
    missing_docs,
    reason = "every column is documented by COMMENT ON in migrations/"
)]
pub struct EventRow {
    pub project: String,
    pub session_id: String,
    pub event_id: String,
    pub event_timestamp: i64,
    pub event_type: String,
    pub viewer_id: Option<String>,
    pub playback_position_sec: Option<f64>,
    pub bitrate_kbps: Option<i32>,
    pub resolution: Option<String>,
    pub video_width: Option<i32>,
    pub video_height: Option<i32>,
    pub buffer_start: Option<i64>,
    pub buffer_end: Option<i64>,
    pub buffer_duration_ms: Option<i64>,
    pub network_downlink_mbps: Option<f64>,
    pub network_rtt_ms: Option<i32>,
    pub network_effective_type: Option<String>,
    pub device_browser: Option<String>,
    pub device_os: Option<String>,
    pub screen_width: Option<i32>,
    pub screen_height: Option<i32>,
    pub dropped_frames: Option<i32>,
    pub decoded_frames: Option<i32>,
    pub fps: Option<f64>,
    pub buffer_length_sec: Option<f64>,
    pub total_watch_time_ms: Option<i64>,
    pub total_pause_time_ms: Option<i64>,
    pub interaction_count: Option<i32>,
    pub seq: Option<i64>,
    pub sent_at: Option<DateTime<Utc>>,
    /// The event as it was sent.
    #[schema(value_type = Object)]
    pub raw_json: JsonText,
    pub created_at: DateTime<Utc>,
}

impl EventRow {
    /// When it happened by the client's clock.
    #[must_use]
    pub fn occurred_at(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.event_timestamp)
    }
}

impl Serialize for JsonText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}
