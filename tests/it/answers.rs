//! Requests of any kind to a server, and what the tests say of the answers.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::header::HeaderMap;
use reqwest::{Body, Method};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::Server;

pub const JSON: (&str, &str) = ("content-type", "application/json");
pub const GZIP: (&str, &str) = ("content-encoding", "gzip");

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Server {
    /// Sends any request.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = self.client.request(method, self.url(path)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.expect("an answer");
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.expect("its body"),
        }
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// Checks that this is a problem of this status and name, as RFC 9457 wants it.
    #[track_caller]
    pub fn is_problem(&self, status: u16, code: &str) -> Value {
        let body = self.json();
        assert_eq!(
            (self.status, body["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.text
        );
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(body["status"], status);
        assert_eq!(body["type"], "about:blank");
        for member in ["title", "detail"] {
            assert!(
                !body[member].as_str().unwrap().is_empty(),
                "{member} of {body}"
            );
        }
        body
    }

    /// Checks the counts of a 200.
    #[track_caller]
    pub fn took(&self, accepted: u64, duplicates: u64, rejected: usize) -> Value {
        let body = self.json();
        let counts = (
            self.status,
            body["accepted"].as_u64(),
            body["duplicates"].as_u64(),
            body["rejected"].as_array().map(Vec::len),
        );
        let expected = (200, Some(accepted), Some(duplicates), Some(rejected));
        assert_eq!(counts, expected, "{}", self.text);
        assert_eq!(body["ok"], true);
        body
    }
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The least an event needs.
pub fn least_event(session_id: &str, event_id: &str) -> Value {
    serde_json::json!({"sessionId": session_id, "eventId": event_id, "eventType": "PLAY",
        "timestamp": 1_795_392_458_159i64})
}

/// A client that speaks HTTP by hand, as slowly and as wrongly as it likes.
pub struct RawClient(TcpStream);

impl RawClient {
    pub async fn connect(server: &Server) -> Self {
        Self(
            TcpStream::connect(server.application.address())
                .await
                .unwrap(),
        )
    }

    pub async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Sends a body in chunks until it is through or the server has had enough.
    pub async fn send_chunks(&mut self, body: &[u8]) {
        for chunk in body.chunks(60_000) {
            let framed = [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
            if self.0.write_all(&framed).await.is_err() {
                return;
            }
        }
        self.0.write_all(b"0\r\n\r\n").await.ok();
    }

    /// Reads what comes until the server closes the connection.
    pub async fn read_to_end(&mut self) -> String {
        let mut text = Vec::new();
        let end = self.0.read_to_end(&mut text);
        let ended = tokio::time::timeout(Duration::from_secs(20), end).await;
        assert!(ended.is_ok(), "the connection is still open");
        String::from_utf8_lossy(&text).into_owned()
    }

    /// The status of the next answer.
    pub async fn status(&mut self) -> u16 {
        let mut head = vec![0; 12];
        self.0.read_exact(&mut head).await.expect("a status line");
        str::from_utf8(&head[9..]).unwrap().parse().unwrap()
    }
}
