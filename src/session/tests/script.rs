//! What a test can tell the store to do: wait at a stage, misbehave at a call, or act by chance.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

/// On the paused clock this costs nothing; on the real one nothing takes as long.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);

/// Where a call can be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    /// Before the rows are committed.
    Write,
    /// Between the commit and the reply.
    WriteReply,
    /// Before the summary's guard is looked at.
    Save,
    /// Between the summary's commit and the reply.
    SaveReply,
    /// Before the rows are read.
    Replay,
}

/// How a write goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteFault {
    /// The lane's queue is full.
    QueueFull,
    /// PostgreSQL could not be reached: certainly nothing was written.
    Away,
    /// The rows are committed, the reply was lost, and the repeated attempt finds its own rows.
    ReplyLost,
    /// The rows are committed, and no attempt was ever answered.
    NeverAnswered,
    /// The rows are committed, and the writer ended before it could say so.
    WriterGone,
    /// Nothing is written and the actor panics.
    PanicBefore,
    /// The rows are committed and the actor panics.
    PanicAfter,
}

/// How the write of a summary goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SaveFault {
    /// It is not written.
    Fail,
    /// It is written, and the reply was lost.
    ReplyLost,
    /// The guard refuses it for no reason.
    Refuse,
    /// It is not written and the actor panics.
    Panic,
}

/// How a replay goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReplayFault {
    /// The rows cannot be read.
    Fail,
    /// The actor panics.
    Panic,
    /// There is never an answer.
    Hang,
}

/// What comes next; an empty queue means that all goes well.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) writes: Mutex<VecDeque<WriteFault>>,
    pub(super) saves: Mutex<VecDeque<SaveFault>>,
    pub(super) replays: Mutex<VecDeque<ReplayFault>>,
    /// Calls to a stage are held from this one on.
    held: watch::Sender<HashMap<Stage, usize>>,
    arrivals: watch::Sender<HashMap<Stage, usize>>,
    chaos: Option<Mutex<Chaos>>,
}

/// Chance instead of a script.
#[derive(Debug)]
pub(super) struct Chaos {
    pub(super) dice: Xoshiro256PlusPlus,
    /// Actors may panic.
    pub(super) panics: bool,
    /// Calls take time, which is only to be had on a paused clock; otherwise they yield.
    pub(super) sleeps: bool,
    /// It is over: from now on all goes well.
    pub(super) calm: bool,
}

impl Script {
    pub(super) fn chaotic(chaos: Chaos) -> Self {
        Self {
            chaos: Some(Mutex::new(chaos)),
            ..Self::default()
        }
    }

    /// Ends the chaos.
    pub(super) fn calm(&self) {
        self.roll(|chaos| chaos.calm = true);
    }

    /// Calls that come to `stage` wait there until it is released.
    pub(super) fn hold(&self, stage: Stage) {
        self.hold_from(stage, 1);
    }

    /// The `first`th call to `stage`, counted from the beginning, and those after it wait there.
    pub(super) fn hold_from(&self, stage: Stage, first: usize) {
        self.held.send_modify(|held| {
            held.insert(stage, first);
        });
    }

    pub(super) fn release(&self, stage: Stage) {
        self.held.send_modify(|held| {
            held.remove(&stage);
        });
    }

    /// Waits until `count` calls have come to `stage` since the beginning.
    pub(super) async fn arrived(&self, stage: Stage, count: usize) {
        let mut arrivals = self.arrivals.subscribe();
        let enough = arrivals.wait_for(|seen| seen.get(&stage).is_some_and(|&n| n >= count));
        timeout(PATIENCE, enough)
            .await
            .unwrap_or_else(|_| panic!("fewer than {count} calls came to {stage:?}"))
            .unwrap();
    }

    pub(super) async fn pass(&self, stage: Stage) {
        let mut nth = 0;
        self.arrivals.send_modify(|arrivals| {
            let seen = arrivals.entry(stage).or_default();
            *seen += 1;
            nth = *seen;
        });
        let mut held = self.held.subscribe();
        let free = held.wait_for(|held| held.get(&stage).is_none_or(|&first| nth < first));
        free.await.unwrap();
        self.dawdle().await;
    }

    async fn dawdle(&self) {
        let delay = self.roll(|chaos| match chaos.dice.random_range(0..4) {
            0 => (chaos.dice.random_range(0..12), chaos.sleeps),
            _ => (0, false),
        });
        match delay {
            Some((ms, true)) => sleep(Duration::from_millis(ms)).await,
            Some((turns, false)) => {
                for _ in 0..turns {
                    yield_now().await;
                }
            }
            None => {}
        }
    }

    pub(super) fn next_write(&self) -> Option<WriteFault> {
        let scripted = self.writes.lock().unwrap().pop_front();
        scripted.or_else(|| {
            self.roll(|chaos| match chaos.dice.random_range(0..100) {
                0..4 => Some(WriteFault::QueueFull),
                4..8 => Some(WriteFault::Away),
                8..14 => Some(WriteFault::ReplyLost),
                14..18 => Some(WriteFault::NeverAnswered),
                18 => Some(WriteFault::WriterGone),
                19 if chaos.panics => Some(WriteFault::PanicBefore),
                20 if chaos.panics => Some(WriteFault::PanicAfter),
                _ => None,
            })?
        })
    }

    pub(super) fn next_save(&self) -> Option<SaveFault> {
        let scripted = self.saves.lock().unwrap().pop_front();
        scripted.or_else(|| {
            self.roll(|chaos| match chaos.dice.random_range(0..100) {
                0..6 => Some(SaveFault::Fail),
                6..12 => Some(SaveFault::ReplyLost),
                12..14 => Some(SaveFault::Refuse),
                _ => None,
            })?
        })
    }

    pub(super) fn next_replay(&self) -> Option<ReplayFault> {
        let scripted = self.replays.lock().unwrap().pop_front();
        scripted.or_else(|| {
            self.roll(|chaos| (chaos.dice.random_range(0..100) < 8).then_some(ReplayFault::Fail))?
        })
    }

    fn roll<T>(&self, draw: impl FnOnce(&mut Chaos) -> T) -> Option<T> {
        let mut chaos = self.chaos.as_ref()?.lock().unwrap();
        (!chaos.calm).then(|| draw(&mut chaos))
    }
}
