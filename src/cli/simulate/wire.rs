//! The JSON of one event, as docs of the wire have it. Strings are borrowed: an event costs no
//! allocation of its own.

use serde::Serialize;
use uuid::Uuid;

use super::moment::{State, Totals};
use super::population::Rendition;

/// One event of either client; what a client does not send is left out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireEvent<'a> {
    pub(super) event_id: Uuid,
    pub(super) viewer_id: &'a str,
    pub(super) session_id: &'a str,
    pub(super) event_type: &'static str,
    pub(super) timestamp: i64,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(super) ours: Option<Ours<'a>>,
    pub(super) playback_position_sec: f64,
    pub(super) quality: Quality,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) buffering: Option<Buffering>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<ErrorDetail>,
    pub(super) network: Network,
    pub(super) device: Device,
    pub(super) player: PlayerInfo,
    pub(super) engagement: Engagement,
    #[serde(rename = "_retryCount", skip_serializing_if = "Option::is_none")]
    pub(super) retry_count: Option<u32>,
}

/// What only our plugin sends.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ours<'a> {
    pub(super) seq: usize,
    pub(super) state: State,
    pub(super) totals: Totals,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'static str>,
    #[serde(flatten)]
    pub(super) extra: Extra<'a>,
}

/// The fields that belong to one event type of our plugin.
#[derive(Debug, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub(super) enum Extra<'a> {
    Start {
        video: VideoInfo<'a>,
        page: Page<'a>,
        custom: Custom<'a>,
    },
    FirstFrame {
        startup_time_ms: i64,
        load_to_frame_ms: i64,
    },
    Seek {
        seek: Seek,
    },
    Quality {
        previous: Option<Quality>,
    },
    Visibility {
        hidden: bool,
    },
    Rate {
        playback_rate: f64,
    },
    None {},
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VideoInfo<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    pub(super) duration_sec: Option<f64>,
    pub(super) live: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Page<'a> {
    pub(super) path: &'a str,
    pub(super) referrer: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Custom<'a> {
    pub(super) plan: &'a str,
    pub(super) country: &'static str,
    pub(super) source: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Seek {
    pub(super) from_sec: f64,
    pub(super) to_sec: f64,
    pub(super) duration_ms: i64,
}

/// The rendition on screen; all null until one is known.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Quality {
    bitrate_kbps: Option<i32>,
    width: Option<i32>,
    height: Option<i32>,
    resolution: Option<&'static str>,
}

impl From<Option<&'static Rendition>> for Quality {
    fn from(rendition: Option<&'static Rendition>) -> Self {
        rendition.map_or_else(Self::default, |shown| Self {
            bitrate_kbps: Some(shown.bitrate_kbps),
            width: Some(shown.width),
            height: Some(shown.height),
            resolution: Some(shown.name),
        })
    }
}

/// A wait: client epoch ms here, ms since the load in a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Buffering {
    pub(super) started_at: i64,
    pub(super) ended_at: Option<i64>,
    pub(super) duration_ms: Option<i64>,
}

#[derive(Debug, Serialize)]
pub(super) struct ErrorDetail {
    pub(super) r#type: &'static str,
    pub(super) details: &'static str,
    pub(super) fatal: bool,
}

/// The Network Information API; empty where the browser has none.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Network {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) downlink_mbps: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rtt_ms: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) effective_type: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Device {
    pub(super) browser: &'static str,
    pub(super) os: &'static str,
    pub(super) screen_width: i32,
    pub(super) screen_height: i32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlayerInfo {
    pub(super) decoded_frames: i64,
    pub(super) dropped_frames: i64,
    pub(super) fps: f64,
    pub(super) buffer_length_sec: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) width: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) height: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<&'static str>,
}

/// Cumulative, as the client counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Engagement {
    pub(super) total_watch_time: i64,
    pub(super) total_pause_time: i64,
    pub(super) interaction_count: i64,
}

/// Whole thousandths: what a position or a buffer length is worth on the wire.
pub(super) fn thousandths(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
