//! Retention: what goes, when, and what is refused from then on.
//!
//! Sessions of forty days ago are told to a server today and are old tomorrow: a run is given the
//! time at which it takes place.

mod command;
mod days;
mod late;
mod sealing;
mod serve;
mod strays;
mod summaries;

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use serde_json::{Value, json};
use video_telemetry::session::clock;
use video_telemetry::storage::partitions;
use video_telemetry::storage::retention::{self, DayEnd, Policy, Report, Why};

use crate::support::{Database, Server, original_event, server};

/// Events are kept for 30 days.
pub fn policy() -> Policy {
    Policy {
        events: Some(TimeDelta::days(30)),
        quiet_for: TimeDelta::hours(1),
        ..Policy::default()
    }
}

pub fn days_ago(days: u64) -> DateTime<Utc> {
    clock::now() - Days::new(days)
}

pub fn days_ahead(days: u64) -> DateTime<Utc> {
    clock::now() + Days::new(days)
}

/// A server with partitions for the ten days that ended 31 days ago.
pub async fn server_of_old_days() -> Server {
    let server = server().await;
    let made = partitions::ensure(&server.database.pool, days_ago(40)).await;
    assert_eq!(made.unwrap().len(), 10);
    server
}

/// What a run does that takes place then.
pub async fn retain(database: &Database, policy: Policy, now: DateTime<Utc>) -> Report {
    let report = retention::run(&database.pool, policy, now).await.unwrap();
    report.expect("nobody else is at it")
}

/// A session of four events from a day's noon on: play, stall, on, pause.
pub fn session(id: &str, days: u64) -> Vec<Value> {
    let noon = days_ago(days)
        .date_naive()
        .and_time(NaiveTime::MIN)
        .and_utc()
        + TimeDelta::hours(12);
    let moments = [
        ("PLAY", 0),
        ("BUFFER_START", 5000),
        ("BUFFER_END", 7000),
        ("PAUSE", 9000),
    ];
    let event = |(number, (kind, at)): (usize, (&str, i64))| {
        let at_ms = noon.timestamp_millis() + at;
        original_event(id, &format!("e{number}"), kind, at_ms)
    };
    moments.into_iter().enumerate().map(event).collect()
}

impl Server {
    /// Has a session told and summed up; gives its summary.
    pub async fn played(&self, events: &[Value]) -> Value {
        let (status, reply) = self.post(&json!(events)).await;
        assert_eq!(
            (status, &reply["accepted"]),
            (200, &json!(events.len())),
            "{reply}"
        );
        self.summary(events[0]["sessionId"].as_str().unwrap()).await
    }
}

/// A summary but for its seal.
pub async fn figures(database: &Database, session: &str) -> Option<Value> {
    let query = format!("SELECT * FROM session_summaries WHERE session_id = '{session}'");
    let mut row = database.rows(&query).await.pop()?;
    row["sealed_at"].take();
    Some(row)
}

pub async fn is_sealed(database: &Database, session: &str) -> bool {
    let query = format!(
        "SELECT FROM session_summaries WHERE session_id = '{session}' AND sealed_at IS NOT NULL"
    );
    database.count(&query).await == 1
}

pub async fn rows_of(database: &Database, session: &str) -> i64 {
    let query = format!("SELECT FROM telemetry_events WHERE session_id = '{session}'");
    database.count(&query).await
}

/// How the days of a report ended, and for whom they wait.
pub fn ends(report: &Report) -> Vec<(DayEnd, Vec<(&str, Why)>)> {
    let days = report.days.iter();
    days.map(|day| {
        let waiting = day.tally.waiting_for.iter();
        (
            day.end,
            waiting.map(|it| (it.session_id.as_str(), it.why)).collect(),
        )
    })
    .collect()
}

/// `verify` finds nothing; gives what it says.
pub async fn verified(database: &Database) -> Value {
    let arguments = ["verify", "--idle-timeout", "1ms", "--output", "json"];
    let told = crate::command::run(&database.url, &arguments)
        .await
        .ended(0);
    serde_json::from_str(&told).unwrap()
}
