//! Erasing: nothing of a session or a viewer is left anywhere, and nothing brings it back.

mod api;
mod command;
mod protocol;
mod traffic;

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use video_telemetry::session::clock;

use crate::answers::{Answer, JSON};
use crate::support::{Database, Server, server_with, settings, until};

/// Long enough for what a test has under way.
pub const GRACE: Duration = Duration::from_millis(1500);

/// A server that deletes for the second time soon.
pub async fn hasty_server() -> Server {
    server_with(|settings| settings.privacy.erasure_grace = GRACE).await
}

/// Another server on its database.
pub async fn beside(server: &Server) -> Server {
    let url = &server.database.url;
    let mut settings = settings(url);
    settings.privacy.erasure_grace = GRACE;
    Server::start(settings, url).await
}

/// An event of a viewer, now.
pub fn event(session_id: &str, viewer_id: &str, n: usize) -> Value {
    json!({"sessionId": session_id, "eventId": format!("e{n}"), "eventType": "PLAY",
        "viewerId": viewer_id, "timestamp": clock::now_ms()})
}

/// One that is refused for its time.
pub fn bad_event(session_id: &str, viewer_id: &str) -> Value {
    json!({"sessionId": session_id, "eventId": "bad", "eventType": "PLAY", "viewerId": viewer_id})
}

impl Server {
    pub async fn telemetry(&self, events: &[Value]) -> Answer {
        let body = Value::from(events).to_string();
        self.send(Method::POST, "/telemetry", &[JSON], body).await
    }

    pub async fn erase(&self, path: &str) -> Answer {
        self.send(Method::DELETE, &format!("/api/v1/{path}"), &[], "")
            .await
    }

    /// Waits until the session's events are refused as erased.
    pub async fn refuses_erased(&self, session_id: &str) {
        until("its events are refused", async || {
            let answer = self.telemetry(&[event(session_id, "v", 99)]).await;
            let reason = answer.json()["rejected"][0]["reason"].clone();
            (answer.status == 400 && reason == "erased").then_some(())
        })
        .await;
    }
}

impl Database {
    /// The text of everything in every table, bytes in hex too, but tombstones that are unfinished.
    pub async fn everything(&self) -> Vec<String> {
        let tables = "SELECT c.relname FROM pg_class AS c \
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'";
        let mut texts = Vec::new();
        for table in self.rows(tables).await {
            let table = table["relname"].as_str().unwrap();
            let rows = format!("SELECT t::text AS row FROM {table} AS t");
            for row in self.rows(&rows).await {
                texts.push(format!("{table}: {}", row["row"].as_str().unwrap()));
            }
        }
        texts
    }

    /// The rows in which a text stands, in whatever table.
    pub async fn traces(&self, text: &str) -> Vec<String> {
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        let mut rows = self.everything().await;
        rows.retain(|row| row.contains(text) || row.contains(&hex));
        rows
    }

    /// Waits until no erasure is left to finish.
    pub async fn finished(&self, erasures: i64) {
        until("the erasures are finished", async || {
            let finished = "SELECT FROM erasures WHERE finished_at IS NOT NULL \
                AND session_id IS NULL AND project IS NULL";
            (self.count(finished).await == erasures).then_some(())
        })
        .await;
    }

    /// Asserts that every summary is the fold of its rows.
    pub fn verified(&self) -> Value {
        let arguments = ["verify", "--database-url", &self.url, "--output", "json"];
        let told = crate::process::stdout_of(&arguments);
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["differences"], 0, "{told}");
        told
    }
}
