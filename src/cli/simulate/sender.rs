//! Delivers batches as a real client does: it resends what could not be taken, splits what was too
//! large, and gives up what never can be taken.

use std::ops::Range;
use std::time::Duration;

use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use serde::Deserialize;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::batch::{self, Batch};
use super::dice::Dice;
use super::policy::{self, Verdict};
use super::stats::Shared;

/// What became of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Accepted,
    Duplicate,
    /// Accepted or duplicate: the reply had both and does not say which is which.
    Known,
    /// The server keeps it, with its reason, and does not count it in.
    Rejected,
    /// Given up.
    Lost,
}

/// The fates of a batch's events, and whether the session may go on.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) fates: Vec<Fate>,
    pub(super) stop_sending: bool,
}

/// How to reach the servers, and the counters of the run.
pub(super) struct Sender {
    http: reqwest::Client,
    /// Requests in flight.
    room: Semaphore,
    gzip: bool,
    write_key: Option<String>,
    max_wait: Duration,
    /// True once the run is told to end.
    stop: watch::Receiver<bool>,
    stats: Shared,
}

/// The body of a 200.
#[derive(Debug, Deserialize)]
struct Reply {
    accepted: u64,
    duplicates: u64,
    #[serde(default)]
    rejected: Vec<Rejection>,
}

#[derive(Debug, Deserialize)]
struct Rejection {
    index: usize,
    reason: String,
}

/// The end of the attempts to send some events.
enum Settled {
    Reply(Reply),
    TooLarge,
    /// Given up, and why.
    Lost {
        why: String,
        stop_sending: bool,
    },
}

/// One attempt.
enum Attempt {
    Settled(Settled),
    Again {
        after: Option<Duration>,
        why: String,
    },
}

impl Sender {
    pub(super) fn new(
        concurrency: u32,
        gzip: bool,
        write_key: Option<String>,
        max_wait: Duration,
        stop: watch::Receiver<bool>,
        stats: Shared,
    ) -> anyhow::Result<Self> {
        let concurrency = usize::try_from(concurrency)?;
        let http = reqwest::Client::builder()
            .pool_max_idle_per_host(concurrency)
            .pool_idle_timeout(Duration::from_secs(4))
            .tcp_nodelay(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .user_agent(concat!(
                "video-telemetry-simulate/",
                env!("CARGO_PKG_VERSION")
            ))
            .build()?;
        Ok(Self {
            http,
            room: Semaphore::new(concurrency),
            gzip,
            write_key: write_key.filter(|key| !key.is_empty()),
            max_wait,
            stop,
            stats,
        })
    }

    /// Sends a batch until each of its events has a fate.
    pub(super) async fn deliver(
        &self,
        url: &reqwest::Url,
        batch: &Batch,
        mut dice: Dice,
    ) -> anyhow::Result<Delivery> {
        let mut delivery = Delivery {
            fates: vec![Fate::Lost; batch.len()],
            stop_sending: false,
        };
        let deadline = Instant::now() + self.max_wait;
        let mut parts: Vec<Range<usize>> = std::iter::once(0..batch.len()).collect();
        while let Some(part) = parts.pop() {
            match self.settle(url, batch, &part, deadline, &mut dice).await? {
                Settled::Reply(reply) => self.take(&reply, &part, &mut delivery.fates),
                Settled::TooLarge if part.len() > 1 => {
                    let middle = part.start + part.len() / 2;
                    parts.push(middle..part.end);
                    parts.push(part.start..middle);
                }
                Settled::TooLarge => self.stats.lost("http_413", part.len()),
                Settled::Lost { why, stop_sending } => {
                    self.stats.lost(&why, part.len());
                    delivery.stop_sending |= stop_sending;
                }
            }
        }
        Ok(delivery)
    }

    async fn settle(
        &self,
        url: &reqwest::Url,
        batch: &Batch,
        part: &Range<usize>,
        deadline: Instant,
        dice: &mut Dice,
    ) -> anyhow::Result<Settled> {
        let body = batch::encode(batch.body(part.clone()), self.gzip)?;
        let mut stop = self.stop.clone();
        for tries in 0.. {
            let (after, why) = match self.attempt(url, batch.plain_text, body.clone()).await? {
                Attempt::Settled(settled) => return Ok(settled),
                Attempt::Again { after, why } => (after, why),
            };
            let again_at = Instant::now() + policy::backoff(tries, after, dice);
            if again_at > deadline {
                return Ok(lost(format!("{why}, gave up"), false));
            }
            let stopped = tokio::select! {
                () = tokio::time::sleep_until(again_at) => false,
                stopped = stop.wait_for(|&stop| stop) => stopped.is_ok(),
            };
            if stopped {
                return Ok(lost(format!("{why}, interrupted"), false));
            }
            self.stats.retried(&why);
        }
        Ok(lost("gave up".to_owned(), false))
    }

    async fn attempt(
        &self,
        url: &reqwest::Url,
        plain_text: bool,
        body: bytes::Bytes,
    ) -> anyhow::Result<Attempt> {
        let _room = self.room.acquire().await?;
        let sent_bytes = body.len();
        let content_type = if plain_text {
            "text/plain;charset=UTF-8"
        } else {
            "application/json"
        };
        let mut request = self
            .http
            .post(url.clone())
            .header(CONTENT_TYPE, content_type);
        if self.gzip {
            request = request.header(CONTENT_ENCODING, "gzip");
        }
        if let Some(key) = &self.write_key {
            request = request.bearer_auth(key);
        }
        let begun = Instant::now();
        let reply = request.body(body).send().await;
        let (status, after, text) = match read(reply).await {
            Ok(parts) => parts,
            Err(error) => {
                self.stats.requested(begun.elapsed(), sent_bytes);
                return Ok(Attempt::Again {
                    after: None,
                    why: kind_of(&error).to_owned(),
                });
            }
        };
        self.stats.requested(begun.elapsed(), sent_bytes);
        Ok(judge(status, after, &text))
    }

    /// Notes the fates of the events of `part` as the reply tells them.
    fn take(&self, reply: &Reply, part: &Range<usize>, fates: &mut [Fate]) {
        self.stats.replied(reply.accepted, reply.duplicates);
        let kept = match (reply.accepted, reply.duplicates) {
            (_, 0) => Fate::Accepted,
            (0, _) => Fate::Duplicate,
            _ => Fate::Known,
        };
        let Some(fates) = fates.get_mut(part.clone()) else {
            return;
        };
        fates.fill(kept);
        for rejection in &reply.rejected {
            self.stats.rejected(&rejection.reason);
            if let Some(fate) = fates.get_mut(rejection.index) {
                *fate = Fate::Rejected;
            }
        }
    }
}

fn lost(why: String, stop_sending: bool) -> Settled {
    Settled::Lost { why, stop_sending }
}

fn judge(status: u16, after: Option<Duration>, text: &[u8]) -> Attempt {
    let why = format!("http_{status}");
    match policy::verdict(status) {
        Verdict::Settled => Attempt::Settled(serde_json::from_slice(text).map_or_else(
            |_| lost("unreadable_reply".to_owned(), false),
            Settled::Reply,
        )),
        Verdict::Resend => Attempt::Again { after, why },
        Verdict::Split => Attempt::Settled(Settled::TooLarge),
        Verdict::Drop => Attempt::Settled(lost(why, false)),
        Verdict::StopSending => Attempt::Settled(lost(why, true)),
    }
}

async fn read(
    reply: reqwest::Result<reqwest::Response>,
) -> reqwest::Result<(u16, Option<Duration>, bytes::Bytes)> {
    let reply = reply?;
    let status = reply.status().as_u16();
    let after = reply.headers().get(RETRY_AFTER);
    let after = after
        .and_then(|value| value.to_str().ok())
        .and_then(policy::retry_after);
    Ok((status, after, reply.bytes().await?))
}

fn kind_of(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "not_connected"
    } else {
        "connection_lost"
    }
}
