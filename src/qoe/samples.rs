//! Sampled figures: frames (rule 12), frame rate, network, buffer, and the client's own totals.

use super::Event;
use super::known::Known;
use super::num;

/// The mean of non-negative samples.
#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: u32,
}

/// Larger values are not samples but nonsense; the bound keeps a sum finite.
const MAX_SAMPLE: f64 = 1e12;

/// A value that can be a sample.
pub(super) fn usable(sample: Option<f64>) -> Option<f64> {
    // Adding 0 turns -0 into 0.
    sample
        .filter(|sample| (0.0..=MAX_SAMPLE).contains(sample))
        .map(|sample| sample + 0.0)
}

impl Mean {
    fn add(&mut self, sample: Option<f64>) {
        if let Some(sample) = usable(sample) {
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
    total: Known,
}

impl Counter {
    fn add(&mut self, value: Option<i64>) {
        if let Some(value) = value.filter(|value| *value >= 0) {
            let growth = num::counter_growth(self.last, value);
            let total = self.total.get().unwrap_or(0);
            self.total = total.saturating_add(growth).into();
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
    min_buffer_ahead_ms: Known,
    watch_time_ms: Known,
    pause_time_ms: Known,
    interaction_count: Known,
}

impl Samples {
    pub(super) fn observe(&mut self, event: &Event) {
        self.dropped.add(event.dropped_frames);
        self.decoded.add(event.decoded_frames);
        self.fps.add(event.fps);
        self.rtt.add(event.rtt_ms.map(f64::from));
        self.downlink.add(event.downlink_mbps);
        if let Some(sec) = event.buffer_length_sec.filter(|sec| *sec >= 0.0) {
            self.min_buffer_ahead_ms.min(num::rounded(sec * 1000.0));
        }
        // Rule 13: the client's totals are stored as reported, the last ones known.
        latest(&mut self.watch_time_ms, event.total_watch_time_ms);
        latest(&mut self.pause_time_ms, event.total_pause_time_ms);
        latest(&mut self.interaction_count, event.interaction_count);
    }

    /// Frames dropped so far, if the client counts them.
    pub(super) fn dropped_frames(&self) -> Option<i64> {
        self.dropped.total.get()
    }

    /// Writes the sampled figures into the summary.
    pub(super) fn write(&self, summary: &mut super::SessionSummary) {
        summary.dropped_frames = self.dropped.total.get();
        summary.decoded_frames = self.decoded.total.get();
        summary.dropped_frame_ratio = match (self.dropped.total.get(), self.decoded.total.get()) {
            (Some(dropped), Some(all)) => num::ratio(dropped, all),
            _ => None,
        };
        summary.avg_fps = self.fps.value();
        summary.avg_rtt_ms = self.rtt.value();
        summary.avg_downlink_mbps = self.downlink.value();
        summary.min_buffer_ahead_ms = self.min_buffer_ahead_ms.get();
        summary.reported_watch_time_ms = self.watch_time_ms.get();
        summary.reported_pause_time_ms = self.pause_time_ms.get();
        summary.interaction_count = self.interaction_count.get();
    }
}

fn latest(known: &mut Known, value: Option<i64>) {
    if let Some(value) = value.filter(|value| *value >= 0) {
        *known = value.into();
    }
}
