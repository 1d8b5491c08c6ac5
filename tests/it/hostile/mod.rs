//! Input that means harm. Whatever is sent: no 5xx, the server answers the next one, every event is
//! counted once, and neighbours are stored.

mod bodies;
mod fields;
mod floods;
mod poison;
mod storable;

use serde_json::{Value, json};

use crate::answers::{Answer, JSON, least_event};
use crate::support::{Server, server_with};
use video_telemetry::app::Settings;

/// A server under attack.
pub struct Target {
    pub server: Server,
}

impl Target {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let server = server_with(change).await;
        Self { server }
    }

    /// Sends a body as JSON; the answer may be anything but a 5xx.
    pub async fn send(&self, body: impl Into<Vec<u8>>) -> Answer {
        self.send_as(&[JSON], body).await
    }

    pub async fn send_as(&self, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
        let body: Vec<u8> = body.into();
        let sent = self
            .server
            .send(reqwest::Method::POST, "/telemetry", headers, body);
        let answer = sent.await;
        assert!(answer.status < 500, "{}: {}", answer.status, answer.text);
        answer
    }

    /// Checks that the server is none the worse, and stops it.
    pub async fn ends_unharmed(self) {
        let good = least_event("unharmed", "e1").to_string();
        self.send(good).await.took(1, 0, 0);
        for path in ["/healthz", "/readyz"] {
            let asked = self.server.send(reqwest::Method::GET, path, &[], "");
            assert_eq!(asked.await.status, 200, "{path}");
        }
        self.adds_up().await;
        assert_eq!(self.counted("telemetry_lost_actors_total").await, 0);
        self.server.application.stop().await.unwrap();
    }

    /// Every event received has one outcome, and those committed are the rows there are.
    pub async fn adds_up(&self) {
        let count = async |outcome: &str| {
            let name = format!("telemetry_events_{outcome}_total");
            self.counted(&name).await
        };
        let accepted = count("accepted").await;
        let refused = count("rejected").await + count("unavailable").await;
        let outcomes = accepted + count("duplicate").await + refused;
        assert_eq!(count("received").await, outcomes);
        let rows = "SELECT FROM telemetry_events";
        assert_eq!(accepted, self.server.database.count(rows).await);
    }

    /// A metric that counts things.
    pub async fn counted(&self, metric: &str) -> i64 {
        let value = self.server.metric(metric).await;
        value.to_string().parse().expect("a whole number")
    }
}

/// An event with good neighbours.
pub fn among_good_ones(session: &str, event: &str) -> String {
    let good = |id: &str| least_event(session, id).to_string();
    format!("[{},{event},{}]", good("before"), good("after"))
}

/// Why the only refused event of an answer was refused.
pub fn reason(reply: &Value) -> Value {
    let rejected = reply["rejected"].as_array().map(Vec::as_slice);
    match rejected {
        Some([one]) => one["reason"].clone(),
        _ => json!(rejected.unwrap_or_default()),
    }
}
