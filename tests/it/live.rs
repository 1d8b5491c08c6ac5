//! `GET /api/v1/sessions/{id}`: a session's figures while it lives and after.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::answers::Answer;
use crate::command::run;
use crate::support::{Server, server, server_with, settings, until};

const BEGIN: i64 = 1_795_392_460_000;

async fn read(server: &Server, encoded_id: &str) -> Answer {
    let path = format!("/api/v1/sessions/{encoded_id}");
    server.send(Method::GET, &path, &[], "").await
}

/// The figures of a session that must have some.
async fn figures(server: &Server, encoded_id: &str) -> Value {
    let answer = read(server, encoded_id).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.json()
}

/// Sends events of a session: type and time since its beginning, ms.
async fn play(server: &Server, session_id: &str, events: &[(&str, i64)]) {
    let events: Vec<Value> = events
        .iter()
        .map(|(event_type, at_ms)| {
            json!({"sessionId": session_id, "eventId": format!("e{at_ms}"), "viewerId": "v",
                "eventType": event_type, "timestamp": BEGIN + at_ms,
                "playbackPositionSec": f64::from(i32::try_from((at_ms - 500).max(0)).unwrap()) / 1000.0})
        })
        .collect();
    let (status, reply) = server.post(&Value::from(events.clone())).await;
    assert_eq!((status, &reply["accepted"]), (200, &json!(events.len())));
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
    settings.idle_timeout = LASTING;
    Server::start(settings, &database.url).await
}

/// Half a second of startup, then four of playing.
const OPENING: [(&str, i64); 3] = [("PLAY", 0), ("FIRST_FRAME", 500), ("HEARTBEAT", 4500)];

/// No session goes quiet in this time.
const LASTING: Duration = Duration::from_secs(600);

async fn lasting_server() -> Server {
    server_with(|settings| settings.idle_timeout = LASTING).await
}

#[actix_web::test]
async fn a_session_shows_its_figures_while_it_lives() {
    let server = lasting_server().await;
    play(&server, "s", &OPENING).await;
    let first = figures(&server, "s").await;
    assert_eq!(first["session_id"], "s");
    assert_eq!(
        (&first["status"], &first["partial"]),
        (&json!("live"), &json!(false))
    );
    for (figure, expected) in [
        ("event_count", json!(3)),
        ("startup_ms", json!(500)),
        ("playing_ms", json!(4000)),
        ("rebuffer_ms", json!(0)),
        ("rebuffer_ratio", json!(0.0)),
        ("avg_bitrate_kbps", Value::Null),
        ("viewer_id", json!("v")),
        // It says that the video is a live stream, which nobody told.
        ("live", Value::Null),
        ("started_at", json!("2026-11-23T00:07:40Z")),
    ] {
        assert_eq!(first[figure], expected, "{figure}");
    }
    play(
        &server,
        "s",
        &[("BUFFER_START", 5500), ("BUFFER_END", 6500)],
    )
    .await;
    let second = figures(&server, "s").await;
    for (figure, expected) in [
        ("event_count", json!(5)),
        ("playing_ms", json!(5000)),
        ("rebuffer_ms", json!(1000)),
        ("rebuffer_count", json!(1)),
    ] {
        assert_eq!(second[figure], expected, "{figure}");
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn the_last_live_figures_are_those_that_are_stored_and_that_the_command_line_shows() {
    let server = lasting_server().await;
    play(&server, "s", &OPENING).await;
    let mut live = figures(&server, "s").await;
    let server = restarted(server).await;
    let mut stored = figures(&server, "s").await;
    assert_eq!(
        (&stored["status"], &stored["partial"]),
        (&json!("finished"), &json!(false))
    );
    assert_eq!(stored, shown_row(&server, "s").await);
    assert_eq!(figures(&server, "s").await, stored, "two reads agree");
    // When it was written is all that differs.
    for figures in [&mut live, &mut stored] {
        figures["updated_at"].take();
    }
    assert_eq!(columns(&live), columns(&stored));
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_session_that_went_quiet_shows_what_is_stored() {
    let server = server().await;
    play(&server, "s", &OPENING).await;
    let stored = until("the session is quiet", async || {
        let figures = figures(&server, "s").await;
        (figures["status"] == "finished").then_some(figures)
    })
    .await;
    assert_eq!(stored, shown_row(&server, "s").await);
    server.application.stop().await.unwrap();
}

/// A session's figures without what is said about them.
fn columns(figures: &Value) -> Value {
    let mut columns = figures.as_object().unwrap().clone();
    for said in ["status", "partial"] {
        columns.remove(said).unwrap();
    }
    Value::Object(columns)
}

async fn shown_row(server: &Server, session_id: &str) -> Value {
    let arguments = ["sessions", "show", session_id, "--output", "json"];
    let shown = run(&server.database.url, &arguments).await.ended(0);
    serde_json::from_str(&shown).unwrap()
}

#[actix_web::test]
async fn a_session_that_goes_on_after_its_summary_is_partial_until_it_is_quiet_again() {
    let server = lasting_server().await;
    play(&server, "s", &OPENING).await;
    let server = restarted(server).await;
    play(&server, "s", &[("HEARTBEAT", 14_500)]).await;
    let reopened = figures(&server, "s").await;
    assert_eq!(
        (&reopened["status"], &reopened["partial"]),
        (&json!("live"), &json!(true))
    );
    assert_eq!(reopened["event_count"], 1);
    let server = restarted(server).await;
    let whole = figures(&server, "s").await;
    assert_eq!(
        (&whole["status"], &whole["partial"]),
        (&json!("finished"), &json!(false))
    );
    assert_eq!(whole["playing_ms"], 14_000);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_repeated_event_of_a_finished_session_does_not_hide_its_figures() {
    let server = lasting_server().await;
    play(&server, "s", &OPENING).await;
    let server = restarted(server).await;
    let again = json!({"sessionId": "s", "eventId": "e0", "eventType": "PLAY", "timestamp": BEGIN});
    assert_eq!(server.post(&again).await.1["duplicates"], 1);
    let stored = figures(&server, "s").await;
    assert_eq!(
        (&stored["status"], &stored["event_count"]),
        (&json!("finished"), &json!(3))
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_session_is_found_by_any_id_it_may_have() {
    let server = lasting_server().await;
    let longest = "é".repeat(100);
    let encoded_longest = "%C3%A9".repeat(100);
    for (id, encoded) in [
        ("ff10b204-3d3d-1795392457775", "ff10b204-3d3d-1795392457775"),
        ("a/b", "a%2Fb"),
        ("50% off?", "50%25%20off%3F"),
        ("a%2Fb", "a%252Fb"),
        ("a+b c", "a+b%20c"),
        ("d\u{9}\"'<>#&=;", "d%09%22%27%3C%3E%23&=;"),
        ("名前🎬", "%E5%90%8D%E5%89%8D%F0%9F%8E%AC"),
        (longest.as_str(), encoded_longest.as_str()),
    ] {
        play(&server, id, &OPENING).await;
        let found = figures(&server, encoded).await;
        assert_eq!(found["session_id"], id);
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_session_that_nobody_knows_is_a_404() {
    let server = server().await;
    let (too_long, longest) = ("x".repeat(201), "y".repeat(200));
    for id in [
        "nobody", "a%00b", "%FF%FE", "%ud800", "%", &too_long, &longest,
    ] {
        read(&server, id).await.is_problem(404, "unknown_session");
    }
    for id in ["", "a/b"] {
        read(&server, id).await.is_problem(404, "not_found");
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_session_is_only_read_and_erased() {
    let server = server().await;
    let path = "/api/v1/sessions/s";
    for method in [Method::POST, Method::PUT, Method::OPTIONS] {
        let answer = server.send(method, path, &[], "").await;
        answer.is_problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some("GET, HEAD, DELETE"));
    }
    play(&server, "s", &OPENING).await;
    let head = server.send(Method::HEAD, path, &[], "").await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_finished_session_that_is_known_already_is_not_sent_again() {
    let server = lasting_server().await;
    play(&server, "s", &OPENING).await;
    let live = read(&server, "s").await;
    assert_eq!(live.header("etag"), Some("W/\"live-3-2-whole\""));
    let server = restarted(server).await;
    let stored = read(&server, "s").await;
    let tag = stored.header("etag").unwrap();
    assert!(tag.starts_with("\"3-2-"), "{tag} is strong");
    let headers = [("if-none-match", tag)];
    let path = "/api/v1/sessions/s";
    let again = server.send(Method::GET, path, &headers, "").await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    assert_eq!(again.header("etag"), Some(tag));
    play(&server, "s", &[("HEARTBEAT", 14_500)]).await;
    let gone_on = server.send(Method::GET, path, &headers, "").await;
    assert_eq!(gone_on.status, 200);
    server.application.stop().await.unwrap();
}
