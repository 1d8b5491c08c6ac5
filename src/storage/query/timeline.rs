//! The story of one session, for a chart: what it was doing when, and what the player showed. It is
//! told from the session's rows by the fold that makes the summary, so that the two agree to the
//! millisecond.

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::marks::Marks;
use super::series::Series;
use crate::qoe::{PartTimes, Span};

/// The parameters of a timeline.
pub const TIMELINE_PARAMS: &[&str] = &["resolution"];

/// A session's story, as far as its events are there.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Timeline {
    /// The session.
    pub session_id: String,
    /// When its first event was, by the server's clock; what `at_ms` counts from. Null without
    /// events.
    pub started_at: Option<DateTime<Utc>>,
    /// From its first to its last event, ms; null where no events are there, though the session's
    /// figures may be.
    pub session_ms: Option<i64>,
    /// Events that are told here.
    pub event_count: i64,
    /// `raw`, or the length of the buckets, as the parameter takes it.
    pub resolution: String,
    /// The length of the buckets, ms; null for `raw`.
    pub bucket_ms: Option<i64>,
    /// What it was doing: neighbouring stretches of one state, without holes. Their lengths add up
    /// to `session_ms`, their parts to those of the summary.
    pub spans: Vec<StateSpan>,
    /// What the player showed.
    pub series: PlayerSeries,
    /// What happened.
    pub marks: Marks,
}

/// A time in one state.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StateSpan {
    /// Since the session's first event, ms.
    at_ms: i64,
    /// Its length, ms.
    lasted_ms: i64,
    /// idle, starting, playing, rebuffering, seeking, paused, ended, failed or closed.
    state: &'static str,
    /// The parts of the summary that its time is in, ms by column; they add up to its length.
    #[serde(serialize_with = "by_column")]
    #[schema(value_type = std::collections::HashMap<String, i64>)]
    fed: PartTimes,
}

/// What the player showed over time. Of a bucket each series has the least and the greatest value
/// at their own times, the bitrate also the last one, and dropped frames their sum.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlayerSeries {
    /// The playhead, s of media time.
    pub(super) position_sec: Series<f64>,
    /// Media buffered ahead of the playhead, s.
    pub(super) buffer_ahead_sec: Series<f64>,
    /// The bitrate of the rendition on screen, kbps. Each value holds until the next one; null where
    /// it stops being known.
    pub(super) bitrate_kbps: Series<Option<i32>>,
    /// The browser's estimate of the bandwidth, Mbit/s.
    pub(super) network_downlink_mbps: Series<f64>,
    /// Frames per second.
    pub(super) fps: Series<f64>,
    /// Frames dropped since the sample before; with buckets, in the bucket that begins then.
    pub(super) dropped_frames: Series<i64>,
}

impl From<Span> for StateSpan {
    fn from(span: Span) -> Self {
        Self {
            at_ms: span.at_ms,
            lasted_ms: span.lasted_ms,
            state: span.state.name(),
            fed: span.fed,
        }
    }
}

fn by_column<S: Serializer>(fed: &PartTimes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(fed.iter().map(|(part, ms)| (part.column(), ms)))
}
