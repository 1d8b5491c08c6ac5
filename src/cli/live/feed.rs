//! A server's stream of live figures: server-sent events, one a second.

use std::time::Duration;

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use reqwest::Response;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::sleep;

use crate::cli::ask::Parameters;
use crate::cli::server::Server;

/// After a stream broke off.
const RETRY: Duration = Duration::from_secs(2);
/// No event is larger: 500 groups take a hundredth of it.
const MAX_EVENT_BYTES: usize = 16 * 1024 * 1024;

/// What is live at a moment; see `LiveAnswer`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Live {
    pub(super) time: DateTime<Utc>,
    pub(super) group_by: Vec<String>,
    pub(super) total: Counts,
    pub(super) data: Vec<Group>,
    pub(super) other: Option<Counts>,
    pub(super) groups: u64,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Group {
    pub(super) group: Map<String, Value>,
    #[serde(flatten)]
    pub(super) counts: Counts,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Counts {
    pub(super) sessions: u64,
    pub(super) watching: u64,
    pub(super) rebuffering_share: Option<f64>,
    /// In the server's order.
    pub(super) states: Map<String, Value>,
}

impl Counts {
    /// Sessions in a state.
    pub(super) fn of(&self, state: &str) -> u64 {
        self.states.get(state).and_then(Value::as_u64).unwrap_or(0)
    }
}

/// A stream under way.
pub(super) struct Feed<'a> {
    server: &'a Server,
    parameters: Parameters,
    response: Option<Response>,
    /// What came and is no whole event yet.
    received: Vec<u8>,
}

impl<'a> Feed<'a> {
    pub(super) async fn open(server: &'a Server, parameters: Parameters) -> anyhow::Result<Self> {
        let mut feed = Self {
            server,
            parameters,
            response: None,
            received: Vec::new(),
        };
        feed.reopen().await?;
        Ok(feed)
    }

    /// Where it comes from.
    pub(super) fn url(&self) -> &str {
        self.server.url()
    }

    /// The next figures as they came. After an error it may be called again: it waits a little and
    /// asks anew.
    pub(super) async fn next(&mut self) -> anyhow::Result<Value> {
        loop {
            if self.response.is_none() {
                sleep(RETRY).await;
                self.reopen().await?;
            }
            while let Some(event) = take_event(&mut self.received) {
                if let Some(data) = data_of(&event) {
                    return serde_json::from_str(&data).context("an event is no JSON");
                }
            }
            if let Err(error) = self.receive().await {
                self.response = None;
                return Err(error);
            }
        }
    }

    async fn reopen(&mut self) -> anyhow::Result<()> {
        self.received.clear();
        let opened = self.server.get(&["live", "stream"], &self.parameters);
        self.response = Some(opened.await?);
        Ok(())
    }

    async fn receive(&mut self) -> anyhow::Result<()> {
        let chunk = match &mut self.response {
            Some(response) => response.chunk().await,
            None => Ok(None),
        };
        let chunk = chunk.map_err(reqwest::Error::without_url);
        let Some(chunk) = chunk.context("the stream broke off")? else {
            bail!("the server ended the stream");
        };
        self.received.extend_from_slice(&chunk);
        if self.received.len() > MAX_EVENT_BYTES {
            bail!("the server sent an event without an end");
        }
        Ok(())
    }
}

/// The first whole event, up to its empty line.
fn take_event(received: &mut Vec<u8>) -> Option<String> {
    let end = received.windows(2).position(|two| two == b"\n\n")?;
    let event: Vec<u8> = received.drain(..end + 2).collect();
    Some(String::from_utf8_lossy(&event).into_owned())
}

/// What an event says, if it says something.
fn data_of(event: &str) -> Option<String> {
    let lines = event.lines().filter_map(|line| line.strip_prefix("data:"));
    let lines: Vec<&str> = lines
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_taken_whole_however_they_arrive() {
        let mut received = b"retry: 2000\nevent: live\nid: 1\ndata: {\"a\":\"\xc3".to_vec();
        assert_eq!(take_event(&mut received), None);
        received.extend_from_slice(b"\xa4\"}\n\n: a comment\n\ndata:x\ndata: y\n\ndata: rest");
        let told = std::iter::from_fn(|| take_event(&mut received)).map(|it| data_of(&it));
        let told: Vec<Option<String>> = told.collect();
        let expected = [Some("{\"a\":\"ä\"}"), None, Some("x\ny")];
        assert_eq!(told, expected.map(|it| it.map(str::to_owned)));
        assert_eq!(received, b"data: rest");
    }
}
