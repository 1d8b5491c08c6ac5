//! Write keys: where they are sent, and which are refused.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use video_telemetry::storage::keys::KeyKind;

use super::{an_event, nobodys_key};
use crate::answers::{JSON, gzip, least_event};
use crate::support::{Server, server, until};

/// The events of a project.
async fn stored(server: &Server, project: &str) -> i64 {
    let query = format!("SELECT FROM telemetry_events WHERE project = '{project}'");
    server.database.count(&query).await
}

fn envelope(key: &str, event_id: &str) -> Value {
    json!({"key": key, "events": an_event(event_id)})
}

#[actix_web::test]
async fn a_write_key_is_taken_from_either_header_or_the_envelope() {
    let server = server().await;
    let key = server.write_key("shop").await;
    let bearer = format!("Bearer {key}");
    let (by_bearer, by_name) = (("authorization", &*bearer), ("x-telemetry-key", &*key));
    let bare = an_event("1").to_string();
    let post = async |headers: &[(&str, &str)], body: Vec<u8>| {
        server.send(Method::POST, "/telemetry", headers, body).await
    };
    post(&[JSON, by_bearer], bare.clone().into())
        .await
        .took(1, 0, 0);
    post(&[JSON, by_name], bare.clone().into())
        .await
        .took(0, 1, 0);
    post(&[JSON, by_bearer, by_name], bare.into())
        .await
        .took(0, 1, 0);
    let enveloped = envelope(&key, "2").to_string().into_bytes();
    post(&[("content-type", "text/plain")], enveloped.clone())
        .await
        .took(1, 0, 0);
    post(&[JSON, ("content-encoding", "gzip")], gzip(&enveloped))
        .await
        .took(0, 1, 0);
    post(&[JSON, by_name], enveloped).await.took(0, 1, 0);
    assert_eq!(stored(&server, "shop").await, 2);
    assert_eq!(stored(&server, "default").await, 0);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn two_keys_that_differ_are_refused_wherever_they_are() {
    let server = server().await;
    let (one, two) = (server.write_key("one").await, server.write_key("two").await);
    let (bearer, named) = (format!("Bearer {one}"), ("x-telemetry-key", &*two));
    let heads: [&[(&str, &str)]; 2] = [&[JSON, ("authorization", &bearer), named], &[JSON, named]];
    for head in heads {
        let body = envelope(&one, "1").to_string();
        let answer = server.send(Method::POST, "/telemetry", head, body).await;
        answer.is_problem(400, "conflicting_keys");
    }
    let answer = server.send(Method::GET, "/api/v1/live", heads[0], "").await;
    answer.is_problem(400, "conflicting_keys");
    assert_eq!(
        server.database.count("SELECT FROM telemetry_events").await,
        0
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_key_in_the_address_or_in_an_event_is_none() {
    let server = server().await;
    let key = server.write_key("shop").await;
    server.asks_for_keys().await;
    let path = format!("/telemetry?key={key}");
    let body = an_event("1").to_string();
    let answer = server.send(Method::POST, &path, &[JSON], body).await;
    answer.is_problem(401, "missing_key");
    let mut event = least_event("session", "1");
    event["key"] = json!(key);
    for body in [event.clone(), json!([event])] {
        let (status, problem) = server.post(&body).await;
        assert_eq!((status, &problem["code"]), (401, &json!("missing_key")));
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn unknown_keys_get_401_and_read_keys_and_revoked_ones_403() {
    let server = server().await;
    let read = server.read_key("shop").await;
    let write = server.new_key(KeyKind::Write, "shop").await;
    let check = async |key: &str, status, code| {
        let answer = server.post_with(key, &an_event("1")).await;
        answer.is_problem(status, code);
        let (enveloped, problem) = server.post(&envelope(key, "1")).await;
        assert_eq!((enveloped, &problem["code"]), (status, &json!(code)));
    };
    server.asks_for_keys().await;
    check("nonsense", 401, "unknown_key").await;
    check(&nobodys_key(1), 401, "unknown_key").await;
    check(&read, 403, "wrong_key_kind").await;
    server
        .post_with(&write.key, &an_event("1"))
        .await
        .took(1, 0, 0);
    server.revoke(write.id).await;
    until("the key is refused", async || {
        let answer = server.post_with(&write.key, &an_event("1")).await;
        (answer.status == 403).then_some(())
    })
    .await;
    check(&write.key, 403, "revoked_key").await;
    let (status, _) = server.post(&json!({"key": 17, "events": []})).await;
    assert_eq!(status, 401);
    let refused = server.ask_as(&read, "/metrics").await;
    let line = "telemetry_refusals_total{code=\"wrong_key_kind\"} 2";
    assert!(refused.text.contains(line), "{}", refused.text);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_large_body_with_a_bad_key_is_refused_and_not_just_cut_off() {
    let server = server().await;
    server.write_key("shop").await;
    server.asks_for_keys().await;
    let large = json!([" ".repeat(500_000)]);
    let refused = server.post_with("nonsense", &large).await;
    refused.is_problem(401, "unknown_key");
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_new_key_is_good_at_once() {
    let server = server().await;
    for n in 0..3 {
        let project = format!("project-{n}");
        let key = server.write_key(&project).await;
        server.post_with(&key, &an_event("1")).await.took(1, 0, 0);
        assert_eq!(stored(&server, &project).await, 1);
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn however_many_unknown_keys_come_storage_is_asked_a_few_times() {
    let server = server().await;
    server.write_key("shop").await;
    server.asks_for_keys().await;
    let looks = async || {
        let query = "SELECT seq_scan + coalesce(idx_scan, 0) AS n FROM pg_stat_user_tables WHERE relname = 'keys'";
        server.database.rows(query).await[0]["n"].as_i64().unwrap()
    };
    let before = looks().await;
    let begun = Instant::now();
    let asked = (0..100).map(|n| {
        let server = &server;
        async move { server.post_with(&nobodys_key(n), &an_event("1")).await }
    });
    for answer in join_all(asked).await {
        answer.is_problem(401, "unknown_key");
    }
    // One after the other they would take 25 s.
    assert!(begun.elapsed() < Duration::from_secs(15));
    // A connection tells what it did within seconds: the key that is looked for last is told then.
    let after = until("the looks are counted", async || {
        let now = looks().await;
        (now > before).then_some(now)
    })
    .await;
    assert!(after - before < 50, "{}", after - before);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_refused_body_is_kept_for_its_project_and_its_key_nowhere() {
    let server = server().await;
    let key = server.write_key("shop").await;
    let broken = format!("{{\"key\":\"{key}\",\"events\":[");
    let no_list = format!("{{\"key\":\"{key}\",\"events\":{{}}}}");
    let post = async |headers: &[(&str, &str)], body: &str| {
        let body = body.to_owned();
        server.send(Method::POST, "/telemetry", headers, body).await
    };
    server.asks_for_keys().await;
    // Whose it is cannot be read.
    post(&[JSON], &broken).await.is_problem(400, "invalid_json");
    assert_eq!(
        server.database.count("SELECT FROM rejected_events").await,
        0
    );
    let named = [JSON, ("x-telemetry-key", key.as_str())];
    post(&named, &broken).await.is_problem(400, "invalid_json");
    post(&[JSON], &no_list)
        .await
        .is_problem(400, "events_not_an_array");
    let kept = "SELECT project, encode(raw, 'escape') AS raw FROM rejected_events";
    let kept = server.database.rows(kept).await;
    assert_eq!(kept.len(), 2);
    for row in kept {
        assert_eq!(row["project"], "shop");
        let raw = row["raw"].as_str().unwrap();
        assert!(raw.contains("vtw_***") && !raw.contains(&key), "{raw}");
    }
    let another = no_list.replace(&key, &nobodys_key(1));
    post(&[JSON], &another).await.is_problem(401, "unknown_key");
    server.application.stop().await.unwrap();
}
