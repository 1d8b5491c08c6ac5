//! PostgreSQL hangs or is slower than what comes: what cannot be committed soon is refused at once,
//! and nothing of it is lost or counted twice.

use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tokio::time::timeout;

use crate::answers::{Answer, JSON, least_event};
use crate::proxy::Proxy;
use crate::support::{Server, empty_database, server, server_with, settings, until};

/// Nobody can write events while this is there.
struct Hang(AsyncPgConnection);

impl Hang {
    async fn of(server: &Server) -> Self {
        let mut connection = AsyncPgConnection::establish(&server.database.url)
            .await
            .unwrap();
        let lock = "BEGIN; LOCK TABLE telemetry_events IN ACCESS EXCLUSIVE MODE";
        connection.batch_execute(lock).await.unwrap();
        Self(connection)
    }

    async fn end(mut self) {
        self.0.batch_execute("COMMIT").await.unwrap();
    }
}

fn batch(session: &str, events: usize) -> Value {
    let events = (0..events).map(|n| least_event(session, &format!("e{n}")));
    events.collect()
}

fn request(server: &Server, events: &Value) -> RequestBuilder {
    let request = server.client.post(server.url("/telemetry"));
    request.header(JSON.0, JSON.1).body(events.to_string())
}

async fn post(server: &Server, events: &Value) -> Answer {
    let body = events.to_string();
    server.send(Method::POST, "/telemetry", &[JSON], body).await
}

async fn waiting(server: &Server, events: u64) {
    until("the events wait for their commit", async || {
        (counted(server, "telemetry_write_queue_events").await == events).then_some(())
    })
    .await;
}

/// A metric that counts.
async fn counted(server: &Server, name: &str) -> u64 {
    let told = server.metric(name).await.to_string();
    told.parse().unwrap()
}

/// Events with this outcome.
async fn events(server: &Server, outcome: &str) -> u64 {
    counted(server, &format!("telemetry_events_{outcome}_total")).await
}

/// Sends the same events until they are taken.
async fn post_until_taken(server: &Server, events: &Value) -> Answer {
    until("the events are taken", async || {
        let answer = post(server, events).await;
        if answer.status == 503 {
            assert!(answer.header("retry-after").is_some());
            return None;
        }
        Some(answer)
    })
    .await
}

#[actix_web::test]
async fn while_postgresql_hangs_what_comes_is_refused_at_once_and_later_taken() {
    let server = server_with(|settings| settings.write_connections = 1).await;
    let hang = Hang::of(&server).await;
    let first = actix_web::rt::spawn(request(&server, &batch("first", 1)).send());
    waiting(&server, 1).await;
    let mut sent = 0;
    let refused = until("a request is refused", async || {
        sent += 1;
        let event = batch(&format!("s{sent}"), 1);
        // Before PostgreSQL counts as hanging it is waited for; who has no patience leaves.
        let answer = timeout(Duration::from_millis(100), post(&server, &event)).await;
        answer.ok().filter(|answer| answer.status == 503)
    })
    .await;
    refused.is_problem(503, "storage_away");
    assert!(refused.header("retry-after").is_some());
    hang.end().await;
    assert_eq!(first.await.unwrap().unwrap().status(), 200);
    let refused = format!("s{sent}");
    let answer = post_until_taken(&server, &batch(&refused, 1)).await;
    answer.took(1, 0, 0);
    // Whoever left had their events stored all the same, where they had come in.
    waiting(&server, 0).await;
    let rows = server.database.count("SELECT FROM telemetry_events").await;
    assert_eq!(events(&server, "accepted").await, rows.unsigned_abs());
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn beyond_the_bound_on_events_in_flight_a_request_is_refused_whole() {
    let server = server_with(|settings| settings.max_in_flight_events = 500).await;
    let hang = Hang::of(&server).await;
    let first = actix_web::rt::spawn(request(&server, &batch("first", 300)).send());
    waiting(&server, 300).await;
    let second = batch("second", 300);
    post(&server, &second).await.is_problem(503, "overloaded");
    assert_eq!(events(&server, "received").await, 300);
    assert_eq!(events(&server, "unavailable").await, 300);
    hang.end().await;
    assert_eq!(first.await.unwrap().unwrap().status(), 200);
    post(&server, &second).await.took(300, 0, 0);
    assert_eq!(events(&server, "received").await, 900);
    assert_eq!(events(&server, "accepted").await, 600);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn after_a_write_was_given_up_nobody_waits_for_the_next_one_to_fail() {
    let url = empty_database();
    let proxy = Proxy::to(&url).await;
    let server = Server::start(settings(&proxy.url()), &url).await;
    proxy.cut();
    let sent = batch("s", 2);
    post(&server, &sent).await.is_problem(503, "storage_away");
    let failures = "telemetry_write_failures_total";
    let attempts = counted(&server, failures).await;
    assert!(attempts > 0);
    for _request in 0..20 {
        post(&server, &sent).await.is_problem(503, "storage_away");
    }
    assert_eq!(
        counted(&server, failures).await,
        attempts,
        "nothing more was tried"
    );
    proxy.mend();
    post_until_taken(&server, &sent).await.took(2, 0, 0);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_hanging_write_of_some_sessions_does_not_stop_reads() {
    let server = server().await;
    post(&server, &batch("known", 3)).await.took(3, 0, 0);
    server.summary("known").await;
    let writers = Hang::of(&server).await;
    let first = actix_web::rt::spawn(request(&server, &batch("first", 1)).send());
    waiting(&server, 1).await;
    let path = "/api/v1/metrics/query?metric=startup_ms";
    let answer = server.send(Method::GET, path, &[], "").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    writers.end().await;
    assert_eq!(first.await.unwrap().unwrap().status(), 200);
    server.application.stop().await.unwrap();
}
