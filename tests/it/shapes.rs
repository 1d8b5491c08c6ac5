//! The shapes a body comes in: how it is spelt, wrapped, typed and compressed, and how large it is.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::answers::{Answer, GZIP, JSON, RawClient, gzip, least_event};
use crate::support::{Server, server};

/// The bounds of src/http, as the wire promises them.
const MAX_BODY_BYTES: usize = 512 * 1024;

async fn post(server: &Server, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
    server
        .send(Method::POST, "/telemetry", headers, body.into())
        .await
}

/// Posts a body that holds only new events, then the same gzipped.
async fn check_shape(server: &Server, body: &str, events: u64) {
    post(server, &[JSON], body).await.took(events, 0, 0);
    post(server, &[JSON, GZIP], gzip(body.as_bytes()))
        .await
        .took(0, events, 0);
}

#[actix_web::test]
async fn every_shape_of_a_body_is_taken_plain_and_gzipped() {
    let server = server().await;
    let event = |id: &str| least_event("shapes", id).to_string();
    check_shape(&server, &event("object"), 1).await;
    check_shape(&server, &format!("[{}]", event("array")), 1).await;
    check_shape(
        &server,
        &format!(" \r\n[ {} ,\t{} ]\n", event("a1"), event("a2")),
        2,
    )
    .await;
    check_shape(&server, "[]", 0).await;
    check_shape(&server, &format!("\u{feff}{}", event("bom")), 1).await;
    check_shape(&server, &format!("\u{feff}[{}]", event("bom in array")), 1).await;
    let envelope =
        |inner: &str| format!(r#"{{"sentAt":1795392458200,"key":"k","events":[{inner}]}}"#);
    check_shape(&server, &envelope(""), 0).await;
    check_shape(&server, &envelope(&event("envelope")), 1).await;
    check_shape(
        &server,
        &format!(r#"{{"events":[{}]}}"#, event("bare envelope")),
        1,
    )
    .await;
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn of_duplicate_keys_the_last_one_wins_in_events_and_in_envelopes() {
    let server = server().await;
    let event = r#"{"sessionId":"lost","eventId":"e1","eventType":"PLAY","timestamp":1,
        "quality":{"bitrateKbps":1,"width":5},"quality":{"bitrateKbps":2,"bitrateKbps":3},
        "sessionId":"dup","timestamp":"never","timestamp":7,"viewerId":"v1","viewerId":17}"#;
    let body = format!(r#"{{"events":17,"sentAt":1,"events":[{event}],"sentAt":2000}}"#);
    post(&server, &[JSON], body).await.took(1, 0, 0);
    let rows = server
        .database
        .rows(
            "SELECT session_id, event_timestamp, viewer_id, bitrate_kbps, video_width, \
         extract(epoch FROM sent_at)::bigint AS sent_at FROM telemetry_events",
        )
        .await;
    assert_eq!(
        rows,
        [
            json!({"session_id": "dup", "event_timestamp": 7, "viewer_id": null,
        "bitrate_kbps": 3, "video_width": null, "sent_at": 2})
        ]
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn both_content_types_are_taken_with_any_parameters_and_no_others() {
    let server = server().await;
    let taken = [
        "application/json",
        "application/json; charset=utf-8",
        "text/plain",
        "text/plain;charset=UTF-8",
        "Application/JSON ; charset=\"utf-8\"; x=y",
    ];
    for (n, content_type) in taken.into_iter().enumerate() {
        let body = least_event("types", &format!("e{n}")).to_string();
        let headers = [("content-type", content_type)];
        post(&server, &headers, body.clone()).await.took(1, 0, 0);
        let headers = [("content-type", content_type), GZIP];
        post(&server, &headers, gzip(body.as_bytes()))
            .await
            .took(0, 1, 0);
    }
    for content_type in [
        "text/html",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "application/csp-report",
        "multipart/form-data; boundary=x",
        "json",
        "",
    ] {
        let answer = post(&server, &[("content-type", content_type)], "[]").await;
        let problem = answer.is_problem(415, "unsupported_content_type");
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .contains("application/json")
        );
    }
    post(&server, &[], "[]")
        .await
        .is_problem(415, "unsupported_content_type");
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_content_encoding_is_gzip_or_nothing() {
    let server = server().await;
    for encoding in ["br", "deflate", "zstd", "gzip, gzip", "compress"] {
        let answer = post(&server, &[JSON, ("content-encoding", encoding)], "[]").await;
        answer.is_problem(415, "unsupported_content_encoding");
    }
    let body = gzip(b"[]");
    for encoding in ["GZIP", "x-gzip", " gzip "] {
        post(
            &server,
            &[JSON, ("content-encoding", encoding)],
            body.clone(),
        )
        .await
        .took(0, 0, 0);
    }
    post(&server, &[JSON, ("content-encoding", "identity")], "[]")
        .await
        .took(0, 0, 0);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_gzip_body_that_is_none_or_breaks_off_is_a_400() {
    let server = server().await;
    let whole = gzip(least_event("gzip", "e1").to_string().as_bytes());
    let mut flipped = whole.clone();
    let last = flipped.len() - 1;
    flipped[last] ^= 0xff;
    let halves = [&whole[..], b"and more"].concat();
    for broken in [
        b"[]".to_vec(),
        Vec::new(),
        whole[..whole.len() / 2].to_vec(),
        whole[..whole.len() - 1].to_vec(),
        whole[..10].to_vec(),
        flipped,
        halves,
    ] {
        post(&server, &[JSON, GZIP], broken)
            .await
            .is_problem(400, "not_gzip");
    }
    // Two members in one stream are valid gzip (RFC 1952).
    let text = least_event("gzip", "e1").to_string();
    let members = [gzip(&text.as_bytes()[..20]), gzip(&text.as_bytes()[20..])].concat();
    post(&server, &[JSON, GZIP], members).await.took(1, 0, 0);
    assert_eq!(
        server.database.count("SELECT FROM telemetry_events").await,
        1
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_gzip_bomb_is_refused_at_once() {
    let server = server().await;
    // 256 MiB: 64 members of a gzip stream.
    let bomb = gzip(&vec![b' '; 4 * 1024 * 1024]).repeat(64);
    assert!(
        bomb.len() < MAX_BODY_BYTES,
        "it is small: {} bytes",
        bomb.len()
    );
    let begun = Instant::now();
    post(&server, &[JSON, GZIP], bomb)
        .await
        .is_problem(413, "body_too_large");
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    server.application.stop().await.unwrap();
}

/// A valid body of exactly this many bytes.
fn body_of(bytes: usize, event_id: &str) -> String {
    let event = format!("[{}", least_event("large", event_id));
    format!("{event}{}]", " ".repeat(bytes - event.len() - 1))
}

#[actix_web::test]
async fn a_body_has_512_kib_at_most_before_and_after_decompression() {
    let server = server().await;
    post(&server, &[JSON], body_of(MAX_BODY_BYTES, "e1"))
        .await
        .took(1, 0, 0);
    let zipped = gzip(body_of(MAX_BODY_BYTES, "e2").as_bytes());
    post(&server, &[JSON, GZIP], zipped).await.took(1, 0, 0);
    let zipped = gzip(body_of(MAX_BODY_BYTES + 1, "e3").as_bytes());
    post(&server, &[JSON, GZIP], zipped)
        .await
        .is_problem(413, "body_too_large");
    for bytes in [MAX_BODY_BYTES + 1, 8 * 1024 * 1024] {
        let body = body_of(bytes, "e3");
        post(&server, &[JSON], body.clone())
            .await
            .is_problem(413, "body_too_large");
        // The same in chunks, so that its length is not announced.
        let mut client = RawClient::connect(&server).await;
        client
            .send(
                "POST /telemetry HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\n\
            transfer-encoding: chunked\r\n\r\n",
            )
            .await;
        client.send_chunks(body.as_bytes()).await;
        assert_eq!(client.status().await, 413);
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_batch_has_500_events_at_most() {
    let server = server().await;
    let batch = |events: usize| -> Value {
        (0..events)
            .map(|n| least_event("batch", &format!("e{n}")))
            .collect()
    };
    let answer = post(&server, &[JSON], batch(501).to_string()).await;
    let problem = answer.is_problem(413, "batch_too_large");
    assert!(
        problem["detail"].as_str().unwrap().contains("501"),
        "{problem}"
    );
    assert_eq!(
        server.database.count("SELECT FROM telemetry_events").await,
        0
    );
    post(&server, &[JSON], batch(500).to_string())
        .await
        .took(500, 0, 0);
    server.application.stop().await.unwrap();
}
