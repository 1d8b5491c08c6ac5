//! A session summary as its row.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::insert::timestamp;
use super::key::SessionKey;
use super::schema::session_summaries;
use crate::qoe::{FOLD_VERSION, SessionSummary};

/// Columns that are not a function of the session's events.
const BOOKKEEPING: [&str; 2] = ["sealed_at", "updated_at"];

/// A row of `session_summaries`; the fields are its columns, see docs/METRICS.md.
#[derive(Debug, Clone, PartialEq, Queryable, QueryableByName, Selectable, Serialize, ToSchema)]
#[diesel(table_name = session_summaries)]
#[expect(
    missing_docs,
    reason = "every column is documented by COMMENT ON in migrations/"
)]
pub struct SummaryRow {
    pub project: String,
    pub session_id: String,
    pub viewer_id: Option<String>,
    pub browser: Option<String>,
    pub os: Option<String>,
    pub screen: Option<String>,
    pub player: Option<String>,
    pub player_version: Option<String>,
    pub video_id: Option<String>,
    pub video_title: Option<String>,
    pub video_duration_sec: Option<f64>,
    pub live: Option<bool>,
    #[schema(value_type = Option<HashMap<String, Value>>)]
    pub custom: Option<Value>,
    pub started_at: DateTime<Utc>,
    pub last_event_at: DateTime<Utc>,
    pub event_count: i64,
    pub session_ms: i64,
    pub startup_ms: Option<i64>,
    pub no_start_ms: i64,
    pub playing_ms: i64,
    pub micro_stall_ms: i64,
    pub micro_stall_count: i64,
    pub rebuffer_ms: i64,
    pub rebuffer_count: i64,
    pub seek_ms: i64,
    pub seek_count: i64,
    pub paused_ms: i64,
    pub pause_count: i64,
    pub ended_ms: i64,
    pub idle_ms: i64,
    pub gap_ms: i64,
    pub watched_ms: i64,
    pub rebuffer_ratio: Option<f64>,
    pub avg_bitrate_kbps: Option<f64>,
    pub bitrate_known_ms: i64,
    pub min_bitrate_kbps: Option<i32>,
    pub max_bitrate_kbps: Option<i32>,
    pub upswitches: i64,
    pub downswitches: i64,
    #[schema(value_type = HashMap<String, i64>)]
    pub playing_ms_by_height: Value,
    pub dropped_frames: Option<i64>,
    pub decoded_frames: Option<i64>,
    pub dropped_frame_ratio: Option<f64>,
    pub avg_fps: Option<f64>,
    pub avg_rtt_ms: Option<f64>,
    pub avg_downlink_mbps: Option<f64>,
    pub min_buffer_ahead_ms: Option<i64>,
    pub error_count: i64,
    pub fatal_error_count: i64,
    pub first_error: Option<String>,
    pub vsf: bool,
    pub ebvs: bool,
    pub vpf: bool,
    pub end_reason: String,
    pub clean_exit: bool,
    pub completion: Option<f64>,
    pub completeness: Option<f64>,
    pub experience_score: Option<f64>,
    pub reported_watch_time_ms: Option<i64>,
    pub reported_pause_time_ms: Option<i64>,
    pub interaction_count: Option<i64>,
    pub fold_version: i32,
    pub sealed_at: Option<DateTime<Utc>>,
    pub updated_at: DateTime<Utc>,
}

impl SummaryRow {
    /// The row of a summary, as this version of the fold makes it.
    #[expect(
        clippy::too_many_lines,
        reason = "one line per column: a list, not logic"
    )]
    pub fn new(key: &SessionKey, summary: SessionSummary, updated_at_ms: i64) -> Self {
        let text = |value: Option<Box<str>>| value.map(String::from);
        Self {
            project: key.project.to_string(),
            session_id: key.session_id.to_string(),
            viewer_id: text(summary.viewer_id),
            browser: text(summary.browser),
            os: text(summary.os),
            screen: text(summary.screen),
            player: text(summary.player),
            player_version: text(summary.player_version),
            video_id: text(summary.video_id),
            video_title: text(summary.video_title),
            video_duration_sec: summary.video_duration_sec,
            live: summary.live,
            custom: summary
                .custom
                .and_then(|json| serde_json::from_str(&json).ok()),
            started_at: timestamp(summary.started_at_ms),
            last_event_at: timestamp(summary.last_event_at_ms),
            event_count: summary.event_count,
            session_ms: summary.session_ms,
            startup_ms: summary.startup_ms,
            no_start_ms: summary.no_start_ms,
            playing_ms: summary.playing_ms,
            micro_stall_ms: summary.micro_stall_ms,
            micro_stall_count: summary.micro_stall_count,
            rebuffer_ms: summary.rebuffer_ms,
            rebuffer_count: summary.rebuffer_count,
            seek_ms: summary.seek_ms,
            seek_count: summary.seek_count,
            paused_ms: summary.paused_ms,
            pause_count: summary.pause_count,
            ended_ms: summary.ended_ms,
            idle_ms: summary.idle_ms,
            gap_ms: summary.gap_ms,
            watched_ms: summary.watched_ms,
            rebuffer_ratio: summary.rebuffer_ratio,
            avg_bitrate_kbps: summary.avg_bitrate_kbps,
            bitrate_known_ms: summary.bitrate_known_ms,
            min_bitrate_kbps: summary.min_bitrate_kbps,
            max_bitrate_kbps: summary.max_bitrate_kbps,
            upswitches: summary.upswitches,
            downswitches: summary.downswitches,
            playing_ms_by_height: by_height(summary.playing_ms_by_height),
            dropped_frames: summary.dropped_frames,
            decoded_frames: summary.decoded_frames,
            dropped_frame_ratio: summary.dropped_frame_ratio,
            avg_fps: summary.avg_fps,
            avg_rtt_ms: summary.avg_rtt_ms,
            avg_downlink_mbps: summary.avg_downlink_mbps,
            min_buffer_ahead_ms: summary.min_buffer_ahead_ms,
            error_count: summary.error_count,
            fatal_error_count: summary.fatal_error_count,
            first_error: text(summary.first_error),
            vsf: summary.vsf,
            ebvs: summary.ebvs,
            vpf: summary.vpf,
            end_reason: summary.end_reason.to_owned(),
            clean_exit: summary.clean_exit,
            completion: summary.completion,
            completeness: summary.completeness,
            experience_score: summary.experience_score,
            reported_watch_time_ms: summary.reported_watch_time_ms,
            reported_pause_time_ms: summary.reported_pause_time_ms,
            interaction_count: summary.interaction_count,
            fold_version: FOLD_VERSION,
            sealed_at: None,
            updated_at: timestamp(updated_at_ms),
        }
    }

    /// The session the row is of.
    pub fn key(&self) -> SessionKey {
        SessionKey::new(&self.project.as_str().into(), self.session_id.as_str())
    }

    /// The row of no events; only its columns' names mean something.
    pub(super) fn empty() -> Self {
        Self::new(
            &SessionKey::new(&"".into(), ""),
            SessionSummary::default(),
            0,
        )
    }

    /// The values by column name.
    pub fn columns(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(columns)) => columns,
            _ => Map::new(),
        }
    }

    /// The columns in which two rows of one session differ, bookkeeping aside, with both values.
    pub fn differences(&self, other: &SummaryRow) -> BTreeMap<String, (Value, Value)> {
        let theirs = other.columns();
        self.columns()
            .into_iter()
            .filter(|(name, _)| !BOOKKEEPING.contains(&name.as_str()))
            .filter_map(|(name, ours)| {
                let theirs = theirs.get(&name)?.clone();
                (ours != theirs).then_some((name, (ours, theirs)))
            })
            .collect()
    }
}

fn by_height(playing_ms: BTreeMap<i32, i64>) -> Value {
    playing_ms
        .into_iter()
        .map(|(height, ms)| (height.to_string(), Value::from(ms)))
        .collect::<Map<_, _>>()
        .into()
}
