//! Safe by default: open to this machine until there is a key, and never to the world by accident.

use reqwest::Method;
use serde_json::Value;
use video_telemetry::app::Application;
use video_telemetry::storage::keys::KeyKind;

use super::{an_event, nobodys_key};
use crate::answers::JSON;
use crate::command::run;
use crate::support::{Server, empty_database, server, server_with, settings};

const EVERYBODY: &str = "0.0.0.0:0";

/// What stays open: probes, pages, and the documentation.
const OPEN: [&str; 6] = [
    "/healthz",
    "/readyz",
    "/demo",
    "/telemetry-plugin.js",
    "/api/docs",
    "/api/openapi.json",
];

/// Every address that is asked for a session's or a server's data, with something in its placeholders.
pub fn questions() -> Vec<String> {
    let document: Value = serde_json::from_str(&video_telemetry::http::document()).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let data = paths.filter(|(path, _)| path.starts_with("/api/v1/") || *path == "/metrics");
    let asked = data.filter(|(_, methods)| methods.get("get").is_some());
    asked
        .map(|(path, _)| {
            let path = path.replace("{metric}", "startup_ms");
            let path = path.replace("{dimension}", "browser");
            path.replace("{format}", "csv").replace("{session_id}", "x")
        })
        .collect()
}

#[actix_web::test]
async fn without_keys_reads_and_writes_are_open_on_loopback() {
    let server = server().await;
    assert_eq!(server.post(&an_event("1")).await.0, 200);
    assert_eq!(
        server.ask("/api/v1/sessions/session", &[]).await.status,
        200
    );
    assert_eq!(server.ask("/metrics", &[]).await.status, 200);
    let stored = "SELECT FROM telemetry_events WHERE project = 'default'";
    assert_eq!(server.database.count(stored).await, 1);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_key_sent_to_a_server_without_keys_is_as_good_as_none() {
    let server = server().await;
    for (n, key) in ["k", &nobodys_key(1)].into_iter().enumerate() {
        let answer = server.post_with(key, &an_event(&n.to_string())).await;
        answer.took(1, 0, 0);
        assert_eq!(server.ask_as(key, "/api/v1/live").await.status, 200);
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn from_the_first_key_on_every_request_needs_one() {
    let server = server().await;
    assert_eq!(server.post(&an_event("1")).await.0, 200);
    server.write_key("shop").await;
    server.asks_for_keys().await;
    let headers = [JSON];
    let sent = an_event("2").to_string();
    let answer = server
        .send(Method::POST, "/telemetry", &headers, sent)
        .await;
    answer.is_problem(401, "missing_key");
    assert_eq!(
        answer.header("www-authenticate"),
        Some("Bearer realm=\"video-telemetry\"")
    );
    let questions = questions();
    assert!(questions.len() > 13, "{questions:?}");
    for path in questions {
        for method in [Method::GET, Method::HEAD] {
            let answer = server.send(method.clone(), &path, &[], "").await;
            assert_eq!(answer.status, 401, "{method} {path}");
            assert!(answer.header("www-authenticate").is_some(), "{path}");
        }
    }
    for path in OPEN {
        assert_ne!(server.ask(path, &[]).await.status, 401, "{path}");
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn nothing_opens_again_when_all_keys_are_revoked() {
    let server = server().await;
    let key = server.new_key(KeyKind::Read, "default").await;
    server.revoke(key.id).await;
    server.asks_for_keys().await;
    let (status, problem) = server.post(&an_event("1")).await;
    assert_eq!(
        (status, problem["code"].as_str()),
        (401, Some("missing_key"))
    );
    let Server {
        application,
        database,
        ..
    } = server;
    application.stop().await.unwrap();
    let again = Server::start(settings(&database.url), &database.url).await;
    let answer = again.ask("/api/v1/sessions", &[]).await;
    answer.is_problem(401, "missing_key");
    again.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_public_address_without_keys_is_refused_with_what_to_do() {
    let url = empty_database();
    run(&url, &["serve", "--bind", EVERYBODY])
        .await
        .failed_saying(&[EVERYBODY, "keys create", "--allow-anonymous-ingest"]);
    // The first keys are created before the first start.
    let created = ["keys", "create", "--kind", "read", "--project", "default"];
    run(&url, &created).await.ended(0);
    let mut settings = settings(&url);
    settings.bind = EVERYBODY.to_owned();
    let application = Application::start(settings).await.unwrap();
    application.stop().await.unwrap();
}

#[actix_web::test]
async fn anonymous_ingest_opens_writes_and_never_reads() {
    let server = server_with(|settings| {
        settings.bind = EVERYBODY.to_owned();
        settings.shield.allow_anonymous_ingest = true;
    })
    .await;
    assert_eq!(server.post(&an_event("1")).await.0, 200);
    for path in questions() {
        let answer = server.ask(&path, &[]).await;
        answer.is_problem(401, "missing_key");
    }
    // Also beside keys; but who sends one must have a good one.
    let (writer, reader) = (
        server.write_key("shop").await,
        server.read_key("shop").await,
    );
    server
        .post_with(&writer, &an_event("1"))
        .await
        .took(1, 0, 0);
    assert_eq!(server.post(&an_event("2")).await.0, 200);
    let unknown = server.post_with(&nobodys_key(1), &an_event("3")).await;
    unknown.is_problem(401, "unknown_key");
    let answer = server
        .ask_as(&reader, "/api/v1/sessions/session/events")
        .await;
    assert_eq!(answer.json()["data"].as_array().unwrap().len(), 1);
    let stored = "SELECT FROM telemetry_events WHERE project = 'default'";
    assert_eq!(server.database.count(stored).await, 2);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn without_keys_nothing_is_read_under_a_foreign_name_or_through_a_proxy() {
    let server = server().await;
    let ask = async |headers: &[(&str, &str)]| {
        server.send(Method::GET, "/api/v1/live", headers, "").await
    };
    for foreign in [
        [("host", "rebound.example.com")],
        [("host", "127.0.0.1.example.com:3000")],
        [("x-forwarded-for", "192.0.2.1")],
        [("via", "1.1 proxy")],
    ] {
        ask(&foreign).await.is_problem(401, "not_local");
    }
    for own in ["localhost:3000", "[::1]:3000", "127.0.0.1"] {
        assert_eq!(ask(&[("host", own)]).await.status, 200, "{own}");
    }
    let metrics = [("host", "rebound.example.com")];
    let answer = server.send(Method::GET, "/metrics", &metrics, "").await;
    answer.is_problem(401, "not_local");
    // Any page may write in any case.
    let headers = [JSON, ("host", "rebound.example.com")];
    let sent = an_event("1").to_string();
    let answer = server
        .send(Method::POST, "/telemetry", &headers, sent)
        .await;
    answer.took(1, 0, 0);
    // A key is good under any name.
    let key = server.read_key("default").await;
    let bearer = format!("Bearer {key}");
    let keyed = [
        ("host", "qoe.example.com"),
        ("authorization", bearer.as_str()),
    ];
    assert_eq!(ask(&keyed).await.status, 200);
    server.application.stop().await.unwrap();
}
