//! A player of the harness's own, for requests that `simulate` would never send. It keeps the same
//! logs, so the judge knows of it.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use video_telemetry::session::clock;

/// The longest that any answer may take.
pub const LONGEST_ANSWER: Duration = Duration::from_secs(30);

pub struct Player {
    http: reqwest::Client,
    url: String,
    issued: File,
    acked: File,
    session: String,
    sent: u64,
}

/// The answer to a request.
pub struct Answer {
    pub status: u16,
    pub after: Duration,
    pub body: Value,
}

impl Player {
    pub fn new(http: &reqwest::Client, url: &str, logs: &Path) -> anyhow::Result<Self> {
        let open = |name: &str| {
            let mut options = OpenOptions::new();
            options.create(true).append(true).open(logs.join(name))
        };
        Ok(Self {
            http: http.clone(),
            url: format!("{url}/telemetry"),
            issued: open("issued.log")?,
            acked: open("acked.log")?,
            session: format!("own-{}", rand::random::<u64>()),
            sent: 0,
        })
    }

    /// The next event of its session.
    pub fn event(&mut self) -> Value {
        self.sent += 1;
        json!({
            "eventId": format!("own-{}", self.sent), "viewerId": "own",
            "sessionId": self.session, "eventType": "HEARTBEAT", "timestamp": now_ms(),
        })
    }

    /// Posts events once, and notes what became of them.
    pub async fn post(&mut self, events: &[Value]) -> anyhow::Result<Answer> {
        let bodies: Vec<String> = events.iter().map(Value::to_string).collect();
        self.post_text(events, &format!("[{}]", bodies.join(",")))
            .await
    }

    /// The same, with a body that says more than `events` do.
    pub async fn post_text(&mut self, events: &[Value], body: &str) -> anyhow::Result<Answer> {
        for event in events {
            writeln!(self.issued, "{}", line(event))?;
        }
        let begun = Instant::now();
        let request = self.http.post(&self.url).timeout(LONGEST_ANSWER);
        let request = request.header("content-type", "application/json");
        let response = request.body(body.to_owned()).send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        let answer = Answer {
            status,
            after: begun.elapsed(),
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
        };
        if status == 200 {
            self.note(events, &answer.body)?;
        }
        Ok(answer)
    }

    fn note(&mut self, events: &[Value], body: &Value) -> anyhow::Result<()> {
        let rejected: Vec<u64> = body["rejected"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|rejection| rejection["index"].as_u64())
            .collect();
        for (index, event) in (0..).zip(events) {
            let word = if rejected.contains(&index) {
                "rejected"
            } else {
                "known"
            };
            writeln!(self.acked, "{}\t{word}", line(event))?;
        }
        Ok(())
    }
}

fn line(event: &Value) -> String {
    let text = |field: &str| event[field].as_str().unwrap_or("").to_owned();
    format!(
        "{}\t{}\t{}",
        text("sessionId"),
        text("eventId"),
        event["timestamp"]
    )
}

/// The wall clock, epoch ms.
pub fn now_ms() -> u64 {
    u64::try_from(clock::now().timestamp_millis()).unwrap_or(0)
}
