//! Five sessions whose figures can be worked out on paper, and what the cookbook must say of them.
//!
//! Two Chromes play v1; of three Safaris at v2 one leaves, one cannot start and one fails later.
//! Played are 8 + 40 + 10 = 58 s, stalled 2 s, and the scores are 60, 90, 20, 0 and 0.

use serde_json::{Value, json};

use crate::support::Database;

/// Writes the sessions and some errors and stalls of theirs, within the last hour.
pub(super) async fn write(database: &Database) {
    for (id, figures) in sessions() {
        session(database, id, figures).await;
    }
    let fatal = |details: &str| json!({"type": "networkError", "details": details, "fatal": true, "httpStatus": 404});
    let events = [
        (
            "cannot start",
            0,
            "PLAYER_ERROR",
            fatal("manifestLoadError"),
        ),
        ("fails", 10, "PLAYER_ERROR", fatal("fragLoadError")),
        ("fails", 11, "PLAYER_ERROR", fatal("fragLoadError")),
        (
            "stalls",
            5,
            "PLAYER_ERROR",
            json!({"type": "mediaError", "fatal": false}),
        ),
        // Whatever a client sends, a query must not fail on it.
        ("smooth", 1, "PLAYER_ERROR", json!("a text")),
        (
            "smooth",
            2,
            "PLAYER_ERROR",
            json!({"type": 7, "details": "", "fatal": "yes", "httpStatus": 1e300}),
        ),
        ("stalls", 31, "BUFFER_START", Value::Null),
        ("stalls", 59, "BUFFER_START", Value::Null),
        ("smooth", 40, "BUFFER_START", Value::Null),
        ("smooth", 60, "BUFFER_START", Value::Null),
    ];
    for (number, (session, position_sec, kind, error)) in events.into_iter().enumerate() {
        let raw = json!({"error": error});
        database
            .execute(&format!(
                "INSERT INTO telemetry_events (session_id, event_id, event_timestamp, event_type, seq, \
                     viewer_id, playback_position_sec, raw_json) \
                 VALUES ('{session}', 'e{number}', extract(epoch FROM now() - interval '30 minutes') * 1000, \
                     '{kind}', {number}, 'viewer', {position_sec}, '{raw}')"
            ))
            .await;
    }
}

fn sessions() -> [(&'static str, Value); 5] {
    let dimensions = |browser: &str, player: &str, video: &str, country: &str| {
        json!({"browser": browser, "player": player, "player_version": "1", "video_id": video,
            "video_title": video, "custom": {"country": country}})
    };
    let of = |mut dimensions: Value, figures: Value| {
        let figures = figures.as_object().unwrap().clone();
        dimensions.as_object_mut().unwrap().extend(figures);
        dimensions
    };
    let chrome = dimensions("Chrome", "hls.js", "v1", "DE");
    let safari = dimensions("Safari", "shaka", "v2", "BR");
    [
        (
            "stalls",
            of(
                chrome.clone(),
                json!({"startup_ms": 1000, "playing_ms": 8000, "rebuffer_ms": 2000,
                    "rebuffer_ratio": 0.2, "rebuffer_count": 1, "watched_ms": 11_000,
                    "avg_bitrate_kbps": 1000, "bitrate_known_ms": 8000, "downswitches": 1,
                    "playing_ms_by_height": {"360": 8000}, "completion": 0.5, "experience_score": 60}),
            ),
        ),
        (
            "smooth",
            of(
                chrome,
                json!({"startup_ms": 3000, "playing_ms": 40_000, "rebuffer_ratio": 0,
                    "watched_ms": 43_000, "avg_bitrate_kbps": 3000, "bitrate_known_ms": 40_000,
                    "playing_ms_by_height": {"720": 40_000}, "completion": 1, "experience_score": 90}),
            ),
        ),
        (
            "leaves",
            of(
                safari.clone(),
                json!({"no_start_ms": 5000, "watched_ms": 5000, "ebvs": true, "experience_score": 20}),
            ),
        ),
        (
            "cannot start",
            of(safari.clone(), json!({"vsf": true, "experience_score": 0})),
        ),
        (
            "fails",
            of(
                safari,
                json!({"startup_ms": 2000, "playing_ms": 10_000, "rebuffer_ratio": 0,
                    "watched_ms": 12_000, "avg_bitrate_kbps": 2600, "bitrate_known_ms": 10_000,
                    "playing_ms_by_height": {"360": 2000, "720": 8000}, "completion": 0.2,
                    "vpf": true, "end_reason": "error", "experience_score": 0, "minutes": 1}),
            ),
        ),
    ]
}

/// Writes a summary in which all that is not named is 0, false or NULL. It begins half an hour ago, on
/// a full minute, and ends `minutes` later.
async fn session(database: &Database, id: &str, figures: Value) {
    let mut row = json!({
        "project": "default", "session_id": id, "event_count": 1, "session_ms": 0, "no_start_ms": 0,
        "playing_ms": 0, "micro_stall_ms": 0, "micro_stall_count": 0, "rebuffer_ms": 0,
        "rebuffer_count": 0, "seek_ms": 0, "seek_count": 0, "paused_ms": 0, "pause_count": 0,
        "ended_ms": 0, "idle_ms": 0, "gap_ms": 0, "watched_ms": 0, "bitrate_known_ms": 0,
        "upswitches": 0, "downswitches": 0, "playing_ms_by_height": {}, "error_count": 0,
        "fatal_error_count": 0, "vsf": false, "ebvs": false, "vpf": false, "end_reason": "ended",
        "clean_exit": true, "fold_version": 1, "live": false, "minutes": 0
    });
    row.as_object_mut()
        .unwrap()
        .extend(figures.as_object().unwrap().clone());
    database
        .execute(&format!(
            "INSERT INTO session_summaries \
             SELECT (jsonb_populate_record(NULL::session_summaries, '{row}' || jsonb_build_object( \
                 'started_at', begun, 'updated_at', begun, \
                 'last_event_at', begun + make_interval(mins => {})))).* \
             FROM date_trunc('minute', now() - interval '30 minutes') AS begun",
            row["minutes"]
        ))
        .await;
}

/// By the number of its heading, the rows that a query of the cookbook gives; columns that depend on
/// today are left out.
#[expect(
    clippy::too_many_lines,
    reason = "one entry per query: a list, not logic"
)]
pub(super) fn expected() -> Vec<(u32, Vec<Value>)> {
    vec![
        (
            1,
            vec![
                json!({"sessions": 5, "attempts": 5, "startup_p50_ms": 2000, "startup_p95_ms": 2900,
                "startups": 3, "rebuffer_ratio": 2.0 / 60.0, "failure_ratio": 0.4, "score": 34,
                "hours_played": 58.0 / 3600.0}),
            ],
        ),
        (
            2,
            vec![
                // One stall in 48 s: 75 in an hour.
                json!({"browser": "Safari", "sessions": 3, "rebuffer_ratio": 0, "stalls_per_hour_played": 0}),
                json!({"browser": "Chrome", "sessions": 2, "rebuffer_ratio": 0.04, "stalls_per_hour_played": 75}),
            ],
        ),
        (
            3,
            vec![
                json!({"player": "hls.js", "startups": 2, "startup_p50_ms": 2000, "startup_p75_ms": 2500,
                    "startup_p95_ms": 2900}),
                json!({"player": "shaka", "startups": 1, "startup_p50_ms": 2000}),
            ],
        ),
        (
            4,
            vec![
                json!({"attempts": 5, "starts": 3, "ebvs_ratio": 0.2, "vsf_ratio": 0.2,
                "vpf_ratio": 1.0 / 3.0}),
            ],
        ),
        (
            5,
            vec![
                json!({"country": "BR", "sessions": 3, "avg_bitrate_kbps": 2600}),
                // (1000 · 8 + 3000 · 40) ÷ 48
                json!({"country": "DE", "sessions": 2, "avg_bitrate_kbps": 8000.0 / 3.0,
                    "downswitches_per_hour_played": 75}),
            ],
        ),
        (
            6,
            vec![
                json!({"height": 360, "sessions": 2, "share": 10.0 / 58.0}),
                json!({"height": 720, "sessions": 2, "share": 48.0 / 58.0}),
            ],
        ),
        (
            7,
            vec![
                json!({"score_from": 0, "sessions": 2, "share": 0.4}),
                json!({"score_from": 20, "sessions": 1, "share": 0.2}),
                json!({"score_from": 60, "sessions": 1, "share": 0.2}),
                json!({"score_from": 90, "sessions": 1, "share": 0.2}),
            ],
        ),
        (
            8,
            vec![
                // The mean of all is 34: (14 + 34 + 34) ÷ 5 points are lost at v2.
                json!({"video_id": "v2", "sessions": 3, "score": 20.0 / 3.0, "negative_impact": 16.4}),
                json!({"video_id": "v1", "sessions": 2, "score": 75, "negative_impact": -16.4}),
            ],
        ),
        (
            9,
            vec![
                json!({"percent": 20, "share_of_starts": 1, "starts": 3}),
                json!({"percent": 50, "share_of_starts": 2.0 / 3.0}),
                json!({"percent": 100, "share_of_starts": 1.0 / 3.0}),
            ],
        ),
        (
            10,
            vec![
                json!({"sessions": 5}),
                json!({"sessions": 1}),
                json!({"sessions": 0}),
            ],
        ),
        (
            11,
            vec![
                json!({"error": "fragLoadError", "fatal": true, "errors": 2, "sessions": 1, "viewers": 1}),
                json!({"error": "manifestLoadError", "fatal": true, "errors": 1, "sessions": 1}),
                json!({"error": "mediaError", "fatal": false, "errors": 1, "sessions": 1}),
                json!({"error": null, "fatal": false, "errors": 2, "sessions": 1}),
            ],
        ),
        (
            13,
            vec![
                json!({"browser": "Chrome", "startups": 2, "rebuffer_ratio": 0.04, "rebuffer_ratio_change": null}),
                json!({"browser": "Safari", "startups": 1, "startup_p95_ms": 2000}),
            ],
        ),
        (
            14,
            vec![
                json!({"stalled": "1: none", "sessions": 2, "minutes_played_p50": 25.0 / 60.0,
                    "mean_completion": 0.6, "ended_ratio": 0.5}),
                json!({"stalled": "4: 2 % and more", "sessions": 1, "mean_completion": 0.5, "ended_ratio": 1}),
            ],
        ),
        (
            15,
            vec![
                json!({"video_id": "v1", "from_sec": 30, "stalls": 3, "sessions": 2}),
                json!({"video_id": "v1", "from_sec": 60, "stalls": 1, "sessions": 1}),
            ],
        ),
    ]
}
