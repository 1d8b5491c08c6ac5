//! What a file of events says.

use serde_json::{Value, json};
use video_telemetry::storage::query::{Export, Params};

use super::super::server;
use super::column;
use crate::support::{Server, original_event};

const NDJSON: &str = "/api/v1/export/events.ndjson";
/// 2026-11-23T00:07:40Z.
const T: i64 = 1_795_392_460_000;
const DAY: [(&str, &str); 2] = [
    ("from", "2026-11-23T00:00:00Z"),
    ("to", "2026-11-24T00:00:00Z"),
];

fn event(session_id: &str, event_id: &str, event_type: &str, at_ms: i64) -> Value {
    json!({"sessionId": session_id, "eventId": event_id, "eventType": event_type, "timestamp": T + at_ms})
}

async fn some(server: &Server) {
    let events = json!([
        event("a", "1", "PLAY", 0),
        event("a", "3", "PLAYER_ERROR", 2000),
        event("a", "2", "PAUSE", 2000),
        event("b", "1", "PLAY", 1000),
        event("c,d", "1", "PLAYER_ERROR", 1500),
        event("a", "0", "PLAY", -86_400_000),
        event("a", "4", "ENDED", 86_400_000),
    ]);
    assert_eq!(server.post(&events).await.0, 200);
}

#[actix_web::test]
async fn an_event_has_every_column_of_the_view_and_is_there_as_sent() {
    let server = server().await;
    let mut sent = original_event("s", "e", "BUFFER_END", T);
    sent["seq"] = json!(7);
    let envelope = json!({"sentAt": T + 500, "events": [sent.clone()]});
    assert_eq!(server.post(&envelope).await.0, 200);
    let lines = server.lines(NDJSON, &DAY).await;
    let [line] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    let mut expected = json!({
        "project": "default", "session_id": "s", "event_id": "e",
        "event_timestamp": T, "occurred_at": "2026-11-23T00:07:40Z", "event_type": "BUFFER_END",
        "viewer_id": "user123", "playback_position_sec": 12.5,
        "bitrate_kbps": 3000, "resolution": "720p", "video_width": 1280, "video_height": 720,
        "buffer_start": 1_795_392_457_000i64, "buffer_end": 1_795_392_458_159i64,
        "buffer_duration_ms": 1159, "network_downlink_mbps": 10.0, "network_rtt_ms": 50,
        "network_effective_type": "4g", "device_browser": "Chrome", "device_os": "MacIntel",
        "screen_width": 1920, "screen_height": 1080, "dropped_frames": 2, "decoded_frames": 1200,
        "fps": 30.0, "buffer_length_sec": 5.95, "total_watch_time_ms": 5000,
        "total_pause_time_ms": 0, "interaction_count": 3, "seq": 7,
        "sent_at": "2026-11-23T00:07:40.500Z", "raw_json": sent,
    });
    // The server's clock.
    let created_at = line["created_at"].clone();
    let row = server
        .database
        .rows("SELECT created_at FROM telemetry_events")
        .await;
    let time = |value: &Value| -> chrono::DateTime<chrono::Utc> {
        value.as_str().unwrap().parse().unwrap()
    };
    assert_eq!(time(&created_at), time(&row[0]["created_at"]));
    expected["created_at"] = created_at;
    assert_eq!(line, &expected);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_file_has_the_columns_of_the_view() {
    let server = server().await;
    let view = "SELECT column_name FROM information_schema.columns \
         WHERE table_schema = 'qoe_v1' AND table_name = 'events' ORDER BY ordinal_position";
    let view = column(&server.database.rows(view).await, "column_name");
    let now = "2026-11-24T00:00:00Z".parse().unwrap();
    let export = Export::events("default", &Params::default(), now).unwrap();
    let columns: Vec<Value> = export.columns().iter().map(|it| json!(it.name)).collect();
    assert_eq!(columns, view);
    let csv = server.csv("/api/v1/export/events.csv", &DAY).await;
    assert_eq!(csv.len(), 1);
    assert_eq!(csv[0], view);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_file_has_the_events_asked_for() {
    let server = server().await;
    some(&server).await;
    for (parameters, expected) in [
        (vec![("session_id", "a")], vec!["a1", "a2", "a3"]),
        (vec![("session_id", "b,a")], vec!["a1", "a2", "a3", "b1"]),
        (
            vec![("session_id", "b"), ("session_id", "a")],
            vec!["a1", "a2", "a3", "b1"],
        ),
        (vec![("session_id", "c\\,d")], vec!["c,d1"]),
        (vec![("session_id", "c,d")], vec![]),
        (
            vec![("session_id", "a,b"), ("type", "PLAY,PAUSE")],
            vec!["a1", "a2", "b1"],
        ),
        (vec![("session_id", "nobody")], vec![]),
    ] {
        let asked = [&DAY[..], &parameters].concat();
        assert_eq!(ids(&server, &asked).await, expected, "{parameters:?}");
    }
    let of_type = [&DAY[..], &[("type", "PLAYER_ERROR")]].concat();
    let mut found = ids(&server, &of_type).await;
    found.sort();
    assert_eq!(found, ["a3", "c,d1"]);
    assert_eq!(ids(&server, &DAY).await.len(), 5);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_period_begins_with_its_first_moment_and_ends_before_its_last() {
    let server = server().await;
    some(&server).await;
    for (from, to, expected) in [
        ("2026-11-23T00:07:40Z", "2026-11-23T00:07:41Z", vec!["a1"]),
        ("1795392460001", "1795392461001", vec!["b1"]),
        ("2026-11-23T00:07:40.0005Z", "2026-11-23T00:07:41Z", vec![]),
        (
            "2026-11-23T00:07:40Z",
            "2026-11-23T00:07:41.0005Z",
            vec!["a1", "b1"],
        ),
        (
            "2026-11-22T00:00:00Z",
            "2026-11-23T00:07:41Z",
            vec!["a0", "a1"],
        ),
    ] {
        let mut found = ids(&server, &[("from", from), ("to", to)]).await;
        found.sort();
        assert_eq!(found, expected, "{from} {to}");
    }
    server.application.stop().await.unwrap();
}

/// Sessions and ids of a file's events.
async fn ids(server: &Server, parameters: &[(&str, &str)]) -> Vec<String> {
    let asked = [parameters, &[("columns", "session_id,event_id")]].concat();
    let lines = server.lines(NDJSON, &asked).await;
    let text = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
    let id = |line: &Value| text(line, "session_id") + &text(line, "event_id");
    lines.iter().map(id).collect()
}

#[actix_web::test]
async fn the_other_formats_tell_the_same_of_events() {
    let server = server().await;
    some(&server).await;
    let asked = [
        &DAY[..],
        &[("session_id", "a,b"), ("columns", "event_type,raw_json")],
    ]
    .concat();
    let types = ["PLAY", "PAUSE", "PLAYER_ERROR", "PLAY"];
    let lines = server.lines(NDJSON, &asked).await;
    assert_eq!(column(&lines, "event_type"), types);
    let parquet = server
        .parquet("/api/v1/export/events.parquet", &asked)
        .await;
    assert_eq!(column(&parquet, "event_type"), types);
    let csv = server.csv("/api/v1/export/events.csv", &asked).await;
    for (at, line) in lines.iter().enumerate() {
        let raw = &line["raw_json"];
        let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(&parse(parquet[at]["raw_json"].as_str().unwrap()), raw);
        assert_eq!(
            (csv[at + 1][0].as_str(), &parse(&csv[at + 1][1])),
            (types[at], raw)
        );
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn what_makes_no_sense_is_refused_with_what_would_be_right() {
    let server = server().await;
    let many = vec!["s"; 101].join(",");
    for (parameters, name, advice) in [
        (
            ("columns", "browser"),
            "columns",
            "known are project, session_id,",
        ),
        (("session_id", ""), "session_id", "must not be empty"),
        (("session_id", "a,,b"), "session_id", "must not be empty"),
        (("session_id", many.as_str()), "session_id", "at most 100"),
        (("type", ""), "type", "must not be empty"),
        (("type", "\0"), "type", "NUL"),
        (("time", "ended"), "time", "there is no parameter"),
        (
            ("filter", "browser:eq:Chrome"),
            "filter",
            "there is no parameter",
        ),
        (("from", "9999-99-99"), "from", "epoch ms"),
        (
            ("session_ids", "s"),
            "session_ids",
            "did you mean session_id?",
        ),
    ] {
        let detail = server.refuses(NDJSON, &[parameters], name).await;
        assert!(detail.contains(advice), "{parameters:?}: {detail}");
    }
    server.application.stop().await.unwrap();
}
