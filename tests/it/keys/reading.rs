//! Read keys: which are refused, and what a revoked one ends.

use std::time::Duration;

use reqwest::{Method, Response};
use video_telemetry::storage::keys::KeyKind;

use super::defaults::questions;
use super::nobodys_key;
use crate::proxy::Proxy;
use crate::support::{Server, empty_database, server, settings};

async fn stream(server: &Server, key: Option<&str>) -> Response {
    let mut request = server.client.get(server.url("/api/v1/live/stream"));
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    let mut response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let first = response.chunk().await.unwrap().unwrap();
    assert!(first.starts_with(b"retry:"));
    response
}

/// Reads a stream to its end.
async fn ends(mut response: Response) {
    let end = async { while let Ok(Some(_piece)) = response.chunk().await {} };
    let ended = tokio::time::timeout(Duration::from_secs(60), end).await;
    assert!(ended.is_ok(), "it goes on");
}

#[actix_web::test]
async fn every_question_is_refused_to_who_has_no_read_key() {
    let server = server().await;
    let write = server.write_key("shop").await;
    let read = server.new_key(KeyKind::Read, "shop").await;
    let revoked = server.new_key(KeyKind::Read, "shop").await;
    server.revoke(revoked.id).await;
    server.asks_for_keys().await;
    for path in questions() {
        let ask = async |key: &str| server.ask_as(key, &path).await;
        ask(&write).await.is_problem(403, "wrong_key_kind");
        ask(&revoked.key).await.is_problem(403, "revoked_key");
        ask(&nobodys_key(1)).await.is_problem(401, "unknown_key");
        if path.ends_with("/stream") {
            continue;
        }
        let named = [("x-telemetry-key", read.key.as_str())];
        for answer in [
            ask(&read.key).await,
            server.send(Method::GET, &path, &named, "").await,
        ] {
            assert!(
                matches!(answer.status, 200 | 404 | 400),
                "{path} {answer:?}"
            );
        }
    }
    // No parameter is a key.
    let path = format!("/api/v1/live?key={}", read.key);
    let answer = server.send(Method::GET, &path, &[], "").await;
    answer.is_problem(401, "missing_key");
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_stream_ends_when_its_key_is_revoked() {
    let server = server().await;
    let key = server.new_key(KeyKind::Read, "shop").await;
    let stream = stream(&server, Some(&key.key)).await;
    server.revoke(key.id).await;
    ends(stream).await;
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_stream_without_a_key_ends_when_there_is_one() {
    let server = server().await;
    let stream = stream(&server, None).await;
    server.write_key("shop").await;
    ends(stream).await;
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn while_storage_is_away_known_keys_stay_good_and_others_are_told_to_come_back() {
    let url = empty_database();
    let proxy = Proxy::to(&url).await;
    let server = Server::start(settings(&proxy.url()), &url).await;
    let (read, write) = (
        server.read_key("shop").await,
        server.write_key("shop").await,
    );
    assert_eq!(server.ask_as(&read, "/api/v1/live").await.status, 200);
    proxy.cut();
    for _ in 0..3 {
        assert_eq!(server.ask_as(&read, "/api/v1/live").await.status, 200);
        let unknown = server.ask_as(&nobodys_key(1), "/api/v1/live").await;
        unknown.is_problem(503, "storage_away");
        assert!(unknown.header("retry-after").is_some());
    }
    let refused = server.ask_as(&write, "/api/v1/live").await;
    refused.is_problem(403, "wrong_key_kind");
    proxy.mend();
    server.application.stop().await.unwrap();
}
