//! Many sessions, impatient clients, and a store that is slow, away, forgetful and worse, by chance.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::Arbiter;
use futures_util::future::join_all;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::memory::Identity;
use super::script::{Chaos, PATIENCE, Script};
use super::{EventFate, World, event, eventually, key};
use crate::session::{Close, Registry, sweep};
use crate::storage::event::EventRecord;

/// So short that sessions come and go while their clients only hesitate.
const TINY_IDLE: Duration = Duration::from_millis(4);

/// How often each event was told to be accepted, for those that were acked.
type Acks = Arc<Mutex<HashMap<Identity, usize>>>;

#[actix::test]
async fn nothing_is_lost_or_doubled_when_the_store_misbehaves() {
    tokio::time::pause();
    let world = chaotic(1, false, true);
    play_here(&world, 50, 200).await;
    assert_eq!(world.metric("lost_actors_total"), 0);
}

#[actix::test]
async fn nothing_is_lost_or_doubled_when_actors_panic_too() {
    tokio::time::pause();
    let world = chaotic(2, true, true);
    play_here(&world, 50, 200).await;
    assert!(world.metric("lost_actors_total") > 50);
}

#[actix::test]
async fn nothing_is_lost_or_doubled_between_threads() {
    let world = chaotic(3, false, false);
    let arbiters = [Arbiter::new(), Arbiter::new(), Arbiter::new()];
    let mut done = Vec::new();
    // Every session has a client on every thread, and they send the same events.
    for (seed, arbiter) in (0..).zip(&arbiters) {
        let registry = Arc::clone(&world.registry);
        let (finished, finish) = oneshot::channel();
        arbiter.spawn(async move {
            let clients = (0..30).map(|n| Client::new(&registry, n, seed).play(50));
            finished.send(join_all(clients).await).ok();
        });
        done.push(finish);
    }
    let sweeping = async {
        loop {
            world
                .registry
                .close_idle(TINY_IDLE, Close { stopping: false });
            yield_now().await;
        }
    };
    let acks = tokio::select! {
        acks = timeout(PATIENCE, join_all(done)) => acks.expect("the clients are done in time"),
        () = sweeping => unreachable!(),
    };
    let acks = merged(acks.into_iter().flat_map(|acks| acks.unwrap()));
    check(&world, &acks).await;
    assert_eq!(
        world.metric("lost_actors_total"),
        0,
        "no actor acted after it left"
    );
    for arbiter in arbiters {
        arbiter.stop();
        arbiter.join().unwrap();
    }
}

fn chaotic(seed: u64, panics: bool, sleeps: bool) -> World {
    let chaos = Chaos {
        dice: Xoshiro256PlusPlus::seed_from_u64(seed),
        panics,
        sleeps,
        calm: false,
    };
    World::new(Script::chaotic(chaos), TINY_IDLE)
}

async fn play_here(world: &World, sessions: u64, batches: usize) {
    let sweeper = actix::spawn(sweep(Arc::clone(&world.registry)));
    let clients = (0..sessions).map(|n| Client::new(&world.registry, n, 0).play(batches));
    let acks = merged(join_all(clients).await);
    sweeper.abort();
    check(world, &acks).await;
}

type Session = (String, HashMap<Identity, usize>);

/// Adds up what several clients of a session were told.
fn merged(
    sessions: impl IntoIterator<Item = Session>,
) -> HashMap<String, HashMap<Identity, usize>> {
    let mut merged: HashMap<String, HashMap<Identity, usize>> = HashMap::new();
    for (name, acks) in sessions {
        let all = merged.entry(name).or_default();
        for (identity, accepted) in acks {
            *all.entry(identity).or_default() += accepted;
        }
    }
    merged
}

/// After a drain in calm: what was acked is there, told to be new at most once, and summarized.
async fn check(world: &World, acks: &HashMap<String, HashMap<Identity, usize>>) {
    world.store.script.calm();
    assert!(
        world.registry.drain(PATIENCE).await,
        "nothing is left in flight"
    );
    assert_eq!(world.metric("live_sessions"), 0);
    let mut behind = 0;
    for (name, acks) in acks {
        let stored = world.store.stored(&key(name));
        for (identity, &accepted) in acks {
            assert!(
                stored.rows.contains_key(identity),
                "{name} has lost {identity:?}"
            );
            assert!(
                accepted <= 1,
                "{identity:?} of {name} was accepted {accepted} times"
            );
        }
        assert_eq!(
            stored.rows.len(),
            acks.len(),
            "every event was acked in the end"
        );
        let summary = stored.summary.as_ref();
        behind += u64::from(summary != Some(&stored.fold().summary()));
    }
    // By chance a guard may refuse a summary three times.
    let left = world.summaries("left_to_recovery");
    assert!(
        behind <= left,
        "{behind} summaries are wrong, {left} were left to recovery"
    );
    assert!(world.summaries("written") > 0 && world.summaries("refolded") > 0);
}

/// A player with a bad network: it hangs up, sends things twice and in any order, and does not give
/// up before each event is acked.
struct Client {
    registry: Arc<Registry>,
    name: String,
    dice: Xoshiro256PlusPlus,
    acks: Acks,
}

impl Client {
    fn new(registry: &Arc<Registry>, session: u64, seed: u64) -> Self {
        Self {
            registry: Arc::clone(registry),
            name: format!("{session:03}"),
            dice: Xoshiro256PlusPlus::seed_from_u64(session * 1000 + seed),
            acks: Acks::default(),
        }
    }

    async fn play(mut self, batches: usize) -> Session {
        let mut late = Vec::new();
        for batch in 0..batches {
            let mut events: Vec<_> = (batch * 3..batch * 3 + 3).map(event).collect();
            if self.chance(3) {
                late.extend(events.pop());
            }
            if self.chance(10) {
                events.append(&mut late);
                events.shuffle(&mut self.dice);
            }
            self.deliver(events).await;
            if self.chance(5) {
                self.rest().await;
            }
        }
        self.deliver(late).await;
        let acks = std::mem::take(&mut *self.acks.lock().unwrap());
        (self.name, acks)
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.dice.random_range(0..100) < percent
    }

    /// Waits until the session is over.
    async fn rest(&mut self) {
        let key = key(&self.name);
        let others_play = self.chance(50);
        let gone = || others_play || !self.registry.contains(&key);
        eventually("the session rests", gone).await;
    }

    /// Sends events until each is acked.
    async fn deliver(&mut self, events: Vec<EventRecord>) {
        let mut left = events;
        let mut attempts = 0;
        while !left.is_empty() {
            attempts += 1;
            assert!(attempts < 1000, "never acked");
            let first = self.send(self.stamped(&left, attempts));
            if self.chance(5) {
                // It hangs up at some point and will ask again.
                let turns = self.dice.random_range(0..6);
                tokio::select! {
                    biased;
                    _ = first => {}
                    () = yields(turns) => {}
                }
            } else if self.chance(10) {
                let second = self.send(self.stamped(&left, attempts + 1));
                futures_util::join!(first, second);
            } else {
                first.await;
            }
            let acks = self.acks.lock().unwrap();
            left.retain(|record| !acks.contains_key(&identity(record)));
        }
    }

    /// The same events, received at another time.
    fn stamped(&self, records: &[EventRecord], attempt: i64) -> Vec<EventRecord> {
        let mut records = records.to_vec();
        for record in &mut records {
            record.event.created_at_ms += attempt;
        }
        records
    }

    fn send(&self, records: Vec<EventRecord>) -> impl Future<Output = ()> + use<> {
        let (registry, acks) = (Arc::clone(&self.registry), Arc::clone(&self.acks));
        let key = key(&self.name);
        async move {
            let identities: Vec<Identity> = records.iter().map(identity).collect();
            let Some(delivery) = registry.deliver(key, records).await else {
                return;
            };
            assert_eq!(delivery.0.len(), identities.len());
            let mut acks = acks.lock().unwrap();
            for (identity, fate) in identities.into_iter().zip(delivery.0) {
                match fate {
                    EventFate::Accepted => *acks.entry(identity).or_default() += 1,
                    EventFate::Duplicate => *acks.entry(identity).or_default() += 0,
                    EventFate::Unknown => {}
                    EventFate::Rejected(..) | EventFate::NoRoom => {
                        panic!("nothing is wrong with the events, and there is room")
                    }
                }
            }
        }
    }
}

fn identity(record: &EventRecord) -> Identity {
    (record.event.event_id.clone(), record.event.timestamp_ms)
}

async fn yields(turns: usize) {
    for _ in 0..turns {
        yield_now().await;
    }
}
