//! Who may write, who may read, and that no project ever sees another's sessions.

mod command;
mod defaults;
mod headers;
mod limits;
mod projects;
mod reading;
mod writing;

use reqwest::Method;
use serde_json::{Value, json};
use video_telemetry::storage::keys::{self, KeyKind, NewKey};

use crate::answers::{Answer, JSON, least_event};
use crate::support::{Server, until};

impl Server {
    /// Creates a key beside the running server, as the command does.
    pub async fn new_key(&self, kind: KeyKind, project: &str) -> NewKey {
        let mut connection = self.database.pool.get().await.unwrap();
        let project = project.parse().unwrap();
        keys::create(&mut connection, kind, &project, None)
            .await
            .unwrap()
    }

    pub async fn write_key(&self, project: &str) -> String {
        self.new_key(KeyKind::Write, project).await.key
    }

    pub async fn read_key(&self, project: &str) -> String {
        self.new_key(KeyKind::Read, project).await.key
    }

    pub async fn revoke(&self, id: i64) {
        let mut connection = self.database.pool.get().await.unwrap();
        keys::revoke(&mut connection, id, chrono::Local::now().to_utc())
            .await
            .unwrap();
    }

    /// A question with a key.
    pub async fn ask_as(&self, key: &str, path: &str) -> Answer {
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str())];
        self.send(Method::GET, path, &headers, "").await
    }

    /// Events with a key.
    pub async fn post_with(&self, key: &str, body: &Value) -> Answer {
        let headers = [JSON, ("x-telemetry-key", key)];
        self.send(Method::POST, "/telemetry", &headers, body.to_string())
            .await
    }

    /// Waits until the server has read that there are keys.
    pub async fn asks_for_keys(&self) {
        until("every request needs a key", async || {
            let answer = self.ask("/api/v1/live", &[]).await;
            (answer.status == 401).then_some(())
        })
        .await;
    }
}

/// A well-formed key that was never created.
fn nobodys_key(n: usize) -> String {
    format!("vtw_{n:0>43}")
}

fn an_event(event_id: &str) -> Value {
    json!([least_event("session", event_id)])
}
