//! Timelines of sessions that are short, long, gone, unknown or known already.

use reqwest::Method;
use serde_json::{Value, json};

use super::super::{server, session};
use super::{BEGIN, evening, event, read, restarted, send, series, story};

#[actix_web::test]
async fn a_session_of_one_event_has_a_moment_and_no_time() {
    let server = server().await;
    let more = json!({"playbackPositionSec": 3.5});
    send(&server, vec![event("e", "PLAY", 0, more)]).await;
    for resolution in ["", "raw", "1ms", "3650d"] {
        let told = story(&server, "s", resolution).await;
        assert_eq!(
            (&told["session_ms"], &told["event_count"]),
            (&json!(0), &json!(1))
        );
        assert_eq!(told["spans"], json!([]));
        assert_eq!(told["series"]["position_sec"], series(&[0], json!([3.5])));
        assert_eq!(told["marks"]["at_ms"], json!([0]));
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_clock_that_jumps_over_thousands_of_years_costs_no_more_buckets_than_events() {
    let server = server().await;
    let at = |position: f64| json!({"playbackPositionSec": position});
    let last_ms = 253_402_300_799_999 - BEGIN;
    send(
        &server,
        vec![
            event("e1", "PLAY", -BEGIN, at(0.0)),
            event("e2", "FIRST_FRAME", 0, at(1.0)),
            event("e3", "HEARTBEAT", last_ms, at(2.0)),
        ],
    )
    .await;
    let told = server.tell("/api/v1/sessions/s/timeline", &[]).await;
    assert_eq!(told["resolution"], "3650d");
    let times = [0, BEGIN, 253_402_300_799_999];
    assert_eq!(
        told["series"]["position_sec"],
        series(&times, json!([0.0, 1.0, 2.0]))
    );
    let path = "/api/v1/sessions/s/timeline";
    let detail = server
        .refuses(path, &[("resolution", "1s")], "resolution")
        .await;
    assert!(
        detail.contains("253402300800 stretches") && detail.contains("ask for 365d"),
        "{detail}"
    );
    let raw = story(&server, "s", "raw").await;
    assert_eq!(raw["series"]["position_sec"]["at_ms"], json!(times));
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn events_of_one_millisecond_are_told_in_the_order_of_the_fold() {
    let server = server().await;
    let numbered =
        |id: &str, event_type: &str, seq: i64| event(id, event_type, 0, json!({"seq": seq}));
    // By their ids, and on arrival, they are the other way round.
    send(
        &server,
        vec![
            numbered("a", "PAUSE", 3),
            numbered("b", "FIRST_FRAME", 2),
            numbered("c", "PLAY", 1),
            numbered("d", "SESSION_START", 0),
        ],
    )
    .await;
    let told = story(&server, "s", "raw").await;
    let order = json!(["SESSION_START", "PLAY", "FIRST_FRAME", "PAUSE"]);
    assert_eq!(told["marks"]["event_type"], order);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_story_is_sent_again_only_when_it_has_changed() {
    let server = server().await;
    send(&server, evening()).await;
    let live = read(&server, "s", &[]).await;
    assert_eq!(live.header("cache-control"), Some("private, no-cache"));
    assert_eq!(live.header("content-type"), Some("application/json"));
    let weak = live.header("etag").unwrap();
    assert_eq!(weak, "W/\"live-8-2-auto\"");
    let known = read(&server, "s", &[("if-none-match", weak)]).await;
    assert_eq!((known.status, known.text.as_str()), (304, ""));

    let server = restarted(server).await;
    let stored = read(&server, "s", &[("if-none-match", weak)]).await;
    assert_eq!(stored.status, 200);
    let tag = stored.header("etag").unwrap();
    assert!(
        tag.starts_with("\"8-") && tag.ends_with("-8-2-auto\""),
        "{tag}"
    );
    let headers = [("if-none-match", tag)];
    let known = read(&server, "s", &headers).await;
    assert_eq!((known.status, known.text.as_str()), (304, ""));
    assert_eq!(known.header("etag"), Some(tag));
    // Another resolution is another answer.
    let finer = read(&server, "s", &[]).await;
    assert_eq!(finer.text, stored.text);
    let path = "/api/v1/sessions/s/timeline?resolution=1s";
    let other = server.send(Method::GET, path, &headers, "").await;
    assert_eq!(other.status, 200);
    assert_ne!(other.header("etag"), Some(tag));

    send(&server, vec![event("e9", "PLAY", 30_800, json!({}))]).await;
    let gone_on = read(&server, "s", &headers).await;
    assert_eq!(gone_on.status, 200);
    assert_eq!(gone_on.header("etag"), Some("W/\"live-9-2-auto\""));
    let told = gone_on.json();
    assert_eq!(
        (&told["status"], &told["event_count"]),
        (&json!("live"), &json!(9))
    );
    assert_eq!(told["partial"], false, "it is told from all of its rows");
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_story_is_read_anew_only_when_the_session_has_other_rows() {
    let server = server().await;
    send(&server, evening()).await;
    let server = restarted(server).await;
    assert_eq!(story(&server, "s", "raw").await["event_count"], 8);
    // Rows are never updated, so nobody looks whether they were.
    let database = &server.database;
    let spoil = "UPDATE telemetry_events SET raw_json = '{}' WHERE event_id = 'e4'";
    database.execute(spoil).await;
    let told = story(&server, "s", "10s").await;
    let fps = &told["series"]["fps"]["value"];
    assert_eq!(
        (&told["event_count"], fps),
        (&json!(8), &json!([30.0, 24.5]))
    );
    let delete = "DELETE FROM telemetry_events WHERE event_id = 'e8'";
    database.execute(delete).await;
    let told = story(&server, "s", "10s").await;
    let fps = &told["series"]["fps"]["value"];
    assert_eq!((&told["event_count"], fps), (&json!(6), &json!([30.0])));
    assert_eq!(
        (&told["status"], &told["partial"]),
        (&json!("finished"), &json!(true))
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_session_whose_events_are_gone_has_a_start_and_no_story() {
    let server = server().await;
    let columns = json!({"started_at": "2026-11-01T10:00:00Z", "last_event_at": "2026-11-01T11:00:00Z",
        "sealed_at": "2026-11-20T00:00:00Z", "event_count": 360, "session_ms": 3_600_000});
    server.has(&[session("old", columns)]).await;
    let answer = read(&server, "old", &[]).await;
    let told = answer.json();
    for (field, expected) in [
        ("status", json!("finished")),
        ("partial", json!(true)),
        ("started_at", json!("2026-11-01T10:00:00Z")),
        ("event_count", json!(0)),
        ("session_ms", Value::Null),
        ("spans", json!([])),
        (
            "marks",
            json!({"at_ms": [], "event_type": [], "detail": []}),
        ),
    ] {
        assert_eq!(told[field], expected, "{field}");
    }
    assert!(answer.header("etag").unwrap().starts_with("\"360-"));
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn what_cannot_be_told_is_refused_by_name() {
    let server = server().await;
    send(&server, evening()).await;
    let path = "/api/v1/sessions/s/timeline";
    for (parameters, name, advice) in [
        (&[("resolution", "fine")][..], "resolution", "250ms"),
        (&[("resolution", "0s")], "resolution", "raw"),
        (
            &[("resolution", "1s"), ("resolution", "2s")],
            "resolution",
            "once",
        ),
        (&[("resolution", "1\0s")], "resolution", "NUL"),
        (
            &[("resolutions", "1s")],
            "resolutions",
            "did you mean resolution?",
        ),
    ] {
        let detail = server.refuses(path, parameters, name).await;
        assert!(detail.contains(advice), "{parameters:?}: {detail}");
    }
    let (too_long, longest) = ("x".repeat(201), "y".repeat(200));
    for id in [
        "nobody", "a%00b", "%FF%FE", "%ud800", "%", "..%2F..", "'--", &too_long, &longest,
    ] {
        read(&server, id, &[])
            .await
            .is_problem(404, "unknown_session");
    }
    let answer = server.send(Method::POST, path, &[], "").await;
    answer.is_problem(405, "method_not_allowed");
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_story_is_found_by_any_id_a_session_may_have() {
    let server = server().await;
    for (id, encoded) in [
        ("a/timeline", "a%2Ftimeline"),
        ("50% off?", "50%25%20off%3F"),
        (
            "';DROP TABLE telemetry_events;--",
            "%27;DROP%20TABLE%20telemetry_events;--",
        ),
        ("名前🎬", "%E5%90%8D%E5%89%8D%F0%9F%8E%AC"),
    ] {
        let mut only = event("e", "PLAY", 0, json!({}));
        only["sessionId"] = json!(id);
        send(&server, vec![only]).await;
        let told = read(&server, encoded, &[]).await.json();
        assert_eq!(
            (&told["session_id"], &told["event_count"]),
            (&json!(id), &json!(1))
        );
    }
    server.application.stop().await.unwrap();
}
