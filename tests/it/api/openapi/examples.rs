//! Every example of the document is what a server answers, on sessions that never change.

use std::fs;
use std::path::PathBuf;

use reqwest::Method;
use serde_json::{Value, json};

use super::super::{at, server, session};
use super::{document, operations, root};
use crate::support::Server;

/// Writes the examples anew instead of comparing them: look at the difference.
const WRITE: &str = "WRITE_EXAMPLES";

/// Five sessions of one evening and one of the day before.
pub async fn evening(server: &Server) {
    server.has(&[played(), failed()].concat()).await;
}

/// A session that played, but for these columns.
fn like_others(session_id: &str, times: [Value; 2], changes: &Value) -> Value {
    let mut columns = common();
    for (name, value) in changes.as_object().unwrap() {
        columns[name] = value.clone();
    }
    let [started_at, last_event_at] = times;
    columns["started_at"] = started_at;
    columns["last_event_at"] = last_event_at;
    session(session_id, columns)
}

fn common() -> Value {
    json!({
        "viewer_id": "viewer-17", "browser": "Chrome", "os": "Android", "screen": "1080x2340",
        "player": "hls.js", "player_version": "1.6.2", "video_id": "big-buck-bunny",
        "video_title": "Big Buck Bunny", "video_duration_sec": 596.5, "live": false,
        "custom": {"cdn": "north", "plan": "free"}, "event_count": 74, "end_reason": "page_close",
        "clean_exit": true, "playing_ms_by_height": {"720": 240_000, "1080": 60_000},
        "session_ms": 306_900, "startup_ms": 900, "playing_ms": 300_000, "rebuffer_ms": 2000,
        "rebuffer_count": 1, "paused_ms": 4000, "pause_count": 1, "watched_ms": 302_900,
        "rebuffer_ratio": 2000.0 / 302_000.0, "avg_bitrate_kbps": 2840.5,
        "bitrate_known_ms": 300_000, "min_bitrate_kbps": 2100, "max_bitrate_kbps": 4800,
        "upswitches": 1, "dropped_frames": 12, "decoded_frames": 9000,
        "dropped_frame_ratio": 12.0 / 9000.0, "avg_fps": 30.0, "avg_rtt_ms": 48.0,
        "avg_downlink_mbps": 9.5, "min_buffer_ahead_ms": 1200, "completion": 0.51,
        "completeness": 1.0, "experience_score": 87.4, "updated_at": "2026-11-23T21:00:00Z"
    })
}

fn played() -> Vec<Value> {
    vec![
        like_others(
            "evening-1",
            [at("20:00:00"), at("20:05:06.900")],
            &json!({}),
        ),
        like_others(
            "evening-2",
            [at("20:10:00"), at("20:15:15.400")],
            &json!({"browser": "Firefox", "os": "Windows", "viewer_id": "viewer-4",
                    "startup_ms": 2400, "rebuffer_ms": 9000, "rebuffer_ratio": 9000.0 / 309_000.0,
                    "session_ms": 315_400, "watched_ms": 311_400,
                    "custom": {"cdn": "south", "plan": "pro"}}),
        ),
        like_others(
            "evening-5",
            [at("20:40:00"), at("20:45:04.700")],
            &json!({"startup_ms": 700, "rebuffer_ms": 0, "rebuffer_count": 0,
                    "rebuffer_ratio": 0.0, "session_ms": 304_700, "watched_ms": 300_700}),
        ),
        like_others(
            "before",
            [json!("2026-11-22T20:00:00Z"), json!("2026-11-22T20:05:07Z")],
            &json!({"startup_ms": 1000, "session_ms": 307_000, "watched_ms": 303_000,
                    "first_error": "fragLoadError", "error_count": 1}),
        ),
    ]
}

fn failed() -> Vec<Value> {
    vec![
        like_others(
            "evening-3",
            [at("20:20:00"), at("20:21:00")],
            &json!({"viewer_id": "viewer-9", "startup_ms": 1300, "playing_ms": 50_000,
                    "ended_ms": 2700, "session_ms": 60_000, "watched_ms": 53_300,
                    "playing_ms_by_height": {"720": 50_000}, "bitrate_known_ms": 50_000,
                    "avg_bitrate_kbps": 2100.0, "max_bitrate_kbps": 2100, "upswitches": 0,
                    "rebuffer_ratio": 2000.0 / 52_000.0, "completion": 0.09, "vpf": true,
                    "first_error": "fragLoadError", "error_count": 3, "fatal_error_count": 1,
                    "end_reason": "error", "experience_score": 0.0}),
        ),
        like_others(
            "evening-4",
            [at("20:30:00"), at("20:30:08")],
            &json!({"browser": "Safari", "os": "iOS", "viewer_id": "viewer-2", "startup_ms": null,
                    "playing_ms": 0, "rebuffer_ms": 0, "rebuffer_count": 0, "paused_ms": 0,
                    "pause_count": 0, "no_start_ms": 8000, "session_ms": 8000, "watched_ms": 8000,
                    "rebuffer_ratio": null, "playing_ms_by_height": {}, "bitrate_known_ms": 0,
                    "avg_bitrate_kbps": null, "min_bitrate_kbps": null, "max_bitrate_kbps": null,
                    "upswitches": 0, "dropped_frames": null, "decoded_frames": null,
                    "dropped_frame_ratio": null, "avg_fps": null, "completion": null, "vsf": true,
                    "first_error": "manifestLoadError", "error_count": 1, "fatal_error_count": 1,
                    "end_reason": "error", "experience_score": 0.0}),
        ),
    ]
}

/// A small session of another day with its events: 0.8 s of startup, 10 s of playing, a stall of 2 s,
/// 8 s of playing.
async fn events(server: &Server) {
    let mut rows = Vec::new();
    for (number, (after_ms, event_type, position_sec)) in [
        (0, "PLAY", 0),
        (0, "BUFFER_START", 0),
        (800, "BUFFER_END", 0),
        (10_800, "BUFFER_START", 10),
        (12_800, "BUFFER_END", 10),
        (20_800, "PAUSE", 18),
    ]
    .into_iter()
    .enumerate()
    {
        let (id, timestamp) = ((number + 1).to_string(), 1_795_204_860_000_i64 + after_ms);
        rows.push(json!({
            "project": "default", "session_id": "look", "event_id": id, "event_type": event_type,
            "event_timestamp": timestamp, "playback_position_sec": position_sec,
            "created_at": "2026-11-20T20:02:00Z",
            "raw_json": {"sessionId": "look", "eventId": id, "eventType": event_type,
                "timestamp": timestamp, "playbackPositionSec": position_sec}
        }));
    }
    let insert = format!(
        "INSERT INTO telemetry_events \
         SELECT * FROM jsonb_populate_recordset(NULL::telemetry_events, '{}')",
        Value::from(rows)
    );
    server.database.execute(&insert).await;
    let summary = json!({
        "started_at": "2026-11-20T20:01:00Z", "last_event_at": "2026-11-20T20:01:20.800Z",
        "event_count": 6, "session_ms": 20_800, "startup_ms": 800, "playing_ms": 18_000,
        "rebuffer_ms": 2000, "rebuffer_count": 1, "watched_ms": 20_800, "rebuffer_ratio": 0.1,
        "updated_at": "2026-11-20T20:03:00Z"
    });
    server.has(&[session("look", summary)]).await;
}

fn files() -> Vec<PathBuf> {
    let folder = fs::read_dir(root().join("docs/examples")).unwrap();
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[actix_web::test]
async fn every_example_is_what_a_server_answers() {
    let server = server().await;
    evening(&server).await;
    events(&server).await;
    for file in files() {
        let text = fs::read_to_string(&file).unwrap();
        let mut example: Value = serde_json::from_str(&text).unwrap();
        let request = example["request"].as_str().unwrap();
        let (method, path) = request.split_once(' ').unwrap();
        let method: Method = method.parse().unwrap();
        let body = example
            .get("body")
            .map(Value::to_string)
            .unwrap_or_default();
        let headers = [("content-type", "application/json")];
        let answer = server.send(method, path, &headers, body).await;
        let content_type = answer
            .header("content-type")
            .unwrap()
            .split(';')
            .next()
            .unwrap();
        let content = match answer.json() {
            Value::Null => json!(answer.text),
            content => content,
        };
        let told = (json!(answer.status), json!(content_type), content);
        if std::env::var_os(WRITE).is_some() {
            (
                example["status"],
                example["content_type"],
                example["answer"],
            ) = told;
            let text = serde_json::to_string_pretty(&example).unwrap();
            fs::write(&file, text + "\n").unwrap();
            continue;
        }
        let expected = ["status", "content_type", "answer"].map(|name| example[name].clone());
        let expected: (Value, Value, Value) = expected.into();
        assert_eq!(
            told,
            expected,
            "{}: {WRITE}=1 writes it anew",
            file.display()
        );
    }
    server.application.stop().await.unwrap();
}

#[test]
fn every_example_is_in_the_document() {
    let mut told = Vec::new();
    for (_, path, operation) in operations(&document()) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            for content in response["content"].as_object().into_iter().flatten() {
                for (_, example) in content.1["examples"].as_object().into_iter().flatten() {
                    let (request, answer) = (&example["summary"], &example["value"]);
                    told.push(json!([path, status, request, answer]).to_string());
                }
            }
        }
    }
    let mut expected: Vec<String> = files()
        .iter()
        .map(|file| {
            let file: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
            let status = file["status"].to_string();
            json!([file["path"], status, file["request"], file["answer"]]).to_string()
        })
        .collect();
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
}
