//! Erase keys: they erase in their own project, and nothing else; no other key erases.

use reqwest::Method;
use video_telemetry::storage::keys::KeyKind;

use super::{an_event, nobodys_key};
use crate::answers::Answer;
use crate::support::{Server, server};

const ERASABLE: [&str; 2] = ["/api/v1/sessions/session", "/api/v1/viewers/user123"];

async fn erase_as(server: &Server, key: &str, path: &str) -> Answer {
    let headers = [("x-telemetry-key", key)];
    server.send(Method::DELETE, path, &headers, "").await
}

#[actix_web::test]
async fn only_an_erase_key_erases_and_it_does_nothing_else() {
    let server = server().await;
    let write = server.write_key("shop").await;
    let read = server.read_key("shop").await;
    let erase = server.new_key(KeyKind::Erase, "shop").await.key;
    server.asks_for_keys().await;
    server
        .post_with(&write, &an_event("e1"))
        .await
        .took(1, 0, 0);
    for path in ERASABLE {
        for key in [&write, &read] {
            let refused = erase_as(&server, key, path).await;
            refused.is_problem(403, "wrong_key_kind");
        }
        let refused = erase_as(&server, &nobodys_key(1), path).await;
        refused.is_problem(401, "unknown_key");
        let refused = server.send(Method::DELETE, path, &[], "").await;
        refused.is_problem(401, "missing_key");
    }
    let refused = server.ask_as(&erase, "/api/v1/sessions").await;
    refused.is_problem(403, "wrong_key_kind");
    let refused = server.post_with(&erase, &an_event("e2")).await;
    refused.is_problem(403, "wrong_key_kind");
    let rows = "SELECT FROM telemetry_events";
    assert_eq!(server.database.count(rows).await, 1);
    let erased = erase_as(&server, &erase, ERASABLE[0]).await;
    assert_eq!((erased.status, &erased.json()["events"]), (200, &1.into()));
    assert_eq!(server.database.count(rows).await, 0);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn an_erase_key_reaches_no_other_project() {
    let server = server().await;
    let write = server.write_key("shop").await;
    let other = server.new_key(KeyKind::Erase, "news").await.key;
    server.asks_for_keys().await;
    server
        .post_with(&write, &an_event("e1"))
        .await
        .took(1, 0, 0);
    for path in ERASABLE {
        let erased = erase_as(&server, &other, path).await;
        assert_eq!((erased.status, &erased.json()["events"]), (200, &0.into()));
    }
    let rows = "SELECT FROM telemetry_events";
    assert_eq!(server.database.count(rows).await, 1);
    server
        .post_with(&write, &an_event("e2"))
        .await
        .took(1, 0, 0);
    server.application.stop().await.unwrap();
}
