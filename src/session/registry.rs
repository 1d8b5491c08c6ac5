//! Which session has which actor.
//!
//! The map is the only place that decides. Entering (a message is about to be sent) and leaving (an
//! actor is about to stop) both happen under its lock, and nothing is ever awaited under it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use actix::prelude::SendError;
use actix::{Actor, Addr};
use dashmap::DashMap;
use dashmap::mapref::entry::Entry as MapEntry;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use super::actor::{Close, Ingest, MAX_SESSION_EVENTS, SessionActor};
use super::fate::{Delivery, EventFate};
use super::look::{Busy, Figures, Look};
use super::metrics::Metrics;
use super::overview::LatestOverview;
use super::presence::{Glance, InFlight, Presence};
use super::store::Store;
use crate::storage::event::EventRecord;
use crate::storage::{Batch, SessionKey};

/// How the session layer behaves.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// A session without an event for this long, on the server's clock, gets its summary.
    pub idle_timeout: Duration,
    /// What may be live.
    pub limits: Limits,
}

/// What may be live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sessions at once. When so many are live, events of another one are answered with 503; those of
    /// live ones are taken.
    pub max_live_sessions: usize,
    /// Events of a session; the excess is refused as `session_full`.
    pub max_session_events: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_live_sessions: 1_000_000,
            max_session_events: MAX_SESSION_EVENTS,
        }
    }
}

/// Parts of the map, each with a lock of its own. Who goes over all sessions holds up only who enters
/// the part that is looked at, and with so many parts for no longer than a fraction of a millisecond.
const PARTS: usize = 256;
/// Between looks at whether a drain is over.
const DRAIN_POLL: Duration = Duration::from_millis(20);
/// Looks between asking those that are left once more.
const DRAIN_POLLS_PER_ROUND: u32 = 25;

/// Who wants to see a session's figures waits this long while it is folded from its rows.
const LONGEST_LOOK: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct Entry {
    address: Addr<SessionActor>,
    presence: Arc<Presence>,
}

/// The live sessions of this process.
pub struct Registry {
    sessions: DashMap<Arc<SessionKey>, Entry>,
    /// How many entries the map has: to count them there takes all of its locks.
    live: AtomicUsize,
    store: Arc<dyn Store>,
    settings: Settings,
    metrics: Metrics,
    generations: AtomicU64,
    epoch: Instant,
    pub(super) overview: LatestOverview,
}

impl Registry {
    /// An empty registry.
    pub fn new(store: Arc<dyn Store>, settings: Settings, metrics: Metrics) -> Arc<Self> {
        Arc::new(Self {
            sessions: DashMap::with_shard_amount(PARTS),
            live: AtomicUsize::new(0),
            store,
            settings,
            metrics,
            generations: AtomicU64::new(0),
            epoch: Instant::now(),
            overview: LatestOverview::default(),
        })
    }

    /// Has a session's events stored and folded, and tells the fate of each, in their order. `None`
    /// when it cannot be told: the client must send them again.
    ///
    /// Must be called on an arbiter: a new session's actor starts there.
    pub async fn deliver(
        self: &Arc<Self>,
        key: SessionKey,
        records: Vec<EventRecord>,
    ) -> Option<Delivery> {
        let key = Arc::new(key);
        if self.store.is_erased(&key) {
            return Some(Delivery(vec![EventFate::erased(); records.len()]));
        }
        let batch = Arc::new(Batch {
            key: Arc::clone(&key),
            records,
        });
        // A message that arrives behind an actor's end comes back unhandled, but so does one whose
        // actor died of it. Sending it once more is right in both cases: rows are unique.
        for _attempt in 0..2 {
            let Some((address, in_flight)) = self.enter(&key) else {
                return Some(Delivery(vec![EventFate::NoRoom; batch.records.len()]));
            };
            let message = Ingest {
                batch: Arc::clone(&batch),
                in_flight,
            };
            if let Ok(delivery) = address.send(message).await {
                return Some(delivery);
            }
        }
        None
    }

    /// The figures of a session so far, unless it has no actor here. Looking neither keeps an actor
    /// alive nor starts one. An actor whose mailbox is full is not asked.
    pub async fn figures(&self, key: &SessionKey) -> Result<Option<Figures>, Busy> {
        let address = self.sessions.get(key).map(|entry| entry.address.clone());
        let Some(address) = address else {
            return Ok(None);
        };
        let (reply, told) = oneshot::channel();
        match address.try_send(Look { reply }) {
            Ok(()) => {}
            Err(SendError::Full(_)) => return Err(Busy),
            Err(SendError::Closed(_)) => return Ok(None),
        }
        // It may have left with the question unread.
        let told = timeout(LONGEST_LOOK, told).await;
        told.map(Result::ok).map_err(|_elapsed| Busy)
    }

    /// The actors of up to `most` sessions of a project.
    pub(super) fn addresses(
        &self,
        project: &str,
        most: usize,
    ) -> Vec<(Arc<SessionKey>, Addr<SessionActor>)> {
        let entries = self.sessions.iter();
        let of_project = entries.filter(|entry| &*entry.key().project == project);
        let named = of_project.map(|entry| (Arc::clone(entry.key()), entry.address.clone()));
        named.take(most).collect()
    }

    /// What every session shows of itself, of all projects. No actor is asked: each part of the map is
    /// locked for as long as it takes to copy two words per session.
    pub(super) fn glances(&self) -> impl Iterator<Item = (Arc<str>, Glance)> {
        let entries = self.sessions.iter();
        entries.filter_map(|it| Some((Arc::clone(&it.key().project), it.presence.glance()?)))
    }

    /// The session's actor, which is started unless it lives; `None` when there is no room for one.
    fn enter(self: &Arc<Self>, key: &Arc<SessionKey>) -> Option<(Addr<SessionActor>, InFlight)> {
        match self.sessions.entry(Arc::clone(key)) {
            MapEntry::Occupied(mut occupied) => {
                // A panic ends an actor without a word to the registry, and what it had folded or
                // sent to the writer is not known any more.
                if !occupied.get().address.connected() {
                    self.metrics.lost_actors.inc();
                    occupied.insert(self.start_actor(key, true));
                }
                let entry = occupied.get();
                Some((entry.address.clone(), entry.presence.enter()))
            }
            MapEntry::Vacant(vacant) => {
                if !self.take_place() {
                    self.metrics.sessions_refused.inc();
                    return None;
                }
                self.metrics.live_sessions.inc();
                let entry = vacant.insert(self.start_actor(key, false));
                Some((entry.address.clone(), entry.presence.enter()))
            }
        }
    }

    /// Counts a session that comes, unless as many as may be are live.
    fn take_place(&self) -> bool {
        let most = self.settings.limits.max_live_sessions;
        let one_more = |live: usize| (live < most).then_some(live + 1);
        let counted = self
            .live
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more);
        counted.is_ok()
    }

    fn start_actor(self: &Arc<Self>, key: &Arc<SessionKey>, stale: bool) -> Entry {
        let generation = self.generations.fetch_add(1, Ordering::Relaxed);
        let presence = Arc::new(Presence::new(generation, self.epoch));
        let (registry, shared) = (Arc::clone(self), Arc::clone(&presence));
        let actor = SessionActor::new(Arc::clone(key), registry, shared, stale);
        Entry {
            address: actor.start(),
            presence,
        }
    }

    /// Takes an actor out of the map, if it is still the session's, nothing is in flight and its fold
    /// is still at `version`. Only then may it stop.
    pub(super) fn leave(&self, key: &Arc<SessionKey>, presence: &Presence, version: u64) -> bool {
        let left = self.sessions.remove_if(key, |_, entry| {
            entry.presence.generation == presence.generation
                && !entry.presence.is_busy()
                && entry.presence.version() == version
        });
        if left.is_some() {
            self.live.fetch_sub(1, Ordering::SeqCst);
            self.metrics.live_sessions.dec();
        }
        left.is_some()
    }

    /// Whether this presence is that of the session's actor.
    pub(super) fn is_current(&self, key: &SessionKey, presence: &Presence) -> bool {
        let entry = self.sessions.get(key);
        entry.is_some_and(|entry| entry.presence.generation == presence.generation)
    }

    /// Whether a session has an actor here.
    pub fn contains(&self, key: &SessionKey) -> bool {
        self.sessions.contains_key(key)
    }

    /// Sessions with an actor.
    pub fn len(&self) -> usize {
        self.live.load(Ordering::SeqCst)
    }

    /// Whether no session has an actor.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn store(&self) -> &dyn Store {
        &*self.store
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub(super) fn settings(&self) -> Settings {
        self.settings
    }

    /// Asks the actors of all sessions idle for `idle_for` to close. Those whose mailbox is full are
    /// anything but idle and are asked another time; dead ones are taken out of the map, recovery
    /// looks after their sessions.
    pub(super) fn close_idle(&self, idle_for: Duration, close: Close) {
        let mut dead = Vec::new();
        for entry in &self.sessions {
            if !entry.presence.is_idle(idle_for) {
                continue;
            }
            if !entry.address.connected() {
                dead.push((Arc::clone(entry.key()), Arc::clone(&entry.presence)));
            } else if entry.address.try_send(close).is_err() {
                tracing::debug!("a session's mailbox is full, it is closed later");
            }
        }
        for (key, presence) in dead {
            if self.leave(&key, &presence, presence.version()) {
                self.metrics.lost_actors.inc();
            }
        }
    }

    /// Has the actors of erased sessions forget them and leave without a summary. To be called when
    /// the store has learned of erasures.
    pub fn evict_erased(&self) {
        for entry in &self.sessions {
            if self.store.is_erased(entry.key()) && !entry.presence.is_erased() {
                entry.presence.erase();
                // One that has no time now finds it out by itself.
                entry.address.try_send(Close { stopping: true }).ok();
            }
        }
    }

    /// Closes all sessions, for a server that stops; true when none is left. What is left at the
    /// deadline is recovery's at the next start.
    pub async fn drain(&self, deadline: Duration) -> bool {
        let end = Instant::now() + deadline;
        while !self.is_empty() && Instant::now() < end {
            self.close_idle(Duration::ZERO, Close { stopping: true });
            for _poll in 0..DRAIN_POLLS_PER_ROUND {
                if !self.is_empty() && Instant::now() < end {
                    sleep(DRAIN_POLL).await;
                }
            }
        }
        self.is_empty()
    }
}
