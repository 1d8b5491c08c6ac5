//! What operators and their machines see.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::answers::{JSON, least_event};
use crate::support::{Server, server, until};

async fn metrics(server: &Server) -> String {
    let answer = server.send(Method::GET, "/metrics", &[], "").await;
    assert_eq!(answer.status, 200);
    let content_type = answer.header("content-type").unwrap();
    assert!(
        content_type.starts_with("application/openmetrics-text"),
        "{content_type}"
    );
    answer.text
}

/// A load with every outcome but an outage: 7 requests, 12 events.
async fn mixed_load(server: &Server) {
    let event = |id: &str| least_event("mixed", id);
    let post = async |body: String| server.send(Method::POST, "/telemetry", &[JSON], body).await;
    post(json!([event("a"), event("b"), event("b")]).to_string())
        .await
        .took(2, 1, 0);
    post(event("a").to_string()).await.took(0, 1, 0);
    post(json!([event("c"), 17, {"eventId": "x"}, null]).to_string())
        .await
        .took(1, 0, 3);
    post("[5, 6, 7]".to_owned())
        .await
        .is_problem(400, "all_rejected");
    post("nonsense".to_owned())
        .await
        .is_problem(400, "invalid_json");
    post("[]".to_owned()).await.took(0, 0, 0);
    server
        .send(Method::GET, "/telemetry", &[], "")
        .await
        .is_problem(405, "method_not_allowed");
}

#[actix_web::test]
async fn every_event_received_has_one_outcome_in_the_metrics() {
    let server = server().await;
    mixed_load(&server).await;
    let mut counted = Vec::new();
    for outcome in [
        "received",
        "accepted",
        "duplicate",
        "rejected",
        "unavailable",
    ] {
        counted.push(
            server
                .metric(&format!("telemetry_events_{outcome}_total"))
                .await,
        );
    }
    assert_eq!(counted, [12.0, 3.0, 2.0, 7.0, 0.0]);
    let text = metrics(&server).await;
    for line in [
        "telemetry_events_rejected_total{reason=\"not_an_object\"} 5",
        "telemetry_events_rejected_total{reason=\"missing_session_id\"} 1",
        "telemetry_events_rejected_total{reason=\"invalid_json\"} 1",
        "telemetry_events_rejected_total{reason=\"unstorable\"} 0",
        "telemetry_requests_total{status=\"200\"} 4",
        "telemetry_requests_total{status=\"400\"} 2",
        "telemetry_requests_total{status=\"405\"} 1",
        "telemetry_request_duration_seconds_count 7",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn the_metrics_have_our_prefix_and_a_bounded_set_of_labels() {
    let server = server().await;
    mixed_load(&server).await;
    server.summary("mixed").await;
    until("the session is counted out", async || {
        (server.metric("telemetry_live_sessions").await < 0.5).then_some(())
    })
    .await;
    let text = metrics(&server).await;
    assert!(text.ends_with("# EOF\n"));
    let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(
        samples.iter().all(|line| line.starts_with("telemetry_")),
        "{text}"
    );
    for family in [
        "events_received",
        "events_accepted",
        "events_duplicate",
        "events_rejected",
        "events_unavailable",
        "write_queue_events",
        "commit_duration_seconds",
        "write_failures",
        "live_sessions",
        "summaries",
        "requests",
        "request_duration_seconds",
        "retention_days_dropped",
        "retention_sessions_sealed",
        "retention_summaries_deleted",
        "retention_days_waiting",
        "retention_last_run_timestamp_seconds",
    ] {
        let described = format!("# HELP telemetry_{family} ");
        assert!(text.contains(&described), "{family} is missing");
    }
    let labels: BTreeSet<&str> = samples
        .iter()
        .filter_map(|line| line.split_once('{')?.1.split_once('='))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        labels,
        BTreeSet::from(["le", "outcome", "reason", "status"])
    );
    let before = samples.len();
    for n in 0..50 {
        let event = json!({"sessionId": format!("s{n}"), "eventId": n.to_string(), "eventType": format!("T{n}"), "timestamp": n});
        server
            .send(
                Method::POST,
                &format!("/telemetry?x={n}"),
                &[JSON],
                event.to_string(),
            )
            .await
            .took(1, 0, 0);
        server
            .send(Method::GET, &format!("/page{n}"), &[], "")
            .await
            .is_problem(404, "not_found");
    }
    let after = metrics(&server)
        .await
        .lines()
        .filter(|line| !line.starts_with('#'))
        .count();
    assert_eq!(after, before, "clients cannot add time series");
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_request_id_is_given_or_taken_over() {
    let server = server().await;
    let post = async |headers: &[(&str, &str)]| {
        let headers = [&[JSON], headers].concat();
        let answer = server
            .send(Method::POST, "/telemetry", &headers, "[]")
            .await;
        answer.header("x-request-id").unwrap().to_owned()
    };
    let (first, second) = (post(&[]).await, post(&[]).await);
    assert!(first.len() >= 32 && first != second, "{first} {second}");
    let longest = "x".repeat(64);
    for sent in ["17", "b7ad6b7169203331", "a/b-c_d:e.f", &longest] {
        assert_eq!(post(&[("x-request-id", sent)]).await, sent);
    }
    for unusable in ["", "two words", "tab\there", "ümlaut", &"x".repeat(65)] {
        let given = post(&[("x-request-id", unusable)]).await;
        assert!(
            given.len() >= 32 && given != unusable,
            "{unusable}: {given}"
        );
    }
    let refused = server
        .send(Method::POST, "/telemetry", &[("x-request-id", "r1")], "")
        .await;
    assert_eq!(
        (refused.status, refused.header("x-request-id")),
        (415, Some("r1"))
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_running_server_is_alive_and_ready() {
    let server = server().await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(
            server.send(Method::GET, path, &[], "").await.status,
            200,
            "{path}"
        );
        let head = server.send(Method::HEAD, path, &[], "").await;
        assert_eq!((head.status, head.text.as_str()), (200, ""), "HEAD {path}");
    }
    let body = server
        .send(Method::GET, "/nowhere?secret=1", &[], "")
        .await
        .is_problem(404, "not_found");
    assert!(!body.to_string().contains("secret"));
    assert_ne!(body["detail"], Value::Null);
    server.application.stop().await.unwrap();
}
