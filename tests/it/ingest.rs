//! `POST /telemetry`: what players send and what they get back.

use serde_json::{Value, json};

use crate::answers::least_event;
use crate::support::{original_event, server};

#[actix_web::test]
async fn an_original_event_fills_every_column_and_comes_back_as_a_duplicate() {
    let server = server().await;
    let event = original_event("s1", "e1", "BUFFER_END", 1_795_392_458_159);
    let (status, reply) = server.post(&event).await;
    assert_eq!(
        (status, reply),
        (
            200,
            json!({"ok": true, "accepted": 1, "duplicates": 0, "rejected": []})
        )
    );
    let (status, reply) = server.post(&json!([event])).await;
    assert_eq!(
        (status, reply),
        (
            200,
            json!({"ok": true, "accepted": 0, "duplicates": 1, "rejected": []})
        )
    );

    let rows = server.database.rows("SELECT * FROM telemetry_events").await;
    assert_eq!(rows.len(), 1);
    let expected = json!({
        "project": "default", "session_id": "s1", "event_id": "e1", "event_type": "BUFFER_END",
        "event_timestamp": 1_795_392_458_159i64, "viewer_id": "user123", "playback_position_sec": 12.5,
        "bitrate_kbps": 3000, "resolution": "720p", "video_width": 1280, "video_height": 720,
        "buffer_start": 1_795_392_457_000i64, "buffer_end": 1_795_392_458_159i64, "buffer_duration_ms": 1159,
        "network_downlink_mbps": 10, "network_rtt_ms": 50, "network_effective_type": "4g",
        "device_browser": "Chrome", "device_os": "MacIntel", "screen_width": 1920, "screen_height": 1080,
        "dropped_frames": 2, "decoded_frames": 1200, "fps": 30, "buffer_length_sec": 5.95,
        "total_watch_time_ms": 5000, "total_pause_time_ms": 0, "interaction_count": 3,
        "raw_json": event,
    });
    for (column, value) in expected.as_object().unwrap() {
        assert_eq!(rows[0][column], *value, "{column}");
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn an_original_session_in_one_array_is_stored_event_by_event() {
    let server = server().await;
    let kinds = [
        "PLAY",
        "BUFFER_START",
        "BUFFER_END",
        "QUALITY_CHANGE",
        "PLAYER_ERROR",
        "PAUSE",
    ];
    let mut events: Vec<Value> = Vec::new();
    for (at, kind) in (1_795_392_458_159i64..).step_by(100).zip(kinds) {
        let mut event = original_event(
            "ff10b204-3d3d-4816-92db-50144935a208-1795392457775",
            kind,
            kind,
            at,
        );
        // As the original sends them where the browser knows nothing.
        event["network"] = json!({});
        event["quality"] =
            json!({"bitrateKbps": null, "width": null, "height": null, "resolution": null});
        event["error"] =
            json!({"type": "networkError", "details": "fragLoadError", "fatal": false});
        events.push(event);
    }
    let (status, reply) = server.post(&json!(events)).await;
    assert_eq!((status, &reply["accepted"]), (200, &json!(6)));
    let rows = server.database.rows(
        "SELECT event_type, raw_json, bitrate_kbps, network_rtt_ms FROM telemetry_events ORDER BY event_timestamp").await;
    for ((row, event), kind) in rows.iter().zip(&events).zip(kinds) {
        assert_eq!(
            *row,
            json!({"event_type": kind, "raw_json": event, "bitrate_kbps": null, "network_rtt_ms": null})
        );
    }
    server.application.stop().await.unwrap();
}

/// One event of ours with every field that any of them has.
fn extended_event(seq: i64, kind: &str) -> Value {
    json!({
        "sessionId": "ours", "eventId": format!("e{seq}"), "eventType": kind, "timestamp": 1_795_392_458_159i64 + seq,
        "viewerId": "v", "seq": seq, "state": "playing", "reason": "initial", "playbackPositionSec": 1.25,
        "totals": {"startupMs": 800, "playingMs": 10, "rebufferMs": 0, "rebufferCount": 0, "seekMs": 0,
            "pausedMs": 0, "endedMs": 0, "idleMs": 5},
        "video": {"id": "v1", "title": "Film", "durationSec": 60, "live": false},
        "player": {"name": "hls.js", "version": "1.6", "width": 1280, "height": 720},
        "page": {"path": "/watch"}, "custom": {"cdn": "a"}, "startupTimeMs": 800, "loadToFrameMs": 900,
        "buffering": {"startedAt": 1_795_392_457_000i64, "endedAt": null, "durationMs": null},
        "seek": {"fromSec": 1, "toSec": 2, "durationMs": 3}, "previous": null, "hidden": false, "playbackRate": 1
    })
}

#[actix_web::test]
async fn our_own_events_in_an_envelope_keep_their_order_and_the_time_of_sending() {
    let server = server().await;
    let kinds = [
        "SESSION_START",
        "PLAY",
        "FIRST_FRAME",
        "BUFFER_START",
        "BUFFER_END",
        "PAUSE",
        "SEEK",
        "QUALITY_CHANGE",
        "PLAYER_ERROR",
        "HEARTBEAT",
        "VISIBILITY",
        "RATE_CHANGE",
        "ENDED",
        "SESSION_END",
    ];
    let events: Vec<Value> = (0..)
        .zip(kinds)
        .map(|(seq, kind)| extended_event(seq, kind))
        .collect();
    let envelope = json!({"sentAt": 1_795_392_459_000i64, "key": "k", "events": events});
    let (status, reply) = server.post(&envelope).await;
    assert_eq!((status, &reply["accepted"]), (200, &json!(14)));
    let rows = server.database.rows(
        "SELECT seq, event_type, raw_json, (extract(epoch FROM sent_at) * 1000)::bigint AS sent_at \
         FROM telemetry_events ORDER BY seq").await;
    assert_eq!(rows.len(), 14);
    for (n, (row, event)) in rows.iter().zip(&events).enumerate() {
        assert_eq!(
            *row,
            json!({"seq": n, "event_type": kinds[n], "raw_json": event, "sent_at": 1_795_392_459_000i64})
        );
    }
    let summary = server.summary("ours").await;
    assert_eq!(summary["video_id"], "v1");
    assert_eq!(summary["custom"], json!({"cdn": "a"}));
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_send_time_that_is_none_is_null() {
    let server = server().await;
    for (n, sent_at) in [
        json!(null),
        json!("now"),
        json!(-1),
        json!(1e300),
        json!({}),
        json!(253_402_300_800_000i64),
    ]
    .into_iter()
    .enumerate()
    {
        let envelope = json!({"sentAt": sent_at, "events": [least_event("s", &format!("e{n}"))]});
        assert_eq!(server.post(&envelope).await.0, 200, "{sent_at}");
    }
    let query = "SELECT FROM telemetry_events WHERE sent_at IS NULL";
    assert_eq!(server.database.count(query).await, 6);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn an_event_is_known_by_session_id_and_time_together() {
    let server = server().await;
    let event = |session: &str, id: &str, at: i64| json!({"sessionId": session, "eventId": id, "eventType": "PLAY", "timestamp": at});
    // The same twice in one batch, whatever else is in it.
    let mut changed = event("a", "e1", 1);
    changed["eventType"] = json!("PAUSE");
    let batch = json!([
        event("a", "e1", 1),
        changed,
        event("a", "e1", 2),
        event("b", "e1", 1),
        event("a", "E1", 1),
        event("a", "e1 ", 1),
        event("a", "e1", 1)
    ]);
    let (status, reply) = server.post(&batch).await;
    assert_eq!(
        (status, reply),
        (
            200,
            json!({"ok": true, "accepted": 5, "duplicates": 2, "rejected": []})
        )
    );
    let first = "SELECT FROM telemetry_events WHERE (session_id, event_id, event_timestamp) = ('a', 'e1', 1) \
                 AND event_type = 'PLAY'";
    assert_eq!(
        server.database.count(first).await,
        1,
        "the first one is kept"
    );
    let (_, reply) = server.post(&batch).await;
    assert_eq!(
        reply,
        json!({"ok": true, "accepted": 0, "duplicates": 7, "rejected": []})
    );
    assert_eq!(
        server.database.count("SELECT FROM telemetry_events").await,
        5
    );
    server.application.stop().await.unwrap();
}
