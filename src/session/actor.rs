//! A session: its events go through here to the writer, and those that are new into its fold.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use tokio::time::Instant;

use super::metrics::SummaryOutcome;
use super::presence::{InFlight, Presence};
use super::registry::Registry;
use crate::qoe::{Applied, Event, SessionFold};
use crate::storage::event::Reason;
use crate::storage::{Batch, Fate, Outcome, Saved, SessionKey, StorageError};

/// More events than this are refused: `session_full`.
pub const MAX_SESSION_EVENTS: usize = 100_000;
/// Attempts at a summary while others write to the session; then it is left to recovery.
const MAX_ATTEMPTS: u32 = 3;
/// Waits after a summary that PostgreSQL did not take: doubled each time, up to the longest.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// What a client is told of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventFate {
    /// It is committed.
    Accepted,
    /// It was committed already.
    Duplicate,
    /// It is refused, with a detail for a person.
    Rejected(Reason, String),
    /// PostgreSQL was away: the client must send it again.
    Unknown,
}

/// The fates of a message's events, in their order.
#[derive(Debug, MessageResponse)]
pub struct Delivery(pub Vec<EventFate>);

/// A request's events of one session.
#[derive(Debug, Message)]
#[rtype(result = "Delivery")]
pub struct Ingest {
    pub(super) batch: Arc<Batch>,
    pub(super) in_flight: InFlight,
}

/// The session seems idle: write its summary and leave.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Close {
    /// The server stops: do not wait for a backoff to end.
    pub(super) at_once: bool,
}

/// The actor of one session.
pub struct SessionActor {
    key: Arc<SessionKey>,
    registry: Arc<Registry>,
    presence: Arc<Presence>,
    /// What was told to be new, in order; a subset of the session's rows.
    fold: SessionFold,
    /// The fold misses rows, or rows came out of order: fold the rows before the next summary.
    stale: bool,
    /// Rows known to be there or on their way, to hold the bound on events.
    rows: usize,
    /// Batches at the writer.
    writes: u32,
    /// A summary is on its way; attempts so far.
    closing: Option<u32>,
    failures: u32,
    retry_at: Option<Instant>,
}

impl SessionActor {
    pub(super) fn new(
        key: Arc<SessionKey>,
        registry: Arc<Registry>,
        presence: Arc<Presence>,
    ) -> Self {
        Self {
            key,
            registry,
            presence,
            fold: SessionFold::new(),
            stale: false,
            rows: 0,
            writes: 0,
            closing: None,
            failures: 0,
            retry_at: None,
        }
    }

    /// Splits off what would go beyond the bound. What is at the writer counts, new or not.
    fn admit(&mut self, batch: Arc<Batch>) -> (Arc<Batch>, usize) {
        let room = MAX_SESSION_EVENTS.saturating_sub(self.rows);
        let excess = batch.records.len().saturating_sub(room);
        let admitted = if excess == 0 {
            batch
        } else {
            let records = batch.records.iter().take(room).cloned().collect();
            Arc::new(Batch {
                key: Arc::clone(&batch.key),
                records,
            })
        };
        self.rows += admitted.records.len();
        self.writes += 1;
        (admitted, excess)
    }

    /// Folds what is new and tells the fates.
    fn settle(&mut self, batch: &Batch, outcome: Result<Outcome, StorageError>) -> Vec<EventFate> {
        self.writes -= 1;
        let outcome = outcome.unwrap_or_else(|error| {
            tracing::warn!(session = %self.key.session_id, %error, "events were not written");
            // They never left for the database, so nothing is ambiguous.
            Outcome {
                fates: vec![Fate::Unknown; batch.records.len()],
                ambiguous: false,
            }
        });
        let is_new = |fate: &Fate| *fate == Fate::New;
        let news = outcome.fates.iter().filter(|fate| is_new(fate)).count();
        self.rows -= outcome.fates.len() - news;
        let fates = batch.records.iter().zip(&outcome.fates);
        let mut events: Vec<&Event> = fates
            .filter(|(_, fate)| is_new(fate))
            .map(|(record, _)| &record.event)
            .collect();
        events.sort_by(|a, b| a.order(b));
        for event in events {
            self.stale |= self.fold.apply(event) == Applied::Late;
        }
        self.stale |= outcome.ambiguous;
        if news > 0 || outcome.ambiguous {
            self.presence.changed();
        }
        outcome.fates.into_iter().map(EventFate::from).collect()
    }

    fn close(&mut self, ctx: &mut Context<Self>) {
        if self.writes > 0 {
            self.closing = None;
        } else if self.stale {
            self.refold(ctx);
        } else if self.fold.event_count() == 0 {
            // Nothing new came: duplicates do not reopen a session.
            self.leave(self.presence.version(), ctx);
        } else {
            self.save(ctx);
        }
    }

    /// Folds the session from its rows. Messages wait meanwhile, so that what they bring comes after.
    fn refold(&mut self, ctx: &mut Context<Self>) {
        let replay = self.registry.store().replay(Arc::clone(&self.key));
        let done = replay
            .into_actor(self)
            .map(|replayed, actor, ctx| match replayed {
                Ok(fold) => {
                    actor.rows = usize::try_from(fold.event_count()).unwrap_or(usize::MAX);
                    actor.fold = fold;
                    actor.stale = false;
                    actor.close(ctx);
                }
                Err(error) => actor.back_off(&error),
            });
        ctx.wait(done);
    }

    fn save(&mut self, ctx: &mut Context<Self>) {
        let version = self.presence.version();
        let save = self
            .registry
            .store()
            .save(Arc::clone(&self.key), self.fold.summary());
        let done = save
            .into_actor(self)
            .map(move |saved, actor, ctx| actor.saved(saved, version, ctx));
        ctx.spawn(done);
    }

    fn saved(&mut self, saved: Result<Saved, StorageError>, version: u64, ctx: &mut Context<Self>) {
        let attempt = self.closing.unwrap_or(0) + 1;
        match saved {
            Ok(Saved::Written) => {
                let refolded = attempt > 1;
                self.count(if refolded {
                    SummaryOutcome::Refolded
                } else {
                    SummaryOutcome::Written
                });
                self.failures = 0;
                self.leave(version, ctx);
            }
            // Something is there that this actor was not told of.
            Ok(Saved::Refused) => {
                self.stale = true;
                if attempt < MAX_ATTEMPTS {
                    self.closing = Some(attempt);
                    self.close(ctx);
                } else {
                    self.count(SummaryOutcome::LeftToRecovery);
                    self.leave(version, ctx);
                }
            }
            Err(error) => self.back_off(&error),
        }
    }

    /// Stops, unless something came in meanwhile: then the session goes on.
    fn leave(&mut self, version: u64, ctx: &mut Context<Self>) {
        self.closing = None;
        if self.registry.leave(&self.key, &self.presence, version) {
            ctx.stop();
        }
    }

    fn back_off(&mut self, error: &StorageError) {
        self.closing = None;
        self.count(SummaryOutcome::Failed);
        let backoff = FIRST_BACKOFF
            .saturating_mul(1 << self.failures.min(10))
            .min(LONGEST_BACKOFF);
        self.failures += 1;
        self.retry_at = Some(Instant::now() + backoff);
        tracing::warn!(session = %self.key.session_id, %error, "a summary was not written, it is tried again");
    }

    fn count(&self, outcome: SummaryOutcome) {
        self.registry.metrics().count_summaries(outcome, 1);
    }
}

impl Actor for SessionActor {
    type Context = Context<Self>;
}

impl Handler<Ingest> for SessionActor {
    type Result = ResponseActFuture<Self, Delivery>;

    fn handle(&mut self, message: Ingest, _: &mut Self::Context) -> Self::Result {
        let Ingest { batch, in_flight } = message;
        let (batch, excess) = self.admit(batch);
        let write = self.registry.store().write(Arc::clone(&batch));
        Box::pin(write.into_actor(self).map(move |outcome, actor, _| {
            let mut fates = actor.settle(&batch, outcome);
            fates.extend(std::iter::repeat_n(EventFate::full(), excess));
            drop(in_flight);
            Delivery(fates)
        }))
    }
}

impl Handler<Close> for SessionActor {
    type Result = ();

    fn handle(&mut self, message: Close, ctx: &mut Self::Context) {
        let backing_off = self.retry_at.is_some_and(|at| Instant::now() < at) && !message.at_once;
        if self.closing.is_none() && !backing_off {
            self.closing = Some(0);
            self.close(ctx);
        }
    }
}

impl EventFate {
    fn full() -> Self {
        let detail = format!("the session has its {MAX_SESSION_EVENTS} events");
        EventFate::Rejected(Reason::SessionFull, detail)
    }
}

impl From<Fate> for EventFate {
    fn from(fate: Fate) -> Self {
        match fate {
            Fate::New => EventFate::Accepted,
            Fate::Duplicate => EventFate::Duplicate,
            Fate::Poison(message) => EventFate::Rejected(Reason::Unstorable, message),
            Fate::Unknown => EventFate::Unknown,
        }
    }
}
