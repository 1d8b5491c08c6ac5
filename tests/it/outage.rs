//! PostgreSQL goes away and comes back: nobody is told that something is stored which is not.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;

use crate::answers::{Answer, JSON, least_event};
use crate::proxy::Proxy;
use crate::support::{Server, empty_database, settings, until};

async fn behind_a_proxy() -> (Server, Proxy) {
    let url = empty_database();
    let proxy = Proxy::to(&url).await;
    (Server::start(settings(&proxy.url()), &url).await, proxy)
}

async fn readiness(server: &Server) -> (u16, String) {
    let answer = server.send(Method::GET, "/readyz", &[], "").await;
    (answer.status, answer.text)
}

async fn post(server: &Server, events: &[Value]) -> Answer {
    let body = Value::from(events.to_vec()).to_string();
    server.send(Method::POST, "/telemetry", &[JSON], body).await
}

#[track_caller]
fn asks_to_come_back(answer: &Answer, code: &str) {
    answer.is_problem(503, code);
    let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=5).contains(&seconds), "Retry-After: {seconds}");
}

#[actix_web::test]
async fn readiness_follows_the_database() {
    let (server, proxy) = behind_a_proxy().await;
    assert_eq!(readiness(&server).await, (200, "ready\n".to_owned()));
    proxy.cut();
    let text = until("the server is not ready", async || {
        Some(readiness(&server).await).filter(|(status, _)| *status == 503)
    })
    .await
    .1;
    assert_eq!(text, "storage is away\n");
    assert_eq!(
        server.send(Method::GET, "/healthz", &[], "").await.status,
        200,
        "it lives"
    );
    assert_eq!(
        server.send(Method::GET, "/metrics", &[], "").await.status,
        200
    );
    proxy.mend();
    until("the server is ready again", async || {
        Some(readiness(&server).await).filter(|(status, _)| *status == 200)
    })
    .await;
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn events_sent_while_the_database_is_away_are_stored_once_when_sent_again() {
    let (server, proxy) = behind_a_proxy().await;
    let event = |n: u32| least_event(&format!("s{}", n % 3), &format!("e{n}"));
    post(&server, &[event(0), event(1)]).await.took(2, 0, 0);
    proxy.cut();
    let events: Vec<Value> = (0..10).map(event).collect();
    let begun = Instant::now();
    asks_to_come_back(&post(&server, &events).await, "storage_away");
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    proxy.mend();
    until("the events are taken", async || {
        let answer = post(&server, &events).await;
        if answer.status == 503 {
            asks_to_come_back(&answer, "storage_away");
            return None;
        }
        Some(answer)
    })
    .await
    .took(8, 2, 0);
    assert_eq!(
        server.database.count("SELECT FROM telemetry_events").await,
        10
    );
    for session in ["s0", "s1", "s2"] {
        until("the summary counts every row", async || {
            let rows = format!("SELECT FROM telemetry_events WHERE session_id = '{session}'");
            let rows = server.database.count(&rows).await;
            (server.summary(session).await["event_count"] == rows).then_some(())
        })
        .await;
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn refused_events_are_not_acked_before_they_are_kept() {
    let (server, proxy) = behind_a_proxy().await;
    proxy.cut();
    let body = "[17]";
    let answer = server.send(Method::POST, "/telemetry", &[JSON], body).await;
    asks_to_come_back(&answer, "storage_away");
    proxy.mend();
    until("the event is kept", async || {
        let answer = server.send(Method::POST, "/telemetry", &[JSON], body).await;
        (answer.status != 503).then_some(answer)
    })
    .await
    .is_problem(400, "all_rejected");
    assert_eq!(
        server.database.count("SELECT FROM rejected_events").await,
        1
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_body_that_is_no_json_is_a_400_even_while_the_database_is_away() {
    let (server, proxy) = behind_a_proxy().await;
    proxy.cut();
    let answer = server
        .send(Method::POST, "/telemetry", &[JSON], "nonsense")
        .await;
    answer.is_problem(400, "invalid_json");
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn the_counters_add_up_after_an_outage() {
    let (server, proxy) = behind_a_proxy().await;
    post(&server, &[least_event("s", "e1"), Value::from(17)])
        .await
        .took(1, 0, 1);
    proxy.cut();
    let events = [
        least_event("s", "e1"),
        least_event("t", "e2"),
        Value::from(17),
    ];
    asks_to_come_back(&post(&server, &events).await, "storage_away");
    let mut counted = Vec::new();
    for counter in [
        "received",
        "accepted",
        "duplicate",
        "rejected",
        "unavailable",
    ] {
        counted.push(
            server
                .metric(&format!("telemetry_events_{counter}_total"))
                .await,
        );
    }
    assert_eq!(counted, [5.0, 1.0, 0.0, 1.0, 3.0]);
    proxy.mend();
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn figures_that_cannot_be_read_now_are_a_503_and_not_a_404() {
    let (server, proxy) = behind_a_proxy().await;
    let path = "/api/v1/sessions/s";
    let read = async || server.send(Method::GET, path, &[], "").await;
    post(&server, &[least_event("s", "e1")]).await.took(1, 0, 0);
    assert_eq!(read().await.status, 200);
    proxy.cut();
    asks_to_come_back(&read().await, "storage_away");
    proxy.mend();
    until("the figures are back", async || {
        (read().await.status == 200).then_some(())
    })
    .await;
    server.application.stop().await.unwrap();
}
