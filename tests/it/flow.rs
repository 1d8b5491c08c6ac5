//! Slow clients and too many of them: each is bounded, and none holds up the others.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::Value;

use crate::answers::{JSON, RawClient, least_event};
use crate::support::{Server, original_event, server, server_with, until};

/// A client that announces a body and sends a part of it.
async fn half_a_body(server: &Server, announced: usize, sent: usize) -> RawClient {
    let mut client = RawClient::connect(server).await;
    let head = format!(
        "POST /telemetry HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\n\
        content-length: {announced}\r\n\r\n"
    );
    client.send(&format!("{head}{}", " ".repeat(sent))).await;
    client
}

#[actix_web::test]
async fn clients_that_send_half_a_body_hold_up_nobody() {
    let server = server_with(|settings| {
        settings.workers = 1;
        settings.max_in_flight_bytes = 1024 * 1024;
    })
    .await;
    let mut slow = Vec::new();
    for _ in 0..50 {
        slow.push(half_a_body(&server, 512 * 1024, 1000).await);
    }
    for n in 0..20 {
        let body = least_event("quick", &format!("e{n}")).to_string();
        server
            .send(Method::POST, "/telemetry", &[JSON], body)
            .await
            .took(1, 0, 0);
    }
    drop(slow);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_body_that_does_not_arrive_in_time_is_a_408() {
    let server = server_with(|settings| settings.body_timeout = Duration::from_millis(300)).await;
    let begun = Instant::now();
    let mut client = half_a_body(&server, 100, 50).await;
    assert_eq!(client.status().await, 408);
    let elapsed = begun.elapsed();
    drop(client);
    assert!(
        (Duration::from_millis(300)..Duration::from_secs(10)).contains(&elapsed),
        "{elapsed:?}"
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_client_that_goes_away_in_the_middle_gives_its_room_back() {
    let server = server_with(|settings| settings.max_in_flight_bytes = 512 * 1024).await;
    let mut gone = half_a_body(&server, 400_000, 300_000).await;
    gone.send(&" ".repeat(1000)).await;
    drop(gone);
    let large = format!("[{}]", " ".repeat(500_000));
    until("there is room again", async || {
        let answer = server
            .send(Method::POST, "/telemetry", &[JSON], large.clone())
            .await;
        (answer.status == 200).then_some(())
    })
    .await;
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn beyond_the_room_for_bodies_the_answer_is_503_at_once() {
    let server = server_with(|settings| settings.max_in_flight_bytes = 8 * 1024).await;
    let posts = (0..200).map(|n| {
        let event = least_event(&format!("s{n}"), "e1").to_string();
        let body = format!("[{event}{}]", " ".repeat(3000));
        server.send(Method::POST, "/telemetry", &[JSON], body)
    });
    let (mut taken, mut refused) = (0, 0);
    for answer in join_all(posts).await {
        if answer.status == 503 {
            answer.is_problem(503, "overloaded");
            assert!(answer.header("retry-after").is_some());
            refused += 1;
        } else {
            answer.took(1, 0, 0);
            taken += 1;
        }
    }
    assert!(taken > 0 && refused > 0, "{taken} taken, {refused} refused");
    assert_eq!(
        server.database.count("SELECT FROM telemetry_events").await,
        taken
    );
    // Room that was taken is given back.
    let body = least_event("after", "e1").to_string();
    server
        .send(Method::POST, "/telemetry", &[JSON], body)
        .await
        .took(1, 0, 0);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_body_that_announces_more_than_there_is_room_for_is_refused_before_it_is_read() {
    let server = server_with(|settings| settings.max_in_flight_bytes = 8 * 1024).await;
    let mut client = half_a_body(&server, 9 * 1024, 0).await;
    assert_eq!(client.status().await, 503);
    let mut client = half_a_body(&server, 513 * 1024, 0).await;
    assert_eq!(client.status().await, 413);
    drop(client);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_client_that_hangs_up_is_counted_all_the_same() {
    let server = server().await;
    let batch: Vec<Value> = (0..50)
        .map(|n| original_event("s", &format!("e{n}"), "PLAY", 1_795_392_458_000 + n))
        .collect();
    let body = Value::from(batch).to_string();
    let head = format!(
        "POST /telemetry HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\n\
        content-length: {}\r\n\r\n",
        body.len()
    );
    for _client in 0..20 {
        let mut client = RawClient::connect(&server).await;
        client.send(&format!("{head}{body}")).await;
        // Gone before the reply.
        drop(client);
    }
    until("every request that arrived is counted", async || {
        let accepted = server.metric("telemetry_events_accepted_total").await;
        let received = server.metric("telemetry_events_received_total").await;
        let stored = server.database.count("SELECT FROM telemetry_events").await;
        (stored == 50 && accepted > 49.0 && received >= accepted).then_some(())
    })
    .await;
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_half_sent_body_does_not_hold_up_a_stop() {
    let server = server_with(|settings| settings.idle_timeout = Duration::from_secs(600)).await;
    let event = original_event("s", "e1", "PLAY", 1_795_392_458_000);
    assert_eq!(server.post(&event).await.0, 200);
    let _slow = half_a_body(&server, 100, 10).await;
    let Server {
        application,
        database,
        ..
    } = server;
    let stopping = Instant::now();
    application.stop().await.unwrap();
    // Half of the 20 s that a stop may take is what it would have waited for the body.
    assert!(
        stopping.elapsed() < Duration::from_secs(9),
        "{:?}",
        stopping.elapsed()
    );
    assert_eq!(database.count("SELECT FROM session_summaries").await, 1);
}

#[actix_web::test]
async fn a_body_without_a_length_that_never_ends_does_not_keep_its_connection() {
    let server = server_with(|settings| settings.body_timeout = Duration::from_millis(300)).await;
    for (request, type_of_body, status) in [
        ("POST /telemetry", "text/plain", "408"),
        ("POST /telemetry", "text/html", "415"),
        ("GET /healthz", "text/plain", "200"),
        ("GET /api/v1/live", "text/plain", "200"),
        ("POST /nowhere", "text/plain", "404"),
    ] {
        let mut client = RawClient::connect(&server).await;
        let head = format!(
            "{request} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {type_of_body}\r\n\
            transfer-encoding: chunked\r\n\r\n5\r\n"
        );
        client.send(&head).await;
        let answer = client.read_to_end().await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{request}: {answer}"
        );
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_body_in_chunks_leaves_its_connection_to_the_next_request() {
    let server = server().await;
    let mut client = RawClient::connect(&server).await;
    for (n, last) in [(1, ""), (2, "connection: close\r\n")] {
        let event = least_event("s", &format!("e{n}")).to_string();
        let head = format!(
            "POST /telemetry HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\n{last}\
            transfer-encoding: chunked\r\n\r\n"
        );
        client.send(&head).await;
        client.send_chunks(event.as_bytes()).await;
    }
    let answers = client.read_to_end().await;
    assert_eq!(answers.matches("\"accepted\":1").count(), 2, "{answers}");
    server.application.stop().await.unwrap();
}
