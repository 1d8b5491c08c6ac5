//! Erasing over HTTP.

use reqwest::Method;
use serde_json::{Value, json};
use video_telemetry::storage::keys::KeyKind;

use super::{bad_event, event, hasty_server};
use crate::support::server;

const NOTHING: Value = Value::Null;

#[actix_web::test]
async fn an_erased_session_leaves_no_trace_and_its_events_are_refused() {
    let server = hasty_server().await;
    let database = &server.database;
    let events: Vec<Value> = (0..5).map(|n| event("secret-session", "ann", n)).collect();
    server.telemetry(&events).await.took(5, 0, 0);
    server
        .telemetry(&[event("other", "bob", 0)])
        .await
        .took(1, 0, 0);
    let bad = [
        bad_event("secret-session", "ann"),
        bad_event("other", "bob"),
    ];
    server.telemetry(&bad).await.is_problem(400, "all_rejected");
    server.summary("secret-session").await;
    server.summary("other").await;
    assert!(database.traces("secret-session").await.len() >= 7);

    let erased = server.erase("sessions/secret-session").await;
    assert_eq!(erased.status, 200, "{}", erased.text);
    assert_eq!(
        erased.json(),
        json!({"sessions": 1, "events": 5, "summaries": 1, "rejected_events": 1})
    );
    assert_eq!(erased.header("cache-control"), Some("no-store"));
    database.finished(1).await;
    assert_eq!(
        database.traces("secret-session").await,
        Vec::<String>::new()
    );
    assert_eq!(database.traces("ann").await, Vec::<String>::new());
    assert_eq!(database.traces("bob").await.len(), 3);

    // The client sends all of it again, the bad one too, among others.
    let problem = server.telemetry(&events).await;
    let problem = problem.is_problem(400, "all_rejected");
    assert_eq!(problem["rejected"][4]["reason"], "erased");
    let mixed = [event("other", "bob", 1), events[0].clone(), bad[0].clone()];
    let reply = server.telemetry(&mixed).await.took(1, 0, 2);
    assert_eq!(reply["rejected"][0]["reason"], "erased");
    assert_eq!(reply["rejected"][1]["reason"], "missing_timestamp");
    assert_eq!(
        database.traces("secret-session").await,
        Vec::<String>::new()
    );
    let metrics = server.send(Method::GET, "/metrics", &[], "").await.text;
    let counted = "telemetry_events_rejected_total{reason=\"erased\"} 6\n";
    assert!(metrics.contains(counted), "{metrics}");
    let page = "/api/v1/sessions/secret-session";
    let unknown = server.send(Method::GET, page, &[], "").await;
    unknown.is_problem(404, "unknown_session");
    database.verified();
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn erasing_again_or_what_is_not_known_deletes_nothing_and_is_no_mistake() {
    let server = server().await;
    let nothing = json!({"sessions": 1, "events": 0, "summaries": 0, "rejected_events": 0});
    for _ in 0..2 {
        assert_eq!(server.erase("sessions/never-seen").await.json(), nothing);
    }
    server.refuses_erased("never-seen").await;
    let tombstones = server.database.count("SELECT FROM erasures").await;
    assert_eq!(tombstones, 1);
    let nobody = server.erase("viewers/nobody").await.json();
    assert_eq!(nobody["sessions"], 0);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn erasing_a_viewer_erases_every_session_that_names_them() {
    let server = hasty_server().await;
    let database = &server.database;
    // In one the viewer signs in on the way, and the summary tells the first name.
    let signed_in = [event("s1", "guest", 0), event("s1", "Jürgen \"J\"", 1)];
    server.telemetry(&signed_in).await.took(2, 0, 0);
    server
        .telemetry(&[event("s2", "Jürgen \"J\"", 0)])
        .await
        .took(1, 0, 0);
    server
        .telemetry(&[event("s3", "Jürgen", 0)])
        .await
        .took(1, 0, 0);
    let bad = [
        bad_event("s4", "Jürgen \"J\""),
        bad_event("s4", "Jürgen"),
        json!("Jürgen"),
    ];
    server.telemetry(&bad).await.is_problem(400, "all_rejected");
    for session in ["s1", "s2", "s3"] {
        server.summary(session).await;
    }
    let erased = server.erase("viewers/J%C3%BCrgen%20%22J%22").await.json();
    assert_eq!(
        erased,
        json!({"sessions": 2, "events": 3, "summaries": 2, "rejected_events": 1})
    );
    database.finished(2).await;
    for text in ["s1", "s2", "rgen "] {
        let mut traces = database.traces(text).await;
        // The digests and times of others may hold two letters like these.
        traces.retain(|row| !row.starts_with("erasures") && row.contains(text));
        assert_eq!(traces, Vec::<String>::new(), "{text}");
    }
    server.summary("s3").await;
    server.refuses_erased("s1").await;
    database.verified();
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_viewer_whose_id_is_none_is_found_in_the_events_as_they_were_sent() {
    let server = hasty_server().await;
    let long = "x".repeat(201);
    for (session, id) in [("s1", json!(12_345_678)), ("s2", json!(long))] {
        let mut sent = event(session, "", 0);
        sent["viewerId"] = id;
        server.telemetry(&[sent]).await.took(1, 0, 0);
    }
    for id in ["12345678", &long] {
        let erased = server.erase(&format!("viewers/{id}")).await.json();
        assert_eq!(
            (&erased["sessions"], &erased["events"]),
            (&json!(1), &json!(1))
        );
    }
    let rows = "SELECT FROM telemetry_events";
    assert_eq!(server.database.count(rows).await, 0);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn what_cannot_be_erased_is_told_so() {
    let server = server().await;
    let long = "x".repeat(201);
    for (path, status, code) in [
        (format!("sessions/{long}"), 404, "unknown_session"),
        ("viewers/a%00b".to_owned(), 400, "invalid_parameter"),
        ("viewers/%ff".to_owned(), 400, "invalid_parameter"),
        ("sessions/%ff".to_owned(), 400, "invalid_parameter"),
        ("sessions/s?really=1".to_owned(), 400, "invalid_parameter"),
        ("sessions".to_owned(), 405, "method_not_allowed"),
    ] {
        server.erase(&path).await.is_problem(status, code);
    }
    for (method, path, allowed) in [
        (Method::POST, "/api/v1/sessions/s", "GET, HEAD, DELETE"),
        (Method::GET, "/api/v1/viewers/v", "DELETE"),
    ] {
        let answer = server.send(method, path, &[], "").await;
        answer.is_problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some(allowed));
    }
    let tombstones = server.database.rows("SELECT * FROM erasures").await;
    assert_eq!(tombstones.first().unwrap_or(&NOTHING), &NOTHING);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn only_a_key_for_erasing_erases_and_only_in_its_project() {
    let server = hasty_server().await;
    let database = &server.database;
    let (write, read) = (server.write_key("a").await, server.read_key("a").await);
    let other = server.new_key(KeyKind::Erase, "b").await.key;
    let erase = server.new_key(KeyKind::Erase, "a").await.key;
    server.asks_for_keys().await;
    let body = Value::from(vec![event("s", "ann", 0)]);
    server.post_with(&write, &body).await.took(1, 0, 0);
    let rows = "SELECT FROM telemetry_events WHERE session_id = 's'";
    let erase_as = async |key: &str, path: &str| {
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str())];
        let path = format!("/api/v1/{path}");
        server.send(Method::DELETE, &path, &headers, "").await
    };
    for path in ["sessions/s", "viewers/ann"] {
        assert_eq!(server.erase(path).await.status, 401);
        assert_eq!(erase_as(&write, path).await.status, 403);
        assert_eq!(erase_as(&read, path).await.status, 403);
        assert_eq!(erase_as(&other, path).await.json()["events"], 0);
    }
    assert_eq!(server.ask_as(&erase, "/api/v1/sessions").await.status, 403);
    assert_eq!(database.count(rows).await, 1);
    assert_eq!(erase_as(&erase, "viewers/ann").await.json()["events"], 1);
    assert_eq!(database.count(rows).await, 0);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_sealed_session_whose_events_are_gone_is_erased_like_any_other() {
    let server = hasty_server().await;
    let database = &server.database;
    server
        .telemetry(&[event("old", "ann", 0)])
        .await
        .took(1, 0, 0);
    server.summary("old").await;
    database
        .execute("UPDATE session_summaries SET sealed_at = now()")
        .await;
    database.execute("DELETE FROM telemetry_events").await;
    let erased = server.erase("viewers/ann").await.json();
    assert_eq!(
        (&erased["sessions"], &erased["summaries"]),
        (&json!(1), &json!(1))
    );
    server.refuses_erased("old").await;
    database.finished(1).await;
    assert_eq!(database.traces("ann").await, Vec::<String>::new());
    server.application.stop().await.unwrap();
}
