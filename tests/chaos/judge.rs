//! The judge: what players were told, against what is in the database. It reads the players' logs
//! and asks PostgreSQL in SQL of its own; of the service it uses nothing but the command `verify`.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio_postgres::{Client, NoTls};

use crate::process::run;

/// Complaints that name sessions or events name this many.
const EXAMPLES: usize = 3;
/// PostgreSQL may just be coming back.
const LONGEST_CONNECT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

/// An event: its session, its id, its timestamp.
pub type Key = (String, String, i64);

/// What the players say.
#[derive(Debug, Default)]
pub struct Logs {
    /// Sent, at least once.
    pub issued: HashSet<Key>,
    /// Answered: the server holds it.
    pub kept: HashSet<Key>,
    /// Answered: the server refuses it, with a reason.
    pub rejected: HashSet<Key>,
}

impl Logs {
    /// Reads the logs that lie in `folders`.
    pub fn read(folders: &[PathBuf]) -> io::Result<Self> {
        let mut logs = Self::default();
        for folder in folders {
            for line in read_if_there(&folder.join("issued.log"))?.lines() {
                logs.issued.extend(identity(line).map(|(key, _)| key));
            }
            for line in read_if_there(&folder.join("acked.log"))?.lines() {
                match identity(line) {
                    Some((key, "rejected")) => logs.rejected.insert(key),
                    Some((key, _)) => logs.kept.insert(key),
                    None => false,
                };
            }
        }
        // Refused once and taken another time means taken.
        logs.rejected.retain(|key| !logs.kept.contains(key));
        Ok(logs)
    }
}

fn read_if_there(file: &Path) -> io::Result<String> {
    match fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read,
    }
}

fn identity(line: &str) -> Option<(Key, &str)> {
    let mut fields = line.split('\t');
    let session = fields.next()?.to_owned();
    let event = fields.next()?.to_owned();
    let timestamp = fields.next()?.parse().ok()?;
    Some(((session, event, timestamp), fields.next().unwrap_or("")))
}

/// What the judge found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    pub issued: usize,
    /// Answered with 200: held or rejected.
    pub acked: usize,
    pub rejected: usize,
    /// Rows of `telemetry_events`, each counted.
    pub rows: u64,
    /// Acked events without a row.
    pub lost: usize,
    /// Rows beyond the first of an event.
    pub doubled: u64,
    pub sessions: usize,
    /// Sessions that `verify` finds wrong.
    pub differences: u64,
    /// What is wrong, a sentence each.
    pub complaints: Vec<String>,
}

impl Findings {
    fn complain(&mut self, what: &str, examples: &[String]) {
        if !examples.is_empty() {
            let some = examples.iter().take(EXAMPLES).map(String::as_str);
            let some = some.collect::<Vec<_>>().join(", ");
            self.complaints
                .push(format!("{} {what}, such as {some}", examples.len()));
        }
    }
}

/// Holds the logs against the rows.
pub fn compare(logs: &Logs, rows: &HashMap<Key, u64>) -> Findings {
    let mut findings = Findings {
        issued: logs.issued.len(),
        acked: logs.kept.len() + logs.rejected.len(),
        rejected: logs.rejected.len(),
        rows: rows.values().sum(),
        sessions: rows.keys().map(|key| &key.0).collect::<HashSet<_>>().len(),
        ..Findings::default()
    };
    let named = |keys: Vec<&Key>| keys.iter().map(|key| format!("{key:?}")).collect();
    let lost: Vec<String> = named(
        logs.kept
            .iter()
            .filter(|key| !rows.contains_key(*key))
            .collect(),
    );
    findings.lost = lost.len();
    findings.complain("acked events are lost", &lost);
    let doubled = rows.iter().filter(|(_, times)| **times > 1);
    findings.doubled = doubled.clone().map(|(_, times)| times - 1).sum();
    let doubled: Vec<String> = named(doubled.map(|(key, _)| key).collect());
    findings.complain("events are there more than once", &doubled);
    let unknown = rows.keys().filter(|key| !logs.issued.contains(*key));
    let unknown: Vec<String> = named(unknown.collect());
    findings.complain("rows were never sent", &unknown);
    let refused = logs.rejected.iter().filter(|key| rows.contains_key(*key));
    let refused: Vec<String> = named(refused.collect());
    findings.complain("rejected events are rows", &refused);
    let never = logs.kept.union(&logs.rejected);
    let never: Vec<String> = named(never.filter(|key| !logs.issued.contains(*key)).collect());
    findings.complain("events were acked and never sent", &never);
    findings
}

/// A connection to the database that is judged.
pub struct Judge {
    client: Client,
    url: String,
}

impl Judge {
    /// Connects, as soon as PostgreSQL lets it.
    pub async fn at(url: &str) -> Result<Self, String> {
        let begun = Instant::now();
        loop {
            match tokio_postgres::connect(url, NoTls).await {
                Ok((client, connection)) => {
                    tokio::spawn(connection);
                    return Ok(Self {
                        client,
                        url: url.to_owned(),
                    });
                }
                Err(error) if begun.elapsed() > LONGEST_CONNECT => {
                    return Err(format!("PostgreSQL does not come back: {error:?}"));
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// How often each event is in `table`.
    pub async fn rows(&self, table: &str) -> Result<HashMap<Key, u64>, String> {
        let query = format!("SELECT session_id, event_id, event_timestamp FROM {table}");
        let mut rows = HashMap::new();
        for row in self.client.query(&query, &[]).await.map_err(said)? {
            *rows
                .entry((row.get(0), row.get(1), row.get(2)))
                .or_default() += 1;
        }
        Ok(rows)
    }

    /// Refused events that are kept with their reason.
    pub async fn quarantined(&self) -> Result<i64, String> {
        let query = "SELECT count(*) FROM rejected_events WHERE reason <> ''";
        let row = self.client.query_one(query, &[]).await.map_err(said)?;
        Ok(row.get(0))
    }

    /// Waits until every session has a summary of exactly its rows; those that still have none.
    pub async fn without_summary(&self, patience: Duration) -> Result<Vec<String>, String> {
        let query = "SELECT session_id, e.rows, s.event_count \
             FROM (SELECT project, session_id, count(*) AS rows \
                 FROM telemetry_events GROUP BY project, session_id) AS e \
             FULL JOIN session_summaries AS s USING (project, session_id) \
             WHERE e.rows IS DISTINCT FROM s.event_count";
        let begun = Instant::now();
        loop {
            let wrong = self.client.query(query, &[]).await.map_err(said)?;
            if wrong.is_empty() || begun.elapsed() > patience {
                return Ok(wrong
                    .iter()
                    .map(|row| {
                        let (session, rows, summed): (String, Option<i64>, Option<i64>) =
                            (row.get(0), row.get(1), row.get(2));
                        format!("{session} ({rows:?} rows, summary of {summed:?})")
                    })
                    .collect());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Everything there is to find; summaries are waited for as long as `patience`.
    pub async fn judge(&self, logs: &Logs, patience: Duration) -> Result<Findings, String> {
        let missing = self.without_summary(patience).await?;
        let mut findings = compare(logs, &self.rows("telemetry_events").await?);
        findings.complain("sessions have no summary of all their rows", &missing);
        let quarantined = self.quarantined().await?;
        if usize::try_from(quarantined).unwrap_or(0) < findings.rejected {
            findings.complaints.push(format!(
                "{} events were rejected, and {quarantined} are kept with a reason",
                findings.rejected
            ));
        }
        self.verify(&mut findings).await?;
        Ok(findings)
    }

    /// What the service itself says of its summaries.
    async fn verify(&self, findings: &mut Findings) -> Result<(), String> {
        let url = self.url.clone();
        let verifying = move || {
            let words = ["verify", "--database-url", &url, "--idle-timeout", "1s"];
            run(&[&words[..], &["--output", "json"]].concat())
        };
        let output = tokio::task::spawn_blocking(verifying).await.map_err(said)?;
        let verified: Value = serde_json::from_slice(&output.stdout).map_err(|error| {
            let stderr = String::from_utf8_lossy(&output.stderr);
            format!("verify: {error}, {}, {stderr}", output.status)
        })?;
        findings.differences = verified["differences"].as_u64().unwrap_or(u64::MAX);
        if findings.differences > 0 {
            let found = verified["found"].as_array().cloned().unwrap_or_default();
            let found: Vec<String> = found.iter().map(Value::to_string).collect();
            findings.complain("differences found by verify", &found);
        }
        let equal = verified["equal"].as_u64().and_then(|n| n.try_into().ok());
        if equal != Some(findings.sessions) {
            findings.complaints.push(format!(
                "of {} sessions, verify finds {equal:?} equal",
                findings.sessions
            ));
        }
        Ok(())
    }
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}
