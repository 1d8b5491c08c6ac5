//! The story of one session, for a chart: what it was doing when, and what the player showed. It is
//! told from the session's rows by the fold that makes the summary, so that the two agree to the
//! millisecond.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::marks::Marks;
use super::resolution::name_of_ms;
use super::series::{self, Point, Series};
use super::{Columns, Mistake, Query, Resolution};
use crate::qoe::{Event, Explainer, PartTimes, Readings, Span, Spans};
use crate::storage::timeline::{self, TypedEvent};
use crate::storage::{SessionKey, StorageError};

/// The parameters of a timeline.
pub const TIMELINE_PARAMS: &[&str] = &["resolution"];

/// Whose story, and how fine.
#[derive(Debug, Clone)]
pub struct TimelineQuery {
    /// The session.
    pub key: SessionKey,
    /// How fine.
    pub resolution: Resolution,
}

/// A session's story, as far as its events are there.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Timeline {
    /// The session.
    pub session_id: String,
    /// When its first event was, by the server's clock; what `at_ms` counts from. Null without
    /// events.
    pub started_at: Option<DateTime<Utc>>,
    /// From its first to its last event, ms.
    pub session_ms: i64,
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
    position_sec: Series<f64>,
    /// Media buffered ahead of the playhead, s.
    buffer_ahead_sec: Series<f64>,
    /// The bitrate of the rendition on screen, kbps. Each value holds until the next one; null where
    /// it stops being known.
    bitrate_kbps: Series<Option<i32>>,
    /// The browser's estimate of the bandwidth, Mbit/s.
    network_downlink_mbps: Series<f64>,
    /// Frames per second.
    fps: Series<f64>,
    /// Frames dropped since the sample before; with buckets, in the bucket that begins then.
    dropped_frames: Series<i64>,
}

impl Query for TimelineQuery {
    type Answer = Result<Timeline, Mistake>;

    async fn run(
        self,
        connection: &mut AsyncPgConnection,
        _: &Columns,
    ) -> Result<Self::Answer, StorageError> {
        let key = self.key.clone();
        let tell = move |events: &[&TypedEvent]| {
            let mut story = Story::default();
            for (event_type, event) in events {
                story.add(event_type, event);
            }
            story.tell(&self)
        };
        timeline::read(connection, &key, tell).await
    }
}

/// A timeline in the making: every sample there is, at most one of a kind for each of a session's
/// 100 000 events.
#[derive(Default)]
struct Story {
    explainer: Explainer,
    spans: Spans,
    samples: Samples,
    marks: Marks,
}

impl Story {
    fn add(&mut self, event_type: &str, event: &Event) {
        let Some(told) = self.explainer.apply(event) else {
            return;
        };
        self.spans.add(&told);
        self.samples.add(told.at_ms, &told.readings);
        self.marks.add(told.at_ms, event_type, event);
    }

    fn tell(self, query: &TimelineQuery) -> Result<Timeline, Mistake> {
        let summary = self.explainer.session().summary();
        let bucket_ms = query.resolution.bucket_ms(summary.session_ms)?;
        let started_at = DateTime::from_timestamp_millis(summary.started_at_ms);
        Ok(Timeline {
            session_id: query.key.session_id.to_string(),
            started_at: started_at.filter(|_| summary.event_count > 0),
            session_ms: summary.session_ms,
            event_count: summary.event_count,
            resolution: bucket_ms.map_or_else(|| Resolution::Raw.name(), name_of_ms),
            bucket_ms,
            spans: self.spans.finish().into_iter().map(Into::into).collect(),
            series: self.samples.series(bucket_ms),
            marks: self.marks,
        })
    }
}

#[derive(Default)]
struct Samples {
    position_sec: Vec<Point<f64>>,
    buffer_ahead_sec: Vec<Point<f64>>,
    bitrate_kbps: Vec<Point<Option<i32>>>,
    downlink_mbps: Vec<Point<f64>>,
    fps: Vec<Point<f64>>,
    dropped_frames: Vec<Point<i64>>,
}

impl Samples {
    fn add(&mut self, at_ms: i64, readings: &Readings) {
        let keep = |points: &mut Vec<Point<f64>>, value: Option<f64>| {
            points.extend(value.map(|value| (at_ms, value)));
        };
        keep(&mut self.position_sec, readings.position_sec);
        keep(&mut self.buffer_ahead_sec, readings.buffer_ahead_sec);
        keep(&mut self.downlink_mbps, readings.downlink_mbps);
        keep(&mut self.fps, readings.fps);
        let dropped = readings.dropped_frames.map(|frames| (at_ms, frames));
        self.dropped_frames.extend(dropped);
        let shown = self.bitrate_kbps.last().and_then(|point| point.1);
        if readings.bitrate_kbps != shown {
            self.bitrate_kbps.push((at_ms, readings.bitrate_kbps));
        }
    }

    fn series(&self, bucket_ms: Option<i64>) -> PlayerSeries {
        let thinned = |points: &[Point<f64>]| match bucket_ms {
            Some(ms) => series::extremes(points, ms),
            None => Series::whole(points),
        };
        PlayerSeries {
            position_sec: thinned(&self.position_sec),
            buffer_ahead_sec: thinned(&self.buffer_ahead_sec),
            bitrate_kbps: match bucket_ms {
                Some(ms) => series::steps(&self.bitrate_kbps, ms),
                None => Series::whole(&self.bitrate_kbps),
            },
            network_downlink_mbps: thinned(&self.downlink_mbps),
            fps: thinned(&self.fps),
            dropped_frames: match bucket_ms {
                Some(ms) => series::sums(&self.dropped_frames, ms),
                None => Series::whole(&self.dropped_frames),
            },
        }
    }
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
