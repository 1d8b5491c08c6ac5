//! The query API over HTTP. Sessions are put into the table as they are, so that every figure can be
//! worked out on paper.

mod dimensions;
mod errors;
mod export;
mod figures;
mod histogram;
mod kept_columns;
mod lists;
mod live;
mod openapi;
mod session_events;
mod timeline;

pub use openapi::examples::evening;
use reqwest::Method;
use serde_json::{Map, Value, json};
use video_telemetry::qoe::SessionSummary;
use video_telemetry::storage::{SessionKey, SummaryRow};

use crate::answers::Answer;
use crate::support::{Server, server_with};

/// A server on which no session goes quiet by itself.
pub async fn server() -> Server {
    server_with(|settings| settings.idle_timeout = std::time::Duration::from_secs(600)).await
}

/// A session that did nothing, but for these columns.
pub fn session(session_id: &str, columns: Value) -> Value {
    let key = SessionKey::new(&"default".into(), session_id);
    let mut row: Map<String, Value> = SummaryRow::new(&key, SessionSummary::default(), 0).columns();
    let Value::Object(columns) = columns else {
        panic!("columns by name");
    };
    for (name, value) in columns {
        let replaced = row.insert(name.clone(), value);
        assert!(replaced.is_some(), "there is no column {name}");
    }
    Value::Object(row)
}

/// What whoever writes summaries must do.
const CHANGED: &str = "INSERT INTO summary_hours AS h (project, hour) \
    SELECT DISTINCT project, date_trunc('hour', t.moment, 'UTC') FROM session_summaries AS s \
    CROSS JOIN LATERAL (VALUES (s.started_at), (s.last_event_at)) AS t (moment) \
    ON CONFLICT (project, hour) DO UPDATE SET version = h.version + 1";

impl Server {
    /// Stores sessions.
    pub async fn has(&self, sessions: &[Value]) {
        let rows = Value::from(sessions.to_vec())
            .to_string()
            .replace('\'', "''");
        let insert = format!(
            "INSERT INTO session_summaries \
             SELECT * FROM jsonb_populate_recordset(NULL::session_summaries, '{rows}')"
        );
        self.database.execute(&insert).await;
        self.database.execute(CHANGED).await;
    }

    /// Asks with parameters, which are encoded here.
    pub async fn ask(&self, path: &str, parameters: &[(&str, &str)]) -> Answer {
        let mut url = reqwest::Url::parse(&self.url(path)).unwrap();
        url.query_pairs_mut().extend_pairs(parameters);
        let path = &url.as_str()[self.url("").len()..];
        self.send(Method::GET, path, &[], "").await
    }

    /// The answer to a question that is right.
    pub async fn tell(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let answer = self.ask(path, parameters).await;
        assert_eq!(answer.status, 200, "{path} {parameters:?}: {}", answer.text);
        answer.json()
    }

    /// Asks what is wrong, and gives the problem, which must name the parameter.
    pub async fn refuses(&self, path: &str, parameters: &[(&str, &str)], name: &str) -> String {
        let answer = self.ask(path, parameters).await;
        let problem = answer.is_problem(400, "invalid_parameter");
        assert_eq!(problem["parameter"], name, "{parameters:?}: {problem}");
        problem["detail"].as_str().unwrap().to_owned()
    }
}

/// The ids of a list's sessions, in its order.
pub fn ids(list: &Value) -> Vec<&str> {
    let sessions = list["data"].as_array().unwrap().iter();
    sessions
        .map(|session| session["session_id"].as_str().unwrap())
        .collect()
}

/// A moment of 23 November 2026, as RFC 3339.
pub fn at(time: &str) -> Value {
    json!(format!("2026-11-23T{time}Z"))
}

/// The whole of that day.
pub const DAY: [(&str, &str); 2] = [
    ("from", "2026-11-23T00:00:00Z"),
    ("to", "2026-11-24T00:00:00Z"),
];
