//! What browsers are told: by whom an answer may be read, framed, loaded and kept.

use reqwest::Method;
use serde_json::json;

use super::an_event;
use crate::answers::{Answer, JSON};
use crate::support::{Server, server, server_with};

const DASHBOARD: &str = "https://qoe.example.com";
const ALLOWED: &str = "access-control-allow-origin";

async fn ask(server: &Server, path: &str) -> Answer {
    server.send(Method::GET, path, &[], "").await
}

#[actix_web::test]
async fn every_answer_is_no_more_than_it_says_and_loads_nothing_from_elsewhere() {
    let server = server().await;
    let posted = server
        .send(
            Method::POST,
            "/telemetry",
            &[JSON],
            an_event("1").to_string(),
        )
        .await;
    let mut answers = vec![("/telemetry", posted)];
    for path in [
        "/healthz",
        "/readyz",
        "/metrics",
        "/nowhere",
        "/api/openapi.json",
        "/api/docs",
        "/demo",
        "/telemetry-plugin.js",
        "/api/v1/live",
        "/api/v1/sessions/session",
        "/api/v1/sessions/none",
        "/api/v1/metrics/query?metric=nonsense",
        "/api/v1/export/events.csv",
    ] {
        answers.push((path, ask(&server, path).await));
    }
    for (path, answer) in answers {
        let header = |name| answer.header(name).unwrap_or_default();
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        let policy = header("content-security-policy");
        for rule in ["default-src", "frame-ancestors", "base-uri 'none'"] {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert!(
            !policy.contains("unsafe") && !policy.contains("http"),
            "{path}"
        );
        let anybody = ["/telemetry", "/telemetry-plugin.js"].contains(&path);
        let loads = if anybody {
            "cross-origin"
        } else {
            "same-origin"
        };
        assert_eq!(header("cross-origin-resource-policy"), loads, "{path}");
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn data_is_kept_by_nobody_or_asked_for_each_time() {
    let server = server().await;
    server.post(&an_event("1")).await;
    for path in super::defaults::questions() {
        let answer = server.send(Method::HEAD, &path, &[], "").await;
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    for path in [
        "/api/v1/sessions/session",
        "/api/v1/sessions/session/timeline",
    ] {
        let answer = ask(&server, path).await;
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn no_other_site_reads_unless_it_is_named() {
    let server = server().await;
    let origin = ("origin", DASHBOARD);
    let answer = server
        .send(Method::GET, "/api/v1/live", &[origin], "")
        .await;
    assert_eq!((answer.status, answer.header(ALLOWED)), (200, None));
    let preflight = [origin, ("access-control-request-method", "GET")];
    let answer = server
        .send(Method::OPTIONS, "/api/v1/live", &preflight, "")
        .await;
    assert_eq!(answer.header(ALLOWED), None);
    assert_ne!(answer.status, 200);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_named_site_reads_with_its_key_and_without_credentials() {
    let server = server_with(|settings| {
        settings.shield.origins = vec![DASHBOARD.parse().unwrap()];
    })
    .await;
    let key = server.read_key("shop").await;
    let bearer = format!("Bearer {key}");
    let origin = ("origin", DASHBOARD);
    let preflight = [
        origin,
        ("access-control-request-method", "GET"),
        (
            "access-control-request-headers",
            "authorization,if-none-match",
        ),
    ];
    for path in [
        "/api/v1/live",
        "/api/v1/sessions/x",
        "/api/v1/export/events.csv",
    ] {
        let answer = server.send(Method::OPTIONS, path, &preflight, "").await;
        assert_eq!(
            (answer.status, answer.header(ALLOWED)),
            (200, Some(DASHBOARD))
        );
        let keyed = [origin, ("authorization", bearer.as_str())];
        let answer = server.send(Method::GET, path, &keyed, "").await;
        assert_eq!(answer.header(ALLOWED), Some(DASHBOARD), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        assert!(
            answer
                .header("vary")
                .unwrap()
                .to_lowercase()
                .contains("origin")
        );
        let refused = server.send(Method::GET, path, &[origin], "").await;
        refused.is_problem(401, "missing_key");
        assert_eq!(refused.header(ALLOWED), Some(DASHBOARD), "it can be read");
        let foreign = [("origin", "https://evil.example.com"), keyed[1]];
        let answer = server.send(Method::GET, path, &foreign, "").await;
        assert_eq!(answer.header(ALLOWED), None, "{path}");
    }
    // Players are anywhere.
    let body = json!({"key": server.write_key("shop").await, "events": []});
    let headers = [JSON, ("origin", "https://site.example.com")];
    let answer = server
        .send(Method::POST, "/telemetry", &headers, body.to_string())
        .await;
    assert_eq!((answer.status, answer.header(ALLOWED)), (200, Some("*")));
    server.application.stop().await.unwrap();
}
