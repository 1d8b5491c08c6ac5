//! What a session summary says. Names, units and definitions are those of docs/METRICS.md.
//! `None` means "not known", never zero.

use std::collections::BTreeMap;

/// The measures of one playback session.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SessionSummary {
    /// Who watched: the first known value.
    pub viewer_id: Option<Box<str>>,
    /// Browser: the first known value.
    pub browser: Option<Box<str>>,
    /// Operating system: the first known value.
    pub os: Option<Box<str>>,
    /// Screen size, px, as `1920x1080`: the first one known whole.
    pub screen: Option<Box<str>>,
    /// The player's name.
    pub player: Option<Box<str>>,
    /// The player's version.
    pub player_version: Option<Box<str>>,
    /// The site's id of the video.
    pub video_id: Option<Box<str>>,
    /// Its title.
    pub video_title: Option<Box<str>>,
    /// Its length, s.
    pub video_duration_sec: Option<f64>,
    /// It was a live stream.
    pub live: Option<bool>,
    /// The site's own dimensions, canonical JSON text.
    pub custom: Option<Box<str>>,

    /// Time of the first event, corrected by the clock offset, epoch ms.
    pub started_at_ms: i64,
    /// Time of the last event, corrected likewise, epoch ms.
    pub last_event_at_ms: i64,
    /// Unique events folded.
    pub event_count: i64,

    /// Last event minus first: the sum of all parts, ms.
    pub session_ms: i64,
    /// Play intent to first frame, ms; `None` without a first frame or when its start was not seen.
    pub startup_ms: Option<i64>,
    /// The same wait where no frame ever came, ms.
    pub no_start_ms: i64,
    /// The playhead advances, ms.
    pub playing_ms: i64,
    /// Inside playing: stalls under 250 ms.
    pub micro_stall_ms: i64,
    /// How many of those.
    pub micro_stall_count: i64,
    /// Stalled after the first frame, ms.
    pub rebuffer_ms: i64,
    /// How many such stalls.
    pub rebuffer_count: i64,
    /// Seek until playing again, ms.
    pub seek_ms: i64,
    /// Seeks, those at most 2 s apart counted as one.
    pub seek_count: i64,
    /// Paused after the first frame, ms.
    pub paused_ms: i64,
    /// How many pauses.
    pub pause_count: i64,
    /// After the end of the stream or a fatal error, ms.
    pub ended_ms: i64,
    /// No play intent, ms.
    pub idle_ms: i64,
    /// No evidence of what happened, ms.
    pub gap_ms: i64,
    /// `startup` + `no_start` + `playing` + `rebuffer` + `seek`, ms.
    pub watched_ms: i64,
    /// rebuffer ÷ (playing + rebuffer), 0–1.
    pub rebuffer_ratio: Option<f64>,

    /// Mean bitrate of what was shown, weighted by playing time, kbps.
    pub avg_bitrate_kbps: Option<f64>,
    /// Playing time with a known bitrate, ms: the weight of `avg_bitrate_kbps`.
    pub bitrate_known_ms: i64,
    /// Lowest bitrate shown, kbps.
    pub min_bitrate_kbps: Option<i32>,
    /// Highest bitrate shown, kbps.
    pub max_bitrate_kbps: Option<i32>,
    /// Switches to a higher bitrate.
    pub upswitches: i64,
    /// Switches to a lower bitrate.
    pub downswitches: i64,
    /// Playing ms by rendition height, px.
    pub playing_ms_by_height: BTreeMap<i32, i64>,
    /// Dropped frames.
    pub dropped_frames: Option<i64>,
    /// All frames, dropped ones included.
    pub decoded_frames: Option<i64>,
    /// dropped ÷ all, 0–1.
    pub dropped_frame_ratio: Option<f64>,
    /// Mean of the samples.
    pub avg_fps: Option<f64>,
    /// Mean of the samples, ms.
    pub avg_rtt_ms: Option<f64>,
    /// Mean of the samples, Mbit/s.
    pub avg_downlink_mbps: Option<f64>,
    /// Smallest buffer ahead, ms.
    pub min_buffer_ahead_ms: Option<i64>,

    /// PLAYER_ERROR events.
    pub error_count: i64,
    /// The fatal ones.
    pub fatal_error_count: i64,
    /// Details (else type) of the first fatal error, or of the first error when none was fatal.
    pub first_error: Option<Box<str>>,
    /// Video start failure: a fatal error before the first frame.
    pub vsf: bool,
    /// Exit before video start: play intent, no first frame, no fatal error.
    pub ebvs: bool,
    /// Video playback failure: a fatal error after the first frame.
    pub vpf: bool,
    /// `ended`, `page_close`, `source_change`, `destroy`, `error` or `idle_timeout`.
    pub end_reason: &'static str,
    /// The end was seen: not `idle_timeout`.
    pub clean_exit: bool,
    /// Furthest position ÷ duration, 0–1.
    pub completion: Option<f64>,
    /// Events with seq ÷ (highest seq + 1), 0–1.
    pub completeness: Option<f64>,
    /// 0–100.
    pub experience_score: Option<f64>,

    /// `engagement.totalWatchTime` as the client reported it, ms.
    pub reported_watch_time_ms: Option<i64>,
    /// `engagement.totalPauseTime` as the client reported it, ms.
    pub reported_pause_time_ms: Option<i64>,
    /// `engagement.interactionCount` as the client reported it.
    pub interaction_count: Option<i64>,
}
