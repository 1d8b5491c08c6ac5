//! Requests that are refused as a whole.

use reqwest::Method;

use crate::answers::{Answer, JSON};
use crate::support::{Server, server};

async fn post(server: &Server, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
    server
        .send(Method::POST, "/telemetry", headers, body.into())
        .await
}

#[actix_web::test]
async fn a_body_that_is_not_json_is_a_400_and_is_kept() {
    let server = server().await;
    let bodies: [&[u8]; 10] = [
        b"",
        b"  ",
        b"nonsense",
        b"[1,",
        b"{\"a\":}",
        b"{} {}",
        b"[] []",
        b"{'a':1}",
        b"\xff\xfe[\0]\0",
        b"[\"\xc3\x28\"]",
    ];
    for body in bodies {
        let answer = post(&server, &[JSON], body).await;
        let problem = answer.is_problem(400, "invalid_json");
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .starts_with("the body is not JSON: ")
        );
        let kept = format!(
            "SELECT FROM rejected_events WHERE reason = 'invalid_json' AND raw = '\\x{}'",
            hex(body)
        );
        assert_eq!(server.database.count(&kept).await, 1, "{body:?}");
    }
    for events in [
        r#"{"events":{}}"#,
        r#"{"events":null}"#,
        r#"{"events":"[]"}"#,
    ] {
        let problem = post(&server, &[JSON], events)
            .await
            .is_problem(400, "events_not_an_array");
        assert_eq!(problem["field"], "events");
    }
    server.application.stop().await.unwrap();
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[actix_web::test]
async fn a_page_that_is_not_there_or_not_for_this_method_is_a_problem() {
    let server = server().await;
    for path in ["/nothing", "/telemetry/", "/api", "/telemetry/x"] {
        server
            .send(Method::GET, path, &[], "")
            .await
            .is_problem(404, "not_found");
    }
    for (method, path, allowed) in [
        (Method::GET, "/telemetry", "POST"),
        (Method::PUT, "/telemetry", "POST"),
        (Method::DELETE, "/telemetry", "POST"),
        (Method::POST, "/healthz", "GET"),
        (Method::POST, "/readyz", "GET"),
        (Method::DELETE, "/metrics", "GET"),
    ] {
        let answer = server.send(method, path, &[], "").await;
        answer.is_problem(405, "method_not_allowed");
        let header = answer.header("allow").unwrap();
        assert!(header.contains(allowed), "{path} allows {header}");
    }
    server.application.stop().await.unwrap();
}
