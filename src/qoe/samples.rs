//! Sampled figures: frames (rule 12), frame rate, network, buffer, and the client's own totals.

use super::Event;
use super::num;

/// The mean of non-negative samples.
#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    /// Larger values are not samples but nonsense; the bound keeps the sum finite.
    const MAX: f64 = 1e12;

    fn add(&mut self, sample: Option<f64>) {
        if let Some(sample) = sample.filter(|sample| (0.0..=Self::MAX).contains(sample)) {
            // Adding to 0.0 turns -0.0 into 0.0.
            self.sum += sample;
            self.count = self.count.saturating_add(1);
        }
    }

    fn value(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / f64::from(self.count))
    }
}

/// A cumulative counter that may restart (rule 12).
#[derive(Debug, Clone, Copy, Default)]
struct Counter {
    last: i64,
    total: Option<i64>,
}

impl Counter {
    fn add(&mut self, value: Option<i64>) {
        if let Some(value) = value.filter(|value| *value >= 0) {
            let growth = num::counter_growth(self.last, value);
            self.total = Some(self.total.unwrap_or(0).saturating_add(growth));
            self.last = value;
        }
    }
}

/// Running figures over a session's samples.
#[derive(Debug, Clone, Default)]
pub(super) struct Samples {
    dropped: Counter,
    decoded: Counter,
    fps: Mean,
    rtt: Mean,
    downlink: Mean,
    min_buffer_ahead_ms: Option<i64>,
    watch_time_ms: Option<i64>,
    pause_time_ms: Option<i64>,
    interaction_count: Option<i64>,
}

impl Samples {
    pub(super) fn observe(&mut self, event: &Event) {
        self.dropped.add(event.dropped_frames);
        self.decoded.add(event.decoded_frames);
        self.fps.add(event.fps);
        self.rtt.add(event.rtt_ms.map(f64::from));
        self.downlink.add(event.downlink_mbps);
        if let Some(sec) = event.buffer_length_sec.filter(|sec| *sec >= 0.0) {
            let ms = num::rounded(sec * 1000.0);
            self.min_buffer_ahead_ms = Some(self.min_buffer_ahead_ms.map_or(ms, |min| min.min(ms)));
        }
        // Rule 13: the client's totals are stored as reported, the last ones known.
        let latest = |value: Option<i64>, old: Option<i64>| value.filter(|v| *v >= 0).or(old);
        self.watch_time_ms = latest(event.total_watch_time_ms, self.watch_time_ms);
        self.pause_time_ms = latest(event.total_pause_time_ms, self.pause_time_ms);
        self.interaction_count = latest(event.interaction_count, self.interaction_count);
    }

    /// Writes the sampled figures into the summary.
    pub(super) fn write(&self, summary: &mut super::SessionSummary) {
        summary.dropped_frames = self.dropped.total;
        summary.decoded_frames = self.decoded.total;
        summary.dropped_frame_ratio = match (self.dropped.total, self.decoded.total) {
            (Some(dropped), Some(all)) => num::ratio(dropped, all),
            _ => None,
        };
        summary.avg_fps = self.fps.value();
        summary.avg_rtt_ms = self.rtt.value();
        summary.avg_downlink_mbps = self.downlink.value();
        summary.min_buffer_ahead_ms = self.min_buffer_ahead_ms;
        summary.reported_watch_time_ms = self.watch_time_ms;
        summary.reported_pause_time_ms = self.pause_time_ms;
        summary.interaction_count = self.interaction_count;
    }
}
