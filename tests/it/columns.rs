//! What of an event stands in which column, whatever its fields hold.

use serde_json::{Value, json};

use crate::answers::{JSON, least_event};
use crate::support::{Server, server};

/// Stores the least event plus `members`, a JSON text, and gives its row.
async fn stored(server: &Server, members: &str) -> Value {
    let id = uuid::Uuid::new_v4().to_string();
    let event = least_event("columns", &id)
        .to_string()
        .replacen('{', &format!("{{{members},"), 1);
    let answer = server
        .send(reqwest::Method::POST, "/telemetry", &[JSON], event.clone())
        .await;
    answer.took(1, 0, 0);
    let row = server.database.rows(&format!(
        "SELECT *, raw_json = '{}'::jsonb AS is_intact FROM telemetry_events WHERE event_id = '{id}'",
        event.replace('\'', "''"))).await.remove(0);
    assert_eq!(row["is_intact"], true, "raw_json of {event}");
    row
}

/// Every optional field: its column, how to send it, and whether it takes texts, integers or floats.
const FIELDS: [(&str, &str, char); 26] = [
    ("viewer_id", r#""viewerId":@"#, 't'),
    ("playback_position_sec", r#""playbackPositionSec":@"#, 'f'),
    ("bitrate_kbps", r#""quality":{"bitrateKbps":@}"#, 'i'),
    ("resolution", r#""quality":{"resolution":@}"#, 't'),
    ("video_width", r#""quality":{"width":@}"#, 'i'),
    ("video_height", r#""quality":{"height":@}"#, 'i'),
    ("video_width", r#""quality":{"videoWidth":@}"#, 'i'),
    ("video_height", r#""quality":{"videoHeight":@}"#, 'i'),
    ("buffer_start", r#""buffering":{"startedAt":@}"#, 'b'),
    ("buffer_end", r#""buffering":{"endedAt":@}"#, 'b'),
    ("buffer_duration_ms", r#""buffering":{"durationMs":@}"#, 'b'),
    (
        "network_downlink_mbps",
        r#""network":{"downlinkMbps":@}"#,
        'f',
    ),
    ("network_rtt_ms", r#""network":{"rttMs":@}"#, 'i'),
    (
        "network_effective_type",
        r#""network":{"effectiveType":@}"#,
        't',
    ),
    ("device_browser", r#""device":{"browser":@}"#, 't'),
    ("device_os", r#""device":{"os":@}"#, 't'),
    ("screen_width", r#""device":{"screenWidth":@}"#, 'i'),
    ("screen_height", r#""device":{"screenHeight":@}"#, 'i'),
    ("dropped_frames", r#""player":{"droppedFrames":@}"#, 'i'),
    ("decoded_frames", r#""player":{"decodedFrames":@}"#, 'i'),
    ("fps", r#""player":{"fps":@}"#, 'f'),
    (
        "buffer_length_sec",
        r#""player":{"bufferLengthSec":@}"#,
        'f',
    ),
    (
        "total_watch_time_ms",
        r#""engagement":{"totalWatchTime":@}"#,
        'b',
    ),
    (
        "total_pause_time_ms",
        r#""engagement":{"totalPauseTime":@}"#,
        'b',
    ),
    (
        "interaction_count",
        r#""engagement":{"interactionCount":@}"#,
        'i',
    ),
    ("seq", r#""seq":@"#, 'b'),
];

/// What is sent, and what a text, INTEGER, BIGINT or DOUBLE column then holds.
fn values() -> [(&'static str, [Value; 4]); 17] {
    let nothing = || Value::Null;
    let number = |n: i64| [nothing(), json!(n), json!(n), json!(n)];
    [
        ("null", [nothing(), nothing(), nothing(), nothing()]),
        ("true", [nothing(), nothing(), nothing(), nothing()]),
        ("[1]", [nothing(), nothing(), nothing(), nothing()]),
        (r#"{"a":1}"#, [nothing(), nothing(), nothing(), nothing()]),
        (r#""12""#, [json!("12"), nothing(), nothing(), nothing()]),
        (
            r#""d\u00e9j\u00e0 \ud83d\ude00""#,
            [json!("déjà 😀"), nothing(), nothing(), nothing()],
        ),
        ("12", number(12)),
        ("0", number(0)),
        ("12.0", number(12)),
        ("1.2e1", number(12)),
        ("12.4", [nothing(), json!(12), json!(12), json!(12.4)]),
        ("12.5", [nothing(), json!(13), json!(13), json!(12.5)]),
        ("2147483647", number(2_147_483_647)),
        (
            "2147483648",
            [
                nothing(),
                nothing(),
                json!(2_147_483_648i64),
                json!(2_147_483_648i64),
            ],
        ),
        (
            "253402300799999",
            [
                nothing(),
                nothing(),
                json!(253_402_300_799_999i64),
                json!(253_402_300_799_999i64),
            ],
        ),
        ("1e30", [nothing(), nothing(), nothing(), json!(1e30)]),
        ("-0.0", number(0)),
    ]
}

#[actix_web::test]
async fn an_optional_field_of_the_wrong_type_or_size_is_null_and_costs_nothing_else() {
    let server = server().await;
    for (sent, [text, int, bigint, double]) in values() {
        for (column, member, kind) in FIELDS {
            let expected = match kind {
                't' => &text,
                'i' => &int,
                'b' => &bigint,
                _ => &double,
            };
            let row = stored(&server, &member.replace('@', sent)).await;
            let same = row[column] == *expected
                || (expected.is_number() && row[column].as_f64() == expected.as_f64());
            assert!(
                same,
                "{column} of {sent} is {} and not {expected}",
                row[column]
            );
        }
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_section_that_is_no_object_is_as_good_as_none() {
    let server = server().await;
    for section in [
        "quality",
        "buffering",
        "network",
        "device",
        "player",
        "engagement",
        "error",
        "seek",
        "totals",
        "video",
        "custom",
        "previous",
    ] {
        for json in [
            "null",
            "17",
            "\"text\"",
            "[{}]",
            "true",
            "{}",
            r#"{"x":{"y":[]}}"#,
        ] {
            let row = stored(&server, &format!("{section:?}:{json}")).await;
            assert_eq!(row["bitrate_kbps"], Value::Null);
        }
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn texts_are_bounded_and_a_viewer_id_beyond_its_bound_is_null() {
    let server = server().await;
    for (bytes, kept) in [
        (1, true),
        (200, true),
        (201, false),
        (5000, false),
        (0, false),
    ] {
        let id = "v".repeat(bytes);
        let row = stored(&server, &format!("\"viewerId\":{id:?}")).await;
        assert_eq!(
            row["viewer_id"],
            if kept { json!(id) } else { Value::Null },
            "{bytes} bytes"
        );
    }
    // 100 characters of 3 bytes: cut between two of them.
    let row = stored(
        &server,
        &format!(r#""device":{{"browser":"{}"}}"#, "€".repeat(100)),
    )
    .await;
    assert_eq!(row["device_browser"], "€".repeat(66));
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn everything_unknown_is_tolerated_and_stays_in_raw_json() {
    let server = server().await;
    let row = stored(&server, r#""_retryCount":3,"":0,"x":{"y":[null,{"z":"\u0001"}]},"EVENTID":5,"created_at":7,"project":"p""#).await;
    assert_eq!(
        (
            &row["raw_json"]["_retryCount"],
            &row["raw_json"]["x"]["y"][1]["z"]
        ),
        (&json!(3), &json!("\u{1}"))
    );
    assert_eq!(row["project"], "default");
    let kinds = [
        "AD_BREAK",
        "play",
        "ÉVÉNEMENT",
        " ",
        "'; DROP TABLE telemetry_events; --",
    ];
    for kind in kinds {
        let event = json!({"sessionId": "unknown types", "eventId": kind, "eventType": kind, "timestamp": 5});
        server
            .send(
                reqwest::Method::POST,
                "/telemetry",
                &[JSON],
                event.to_string(),
            )
            .await
            .took(1, 0, 0);
    }
    let query = "SELECT event_type FROM telemetry_events WHERE session_id = 'unknown types'";
    assert_eq!(server.database.count(query).await, 5);
    assert_eq!(server.summary("unknown types").await["event_count"], 5);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn created_at_is_the_servers_clock_in_whole_milliseconds() {
    let server = server().await;
    let row = stored(&server, r#""createdAt":1"#).await;
    let fresh = "SELECT FROM telemetry_events WHERE abs(extract(epoch FROM now() - created_at)) < 60 \
                 AND created_at = date_trunc('milliseconds', created_at)";
    assert_eq!(
        server.database.count(fresh).await,
        1,
        "{}",
        row["created_at"]
    );
    server.application.stop().await.unwrap();
}
