//! A session's story with every sample there is, from which timelines of any resolution are told.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

use super::marks::Marks;
use super::resolution::name_of_ms;
use super::series::{self, Point, Series};
use super::timeline::{PlayerSeries, StateSpan, Timeline};
use super::{Columns, Mistake, Query, Resolution};
use crate::qoe::{Event, Explainer, Readings, Spans};
use crate::storage::timeline::{self, TypedEvent};
use crate::storage::{SessionKey, StorageError};

/// Asks for a session's story.
#[derive(Debug, Clone)]
pub struct StoryQuery {
    /// The session.
    pub key: SessionKey,
}

/// A session's story: at most one sample of a kind for each of its 100 000 events.
#[derive(Debug, Clone)]
pub struct Story {
    session_id: String,
    started_at: Option<DateTime<Utc>>,
    session_ms: i64,
    event_count: i64,
    spans: Vec<StateSpan>,
    samples: Samples,
    marks: Marks,
}

impl Query for StoryQuery {
    type Answer = Story;

    async fn run(
        self,
        connection: &mut AsyncPgConnection,
        _: &Columns,
    ) -> Result<Story, StorageError> {
        let session_id = self.key.session_id.to_string();
        let tell = move |events: &[&TypedEvent]| {
            let mut draft = Draft::default();
            for (event_type, event) in events {
                draft.add(event_type, event);
            }
            draft.finish(session_id)
        };
        timeline::read(connection, &self.key, tell).await
    }
}

impl Story {
    /// Events that it is told from.
    #[must_use]
    pub fn event_count(&self) -> i64 {
        self.event_count
    }

    /// As fine as is asked for.
    pub fn tell(&self, resolution: Resolution) -> Result<Timeline, Mistake> {
        let bucket_ms = resolution.bucket_ms(self.session_ms)?;
        Ok(Timeline {
            session_id: self.session_id.clone(),
            started_at: self.started_at,
            session_ms: (self.event_count > 0).then_some(self.session_ms),
            event_count: self.event_count,
            resolution: bucket_ms.map_or_else(|| Resolution::Raw.name(), name_of_ms),
            bucket_ms,
            spans: self.spans.clone(),
            series: self.samples.series(bucket_ms),
            marks: self.marks.clone(),
        })
    }

    /// What it takes in memory, about.
    pub(super) fn bytes(&self) -> usize {
        let spans = self.spans.capacity() * size_of::<StateSpan>();
        size_of::<Self>() + spans + self.samples.bytes() + self.marks.bytes()
    }
}

/// A story in the making.
#[derive(Default)]
struct Draft {
    explainer: Explainer,
    spans: Spans,
    samples: Samples,
    marks: Marks,
}

impl Draft {
    fn add(&mut self, event_type: &str, event: &Event) {
        let Some(told) = self.explainer.apply(event) else {
            return;
        };
        self.spans.add(&told);
        self.samples.add(told.at_ms, &told.readings);
        self.marks.add(told.at_ms, event_type, event);
    }

    fn finish(self, session_id: String) -> Story {
        let summary = self.explainer.session().summary();
        let started_at = DateTime::from_timestamp_millis(summary.started_at_ms);
        Story {
            session_id,
            started_at: started_at.filter(|_| summary.event_count > 0),
            session_ms: summary.session_ms,
            event_count: summary.event_count,
            spans: self.spans.finish().into_iter().map(Into::into).collect(),
            samples: self.samples,
            marks: self.marks,
        }
    }
}

#[derive(Debug, Clone, Default)]
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

    fn bytes(&self) -> usize {
        let known = [
            &self.position_sec,
            &self.buffer_ahead_sec,
            &self.downlink_mbps,
            &self.fps,
        ];
        let known = known.map(|points| points.capacity() * size_of::<Point<f64>>());
        known.into_iter().sum::<usize>()
            + self.bitrate_kbps.capacity() * size_of::<Point<Option<i32>>>()
            + self.dropped_frames.capacity() * size_of::<Point<i64>>()
    }
}
