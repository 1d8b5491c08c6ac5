//! Players post from any site, and never with credentials.

use reqwest::Method;

use crate::answers::{Answer, JSON, least_event};
use crate::support::{Server, server};

const ORIGINS: [&str; 4] = [
    "https://site.example",
    "http://localhost:8080",
    "null",
    "https://a.b:444",
];

#[track_caller]
fn allows_any_origin(answer: &Answer) {
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("*"),
        "{answer:?}"
    );
    assert_eq!(answer.header("access-control-allow-credentials"), None);
}

/// The names in a header that is a list, in lower case and sorted.
fn names(answer: &Answer, header: &str) -> Vec<String> {
    let list = answer
        .header(header)
        .unwrap_or_default()
        .to_ascii_lowercase();
    let mut names: Vec<String> = list.split(',').map(|name| name.trim().to_owned()).collect();
    names.sort();
    names
}

async fn preflight(server: &Server, origin: &str, headers: &str) -> Answer {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", headers),
    ];
    server
        .send(Method::OPTIONS, "/telemetry", &headers, "")
        .await
}

#[actix_web::test]
async fn a_preflight_from_any_origin_allows_the_headers_a_player_sends() {
    let server = server().await;
    for origin in ORIGINS {
        let wanted = "content-encoding,content-type,x-telemetry-key";
        let answer = preflight(&server, origin, wanted).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        allows_any_origin(&answer);
        assert_eq!(
            names(&answer, "access-control-allow-headers"),
            ["content-encoding", "content-type", "x-telemetry-key"]
        );
        assert!(names(&answer, "access-control-allow-methods").contains(&"post".to_owned()));
        assert_eq!(
            answer.header("access-control-max-age"),
            Some("86400"),
            "one preflight a day"
        );
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn every_reply_to_a_post_can_be_read_by_the_site_that_sent_it() {
    let server = server().await;
    for origin in ORIGINS {
        let origin = ("origin", origin);
        let post = async |body: String, content_type| {
            server
                .send(Method::POST, "/telemetry", &[origin, content_type], body)
                .await
        };
        let event = least_event("cors", origin.1).to_string();
        for (answer, status) in [
            (post(event, JSON).await, 200),
            (post("nonsense".to_owned(), JSON).await, 400),
            (
                post("[]".to_owned(), ("content-type", "text/html")).await,
                415,
            ),
            (post(format!("[{}]", " ".repeat(600_000)), JSON).await, 413),
        ] {
            assert_eq!(answer.status, status);
            allows_any_origin(&answer);
            assert_eq!(
                names(&answer, "access-control-expose-headers"),
                ["retry-after", "x-request-id"]
            );
        }
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn options_without_an_origin_tells_the_methods() {
    let server = server().await;
    let answer = server.send(Method::OPTIONS, "/telemetry", &[], "").await;
    assert_eq!(
        (answer.status, answer.header("allow")),
        (204, Some("POST, OPTIONS"))
    );
    server.application.stop().await.unwrap();
}
