//! A session: its events go through here to the writer, and those that are new into its fold.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use tokio::time::{Instant, timeout};

use super::fate::{Delivery, EventFate};
use super::look::Figures;
use super::metrics::SummaryOutcome;
use super::presence::{InFlight, Presence};
use super::registry::Registry;
use super::store::Store;
use crate::qoe::{Applied, Event, SessionFold};
use crate::storage::{Batch, Fate, Outcome, Saved, SessionKey, StorageError};

/// Events of a session unless told otherwise, and at most: what bounds the time to fold one from its
/// rows, and the size of its timeline.
pub const MAX_SESSION_EVENTS: usize = 100_000;
/// Attempts at a summary while others write to the session; then it is left to recovery.
const MAX_ATTEMPTS: u32 = 3;
/// Waits after a summary that PostgreSQL did not take: doubled each time, up to the longest.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);
/// Reading a session's rows may take this long, the wait for its turn included; messages wait
/// meanwhile.
const LONGEST_REPLAY: Duration = Duration::from_secs(300);

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
    /// The server stops: after a failure wait for the shortest backoff only.
    pub(super) stopping: bool,
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
    /// The fold on its way came from the rows.
    refolded: bool,
    /// Failures since the last summary was written, and when the latest was.
    failed: Option<(u32, Instant)>,
}

impl SessionActor {
    /// `stale` tells that an earlier actor of the session may have taken to its grave what it knew.
    pub(super) fn new(
        key: Arc<SessionKey>,
        registry: Arc<Registry>,
        presence: Arc<Presence>,
        stale: bool,
    ) -> Self {
        Self {
            key,
            registry,
            presence,
            fold: SessionFold::new(),
            stale,
            rows: 0,
            writes: 0,
            closing: None,
            refolded: false,
            failed: None,
        }
    }

    /// The store, which only the session's one live actor may use.
    fn store(&self) -> &dyn Store {
        debug_assert!(self.registry.is_current(&self.key, &self.presence));
        self.registry.store()
    }

    fn max_events(&self) -> usize {
        self.registry.settings().limits.max_session_events
    }

    /// Splits off what would go beyond the bound. What is at the writer counts, new or not.
    fn admit(&mut self, batch: Arc<Batch>) -> (Arc<Batch>, usize) {
        let room = self.max_events().saturating_sub(self.rows);
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
            tracing::debug!(session = %self.key.session_id, %error, "events were not written");
            Outcome {
                fates: vec![Fate::Unknown; batch.records.len()],
                // Only what found no room has certainly not left for the database.
                ambiguous: !matches!(
                    error,
                    StorageError::QueueFull | StorageError::ErasuresUnknown
                ),
            }
        });
        if self.forget_if_erased() {
            let known = |fate| match EventFate::from(fate) {
                EventFate::Unknown => EventFate::Unknown,
                _ => EventFate::erased(),
            };
            return outcome.fates.into_iter().map(known).collect();
        }
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
        self.presence.show(&self.fold);
        self.stale |= outcome.ambiguous;
        if news > 0 || outcome.ambiguous {
            self.presence.changed();
        }
        outcome.fates.into_iter().map(EventFate::from).collect()
    }

    /// Drops what is known of an erased session, and tells whether it is one.
    fn forget_if_erased(&mut self) -> bool {
        if !self.presence.is_erased() {
            if !self.registry.store().is_erased(&self.key) {
                return false;
            }
            self.presence.erase();
        }
        self.fold = SessionFold::new();
        self.rows = 0;
        self.stale = false;
        true
    }

    pub(super) fn figures(&mut self) -> Figures {
        self.forget_if_erased();
        Figures {
            summary: self.fold.summary(),
            stale: self.stale,
        }
    }

    fn close(&mut self, ctx: &mut Context<Self>) {
        let erased = self.forget_if_erased();
        if self.writes > 0 {
            self.closing = None;
        } else if erased {
            self.leave(self.presence.version(), ctx);
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
        let replay = timeout(LONGEST_REPLAY, self.store().replay(Arc::clone(&self.key)));
        let done = replay.into_actor(self).map(|replayed, actor, ctx| {
            let late = |_elapsed| Err(StorageError::StatementTimeout);
            match replayed.unwrap_or_else(late) {
                Ok(fold) => actor.take_over(fold, ctx),
                Err(error) => actor.back_off(&error),
            }
        });
        ctx.wait(done);
    }

    /// Goes on with what the rows say.
    fn take_over(&mut self, fold: SessionFold, ctx: &mut Context<Self>) {
        self.rows = usize::try_from(fold.event_count()).unwrap_or(usize::MAX);
        self.fold = fold;
        self.presence.show(&self.fold);
        self.stale = false;
        self.refolded = true;
        self.close(ctx);
    }

    fn save(&mut self, ctx: &mut Context<Self>) {
        let version = self.presence.version();
        let save = self
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
                self.count(if self.refolded {
                    SummaryOutcome::Refolded
                } else {
                    SummaryOutcome::Written
                });
                self.failed = None;
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
        let failures = self.failed.map_or(0, |(failures, _)| failures);
        self.failed = Some((failures + 1, Instant::now()));
        // Storage says once what is wrong; there may be 100 000 sessions.
        tracing::debug!(session = %self.key.session_id, %error, "a summary was not written, it is tried again");
    }

    fn is_backing_off(&self, stopping: bool) -> bool {
        self.failed.is_some_and(|(failures, at)| {
            let doublings = if stopping { 0 } else { (failures - 1).min(10) };
            let backoff = FIRST_BACKOFF.saturating_mul(1 << doublings);
            at.elapsed() < backoff.min(LONGEST_BACKOFF)
        })
    }

    fn count(&self, outcome: SummaryOutcome) {
        self.registry.metrics().count_summaries(outcome, 1);
    }
}

impl Actor for SessionActor {
    type Context = Context<Self>;
}

/// However it ends, also by a panic, its fold goes with it.
impl Drop for SessionActor {
    fn drop(&mut self) {
        self.presence.hide();
    }
}

impl Handler<Ingest> for SessionActor {
    type Result = ResponseActFuture<Self, Delivery>;

    fn handle(&mut self, message: Ingest, _: &mut Self::Context) -> Self::Result {
        let Ingest { batch, in_flight } = message;
        // It may have waited here for long.
        if self.forget_if_erased() {
            let fates = vec![EventFate::erased(); batch.records.len()];
            return Box::pin(actix::fut::ready(Delivery(fates)));
        }
        let (batch, excess) = self.admit(batch);
        let write = self.store().write(Arc::clone(&batch));
        Box::pin(write.into_actor(self).map(move |outcome, actor, _| {
            let mut fates = actor.settle(&batch, outcome);
            let full = EventFate::full(actor.max_events());
            fates.extend(std::iter::repeat_n(full, excess));
            drop(in_flight);
            Delivery(fates)
        }))
    }
}

impl Handler<Close> for SessionActor {
    type Result = ();

    fn handle(&mut self, message: Close, ctx: &mut Self::Context) {
        if self.closing.is_none() && !self.is_backing_off(message.stopping) {
            self.closing = Some(0);
            self.refolded = false;
            self.close(ctx);
        }
    }
}
