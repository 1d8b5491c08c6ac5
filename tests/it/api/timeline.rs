//! `GET /api/v1/sessions/{id}/timeline`: states, series and marks, worked out on paper.

mod edges;
mod recorded;

use reqwest::Method;
use serde_json::{Value, json};

use super::server;
use crate::answers::Answer;
use crate::support::{Server, settings};

const BEGIN: i64 = 1_795_392_460_000;

async fn read(server: &Server, encoded_id: &str, headers: &[(&str, &str)]) -> Answer {
    let path = format!("/api/v1/sessions/{encoded_id}/timeline");
    server.send(Method::GET, &path, headers, "").await
}

async fn story(server: &Server, id: &str, resolution: &str) -> Value {
    let path = format!("/api/v1/sessions/{id}/timeline");
    server.tell(&path, &[("resolution", resolution)]).await
}

/// An event of this session, with what else it says.
fn event(id: &str, event_type: &str, at_ms: i64, more: Value) -> Value {
    let mut event = json!({"sessionId": "s", "eventId": id, "eventType": event_type,
        "timestamp": BEGIN + at_ms});
    let Value::Object(more) = more else {
        panic!("fields by name");
    };
    event.as_object_mut().unwrap().extend(more);
    event
}

async fn send(server: &Server, events: Vec<Value>) {
    let count = events.len();
    let (status, reply) = server.post(&Value::from(events)).await;
    assert_eq!((status, &reply["accepted"]), (200, &json!(count)));
}

/// Stops a server, so that every summary is written, and starts another on its database.
async fn restarted(server: Server) -> Server {
    let Server {
        application,
        database,
        ..
    } = server;
    application.stop().await.unwrap();
    let mut settings = settings(&database.url);
    settings.idle_timeout = std::time::Duration::from_secs(600);
    Server::start(settings, &database.url).await
}

/// 0.8 s of startup, 10 s of playing, a stall of 2 s, 8 s of playing at two renditions, and a pause.
fn evening() -> Vec<Value> {
    let player = |buffer_sec: f64, dropped: i64| json!({"bufferLengthSec": buffer_sec, "droppedFrames": dropped});
    let mut events = vec![
        event(
            "e1",
            "PLAY",
            0,
            json!({"playbackPositionSec": 0, "reason": "initial"}),
        ),
        event("e2", "BUFFER_START", 0, json!({"playbackPositionSec": 0})),
        event(
            "e3",
            "BUFFER_END",
            800,
            json!({"playbackPositionSec": 0, "player": player(4.0, 2)}),
        ),
        event(
            "e4",
            "HEARTBEAT",
            1800,
            json!({"playbackPositionSec": 1, "player": player(6.5, 5)}),
        ),
        event(
            "e5",
            "BUFFER_START",
            10_800,
            json!({"playbackPositionSec": 10, "player": player(0.0, 6)}),
        ),
        event(
            "e6",
            "BUFFER_END",
            12_800,
            json!({"playbackPositionSec": 10, "reason": "resumed"}),
        ),
        event(
            "e7",
            "QUALITY_CHANGE",
            13_800,
            json!({"playbackPositionSec": 11}),
        ),
        // The counter of dropped frames has started over.
        event(
            "e8",
            "PAUSE",
            20_800,
            json!({"playbackPositionSec": 18, "player": player(3.0, 1)}),
        ),
    ];
    events[2]["quality"] = json!({"bitrateKbps": 3000, "height": 720});
    events[6]["quality"] = json!({"bitrateKbps": 800, "height": 360});
    events[2]["network"] = json!({"downlinkMbps": 10});
    events[4]["network"] = json!({"downlinkMbps": 0.4});
    events[2]["player"]["fps"] = json!(30);
    events[3]["player"]["fps"] = json!(24.5);
    events
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is given what json! makes"
)]
fn series(at_ms: &[i64], value: Value) -> Value {
    json!({"at_ms": at_ms, "value": value})
}

#[actix_web::test]
async fn a_story_tells_the_states_every_sample_and_what_happened() {
    let server = server().await;
    send(&server, evening()).await;
    let told = story(&server, "s", "raw").await;
    for (field, expected) in [
        ("session_id", json!("s")),
        ("status", json!("live")),
        ("partial", json!(false)),
        ("started_at", json!("2026-11-23T00:07:40Z")),
        ("session_ms", json!(20_800)),
        ("event_count", json!(8)),
        ("resolution", json!("raw")),
        ("bucket_ms", Value::Null),
    ] {
        assert_eq!(told[field], expected, "{field}");
    }
    let spans = json!([
        {"at_ms": 0, "lasted_ms": 800, "state": "starting", "fed": {"startup_ms": 800}},
        {"at_ms": 800, "lasted_ms": 10_000, "state": "playing", "fed": {"playing_ms": 10_000}},
        {"at_ms": 10_800, "lasted_ms": 2000, "state": "rebuffering", "fed": {"rebuffer_ms": 2000}},
        {"at_ms": 12_800, "lasted_ms": 8000, "state": "playing", "fed": {"playing_ms": 8000}},
    ]);
    assert_eq!(told["spans"], spans);
    let all = [0, 0, 800, 1800, 10_800, 12_800, 13_800, 20_800];
    let expected = json!({
        "position_sec": series(&all, json!([0.0, 0.0, 0.0, 1.0, 10.0, 10.0, 11.0, 18.0])),
        "buffer_ahead_sec": series(&[800, 1800, 10_800, 20_800], json!([4.0, 6.5, 0.0, 3.0])),
        "bitrate_kbps": series(&[800, 13_800], json!([3000, 800])),
        "network_downlink_mbps": series(&[800, 10_800], json!([10.0, 0.4])),
        "fps": series(&[800, 1800], json!([30.0, 24.5])),
        "dropped_frames": series(&[800, 1800, 10_800, 20_800], json!([2, 3, 1, 1])),
    });
    assert_eq!(told["series"], expected);
    let marks = json!({
        "at_ms": [0, 0, 800, 10_800, 12_800, 13_800, 20_800],
        "event_type": ["PLAY", "BUFFER_START", "BUFFER_END", "BUFFER_START", "BUFFER_END",
            "QUALITY_CHANGE", "PAUSE"],
        "detail": ["initial", null, null, null, "resumed", "360p, 800 kbps", null],
    });
    assert_eq!(told["marks"], marks);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn buckets_keep_the_extremes_and_the_sums() {
    let server = server().await;
    send(&server, evening()).await;
    let told = story(&server, "s", "10s").await;
    assert_eq!(
        (&told["resolution"], &told["bucket_ms"]),
        (&json!("10s"), &json!(10_000))
    );
    let expected = json!({
        "position_sec": series(
            &[0, 1800, 10_800, 13_800, 20_800], json!([0.0, 1.0, 10.0, 11.0, 18.0])),
        "buffer_ahead_sec": series(&[800, 1800, 10_800, 20_800], json!([4.0, 6.5, 0.0, 3.0])),
        "bitrate_kbps": series(&[800, 13_800], json!([3000, 800])),
        "network_downlink_mbps": series(&[800, 10_800], json!([10.0, 0.4])),
        "fps": series(&[800, 1800], json!([30.0, 24.5])),
        "dropped_frames": series(&[0, 10_000, 20_000], json!([5, 1, 1])),
    });
    assert_eq!(told["series"], expected);
    // One bucket for all: between the extremes lies what is left out.
    let told = story(&server, "s", "1m").await;
    assert_eq!(
        told["series"]["position_sec"],
        series(&[0, 20_800], json!([0.0, 18.0]))
    );
    assert_eq!(
        told["series"]["buffer_ahead_sec"],
        series(&[1800, 10_800], json!([6.5, 0.0]))
    );
    assert_eq!(told["series"]["dropped_frames"], series(&[0], json!([7])));
    // 20.8 s in at most 2000 buckets: the finest there is.
    let told = server.tell("/api/v1/sessions/s/timeline", &[]).await;
    assert_eq!(
        (&told["resolution"], &told["bucket_ms"]),
        (&json!("250ms"), &json!(250))
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn marks_say_in_a_few_words_what_happened() {
    let server = server().await;
    let ours = [
        (
            "SESSION_START",
            json!({"video": {"id": "v1", "title": "Nightly news"}}),
            json!("Nightly news"),
        ),
        ("PLAY", json!({"reason": "initial"}), json!("initial")),
        (
            "QUALITY_CHANGE",
            json!({"quality": {"height": 1080}}),
            json!("1080p"),
        ),
        ("FIRST_FRAME", json!({}), Value::Null),
        (
            "SEEK",
            json!({"seek": {"fromSec": 2.04, "toSec": 90, "durationMs": 1}}),
            json!("2.0 → 90.0"),
        ),
        (
            "SEEK",
            json!({"seek": {"toSec": 1e300, "durationMs": 1}}),
            json!("? → ?"),
        ),
        ("SEEK", json!({}), Value::Null),
        ("RATE_CHANGE", json!({"playbackRate": 1.5}), json!("1.50×")),
        ("VISIBILITY", json!({"hidden": true}), json!("hidden")),
        ("VISIBILITY", json!({"hidden": false}), json!("visible")),
        ("VISIBILITY", json!({"hidden": "?"}), Value::Null),
        (
            "PLAYER_ERROR",
            json!({"error": {"type": "networkError", "details": "fragLoadError"}}),
            json!("fragLoadError"),
        ),
        (
            "PLAYER_ERROR",
            json!({"error": {"type": "mediaError", "fatal": true}}),
            json!("mediaError (fatal)"),
        ),
        (
            "PLAYER_ERROR",
            json!({"error": {"fatal": true}}),
            json!("fatal"),
        ),
        ("PLAYER_ERROR", json!({}), Value::Null),
        (
            "ad \"break\" <1>",
            json!({"reason": "none of ours"}),
            Value::Null,
        ),
        ("HEARTBEAT", json!({}), json!("not marked")),
        (
            "SESSION_END",
            json!({"reason": "page_close"}),
            json!("page_close"),
        ),
    ];
    let events = ours.iter().enumerate().map(|(at, (event_type, more, _))| {
        let number = i64::try_from(at).unwrap();
        let mut event = event(&format!("e{at}"), event_type, number * 1000, more.clone());
        event["seq"] = json!(number);
        event
    });
    send(&server, events.collect()).await;
    let marks = story(&server, "s", "raw").await["marks"].clone();
    let marked = ours
        .iter()
        .filter(|(event_type, ..)| *event_type != "HEARTBEAT");
    let (types, details): (Vec<_>, Vec<_>) = marked.map(|it| (it.0, it.2.clone())).unzip();
    assert_eq!(marks["event_type"], json!(types));
    assert_eq!(marks["detail"], json!(details));
    assert_eq!(marks["at_ms"].as_array().unwrap().len(), ours.len() - 1);
    server.application.stop().await.unwrap();
}
