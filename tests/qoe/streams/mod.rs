//! Random event streams. Each comes from a small script (what a viewer and a network do, what an
//! adversary writes), so a failure shrinks to the shortest script that shows it.

mod damage;
mod hostile;
mod player;
mod script;

use proptest::prelude::*;
use video_telemetry::qoe::{Event, EventKind};

pub(crate) use damage::damaged;
pub(crate) use hostile::{hostile, unbounded};
pub(crate) use player::{ours, plausible, six};

/// Where plausible streams begin, epoch ms.
pub(crate) const EPOCH_MS: i64 = 1_700_000_000_000;

/// Every kind of stream: plausible, damaged and hostile ones.
pub(crate) fn any_stream() -> impl Strategy<Value = Vec<Event>> {
    prop_oneof![plausible(), damaged(), hostile()]
}

/// An event that says nothing but what it is.
pub(crate) fn bare(timestamp_ms: i64, kind: EventKind, id: usize) -> Event {
    Event {
        timestamp_ms,
        seq: None,
        event_id: format!("e{id:03}").into(),
        created_at_ms: timestamp_ms,
        sent_at_ms: None,
        kind,
        reason: None,
        state: None,
        totals: None,
        position_sec: None,
        playback_rate: None,
        bitrate_kbps: None,
        video_width: None,
        video_height: None,
        player_width: None,
        player_height: None,
        buffer_start_ms: None,
        buffer_length_sec: None,
        dropped_frames: None,
        decoded_frames: None,
        fps: None,
        downlink_mbps: None,
        rtt_ms: None,
        total_watch_time_ms: None,
        total_pause_time_ms: None,
        interaction_count: None,
        seek: None,
        error: None,
        hidden: None,
        session_start: None,
        viewer_id: None,
        browser: None,
        os: None,
        screen_width: None,
        screen_height: None,
    }
}
