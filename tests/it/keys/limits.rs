//! What a key may: beyond it 429, and nobody else is held up. And how many may knock, and how slowly.

use std::num::NonZeroU32;
use std::time::Duration;

use serde_json::{Value, json};

use super::an_event;
use crate::answers::{Answer, RawClient, least_event};
use crate::support::{Server, server_with};

async fn limited(change: impl FnOnce(&mut video_telemetry::http::KeyLimits)) -> Server {
    server_with(|settings| change(&mut settings.shield.limits)).await
}

fn batch(events: usize) -> Value {
    let events = (0..events).map(|n| least_event("session", &n.to_string()));
    json!(events.collect::<Vec<_>>())
}

/// Checks a 429 and gives its Retry-After, s.
#[track_caller]
fn waits(answer: &Answer, code: &str) -> u64 {
    answer.is_problem(429, code);
    answer.header("retry-after").unwrap().parse().unwrap()
}

#[actix_web::test]
async fn a_key_that_sends_too_much_at_once_waits_and_others_do_not() {
    let server = limited(|limits| limits.events_per_second = NonZeroU32::new(1)).await;
    let (busy, calm) = (
        server.write_key("busy").await,
        server.write_key("calm").await,
    );
    server.post_with(&busy, &batch(500)).await.took(500, 0, 0);
    let refused = server.post_with(&busy, &batch(400)).await;
    let seconds = waits(&refused, "rate_limited");
    assert!((1..=400).contains(&seconds), "{seconds}");
    server.post_with(&calm, &batch(500)).await.took(500, 0, 0);
    // Nothing of the refused batch was looked at.
    assert_eq!(
        server.database.count("SELECT FROM telemetry_events").await,
        1000
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_days_quota_is_used_up_by_events_in_whatever_batches() {
    let server = limited(|limits| limits.events_per_day = NonZeroU32::new(500)).await;
    let key = server.write_key("shop").await;
    for _ in 0..2 {
        assert_eq!(server.post_with(&key, &batch(250)).await.status, 200);
    }
    let refused = server.post_with(&key, &an_event("1")).await;
    let seconds = waits(&refused, "quota_used_up");
    // One event every 172.8 s.
    assert!((1..=173).contains(&seconds), "{seconds}");
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn what_is_left_of_an_allowance_outlives_the_reading_of_keys() {
    let server = limited(|limits| limits.events_per_day = NonZeroU32::new(500)).await;
    let key = server.write_key("shop").await;
    server.post_with(&key, &batch(500)).await.took(500, 0, 0);
    // Which has the server read its keys anew.
    let later = server.write_key("later").await;
    server.post_with(&later, &an_event("1")).await.took(1, 0, 0);
    server.asks_for_keys().await;
    let refused = server.post_with(&key, &an_event("2")).await;
    waits(&refused, "quota_used_up");
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn questions_are_limited_by_key_and_all_without_a_key_share() {
    let server = limited(|limits| limits.questions_per_second = NonZeroU32::new(1)).await;
    let mut answers = Vec::new();
    for _ in 0..20 {
        answers.push(server.ask("/api/v1/metrics", &[]).await);
    }
    let refused = answers.iter().find(|answer| answer.status == 429);
    assert_eq!(waits(refused.expect("one is refused"), "rate_limited"), 1);
    let key = server.read_key("shop").await;
    assert_eq!(server.ask_as(&key, "/api/v1/metrics").await.status, 200);
    // Whoever watches the server asks no questions.
    for _ in 0..20 {
        assert_eq!(server.ask_as(&key, "/metrics").await.status, 200);
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_head_that_comes_too_slowly_gets_408() {
    let server = server_with(|settings| {
        settings.shield.head_timeout = Duration::from_millis(200);
    })
    .await;
    let mut client = RawClient::connect(&server).await;
    client.send("GET /healthz HTTP/1.1\r\nHost: loc").await;
    assert_eq!(client.status().await, 408);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn connections_beyond_the_bound_wait_until_one_is_closed() {
    let server = server_with(|settings| {
        settings.workers = 1;
        settings.shield.max_connections = 1;
    })
    .await;
    let ask = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut first = RawClient::connect(&server).await;
    first.send(ask).await;
    assert_eq!(first.status().await, 200);
    let mut second = RawClient::connect(&server).await;
    second.send(ask).await;
    let early = tokio::time::timeout(Duration::from_millis(300), second.status()).await;
    assert!(
        early.is_err(),
        "it was answered beside the first: {early:?}"
    );
    drop(first);
    assert_eq!(second.status().await, 200);
    drop(second);
    server.application.stop().await.unwrap();
}
