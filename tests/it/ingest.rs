//! `POST /telemetry`: what players send and what they get back.

use serde_json::json;

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
