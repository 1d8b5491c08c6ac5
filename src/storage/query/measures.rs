//! The dictionary of metrics: what can be told of many sessions, and how it is put together.
//!
//! A ratio over sessions is a sum divided by a sum, never a mean of ratios. A duration is known only
//! for the sessions that have it: startup for those that started. Failures are shares of those that
//! could fail so: `vsf` and `ebvs` of attempts, `vpf` of starts. docs/METRICS.md tells what each
//! column means; the conditions are those of the view `session_plays`.

use super::measure::Better::{Higher, Lower, Neither};
use super::measure::{Formula, Measure, count, ratio, share, value};

/// A first frame was shown.
const STARTED: &str =
    "(startup_ms IS NOT NULL OR vpf OR playing_ms + rebuffer_ms + seek_ms + paused_ms > 0)";
/// Somebody or something asked to play.
pub(super) const ATTEMPTED: &str = "(startup_ms IS NOT NULL OR vpf \
    OR playing_ms + rebuffer_ms + seek_ms + paused_ms > 0 \
    OR ebvs OR (vsf AND experience_score IS NOT NULL))";

/// Every metric.
pub const MEASURES: &[Measure] = &[
    count("sessions", "TRUE", "every session"),
    count(
        "attempts",
        ATTEMPTED,
        "sessions in which somebody or something asked to play",
    ),
    count("starts", STARTED, "sessions that showed a frame"),
    Measure {
        name: "viewers",
        unit: "count",
        better: Neither,
        formula: Formula::Distinct("viewer_id"),
        default: "count",
        population: "sessions with a viewer",
        description: "different viewers",
    },
    value(
        "startup_ms",
        "ms",
        Lower,
        "p50",
        "play intent to first frame",
    ),
    value(
        "no_start_ms",
        "ms",
        Lower,
        "sum",
        "the wait of sessions that never showed a frame",
    ),
    value("session_ms", "ms", Neither, "sum", "first to last event"),
    value("playing_ms", "ms", Higher, "sum", "the playhead advanced"),
    value(
        "watched_ms",
        "ms",
        Higher,
        "sum",
        "startup + no_start + playing + rebuffer + seek",
    ),
    value(
        "rebuffer_ms",
        "ms",
        Lower,
        "sum",
        "stalled after the first frame",
    ),
    value(
        "rebuffer_count",
        "count",
        Lower,
        "sum",
        "stalls after the first frame",
    ),
    value("micro_stall_ms", "ms", Lower, "sum", "stalls under 250 ms"),
    value(
        "micro_stall_count",
        "count",
        Lower,
        "sum",
        "stalls under 250 ms",
    ),
    value(
        "seek_ms",
        "ms",
        Lower,
        "sum",
        "from a seek until playing again",
    ),
    value("seek_count", "count", Neither, "sum", "seeks"),
    value(
        "paused_ms",
        "ms",
        Neither,
        "sum",
        "paused after the first frame",
    ),
    value("pause_count", "count", Neither, "sum", "pauses"),
    value(
        "ended_ms",
        "ms",
        Neither,
        "sum",
        "after the end or a fatal error",
    ),
    value("idle_ms", "ms", Neither, "sum", "nobody asked to play"),
    value(
        "gap_ms",
        "ms",
        Lower,
        "sum",
        "nothing is known of this time",
    ),
    ratio(
        "rebuffer_ratio",
        "0-1",
        Lower,
        ("rebuffer_ms", "playing_ms + rebuffer_ms"),
        "rebuffer / (playing + rebuffer)",
    ),
    ratio(
        "mux_rebuffer_percentage",
        "0-1",
        Lower,
        ("rebuffer_ms", "watched_ms"),
        "rebuffer / watched, as Mux has it",
    ),
    ratio(
        "conviva_cirr",
        "0-1",
        Lower,
        ("rebuffer_ms", "playing_ms + rebuffer_ms + seek_ms"),
        "rebuffer / (playing + rebuffer + seek), as Conviva has it",
    ),
    ratio(
        "cta_stalled_ratio",
        "0-1",
        Lower,
        ("rebuffer_ms", "watched_ms"),
        "rebuffer / watched, as CTA-2066 has it",
    ),
    ratio(
        "rebuffers_per_min",
        "1/min",
        Lower,
        ("rebuffer_count * 60000", "watched_ms"),
        "stalls per minute watched",
    ),
    ratio(
        "avg_bitrate_kbps",
        "kbps",
        Higher,
        ("avg_bitrate_kbps * bitrate_known_ms", "bitrate_known_ms"),
        "mean bitrate shown, weighted by playing time",
    ),
    ratio(
        "dropped_frame_ratio",
        "0-1",
        Lower,
        ("dropped_frames", "decoded_frames"),
        "dropped / all frames",
    ),
    value(
        "upswitches",
        "count",
        Neither,
        "sum",
        "switches to a higher bitrate",
    ),
    value(
        "downswitches",
        "count",
        Lower,
        "sum",
        "switches to a lower bitrate",
    ),
    value("dropped_frames", "count", Lower, "sum", "frames dropped"),
    value("decoded_frames", "count", Neither, "sum", "all frames"),
    value(
        "avg_fps",
        "1/s",
        Higher,
        "avg",
        "frames per second, of each session",
    ),
    value(
        "avg_rtt_ms",
        "ms",
        Lower,
        "avg",
        "round trip, of each session",
    ),
    value(
        "avg_downlink_mbps",
        "Mbit/s",
        Higher,
        "avg",
        "bandwidth, of each session",
    ),
    value(
        "min_buffer_ahead_ms",
        "ms",
        Higher,
        "p50",
        "least buffered ahead, of each session",
    ),
    value("error_count", "count", Lower, "sum", "errors, fatal or not"),
    value("fatal_error_count", "count", Lower, "sum", "fatal errors"),
    share(
        "vsf",
        Lower,
        ("vsf", ATTEMPTED),
        "attempts",
        "video start failures",
    ),
    share(
        "ebvs",
        Lower,
        ("ebvs", ATTEMPTED),
        "attempts",
        "exits before video start",
    ),
    share(
        "vpf",
        Lower,
        ("vpf", STARTED),
        "starts",
        "video playback failures",
    ),
    share(
        "failures",
        Lower,
        ("vsf OR vpf", ATTEMPTED),
        "attempts",
        "failed before or after the first frame",
    ),
    share(
        "clean_exit",
        Higher,
        ("clean_exit", "TRUE"),
        "sessions",
        "the end was seen",
    ),
    value(
        "completion",
        "0-1",
        Higher,
        "avg",
        "furthest position / length, of each session",
    ),
    value(
        "completeness",
        "0-1",
        Higher,
        "avg",
        "share of the player's events that arrived, of each session",
    ),
    value(
        "experience_score",
        "0-100",
        Higher,
        "avg",
        "experience score, of each session",
    ),
    value(
        "interaction_count",
        "count",
        Neither,
        "sum",
        "interactions, by the client's count",
    ),
    value("event_count", "count", Neither, "sum", "events"),
];
