//! Plays the sessions: each in its order, all of them side by side.

use std::ops::Range;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::args::{SimulateArgs, Speed};
use super::batch::Batch;
use super::dice::{Dice, Stream};
use super::logs::Logs;
use super::schedule::{Schedule, Spread};
use super::sender::{Fate, Sender};
use super::session::{Recipe, Session};
use super::stats::Shared;

/// The longest that a client keeps an event back, ms of its own time.
const HOLD_MS: i64 = 10_000;

/// Everything that the sessions of a run share.
pub(super) struct Run {
    recipe: Recipe,
    batch: usize,
    duplicate_share: f64,
    shuffle: bool,
    /// How many sessions may be under way.
    slots: usize,
    urls: Vec<reqwest::Url>,
    sender: Sender,
    logs: Logs,
    stats: Shared,
    stop: watch::Receiver<bool>,
}

impl Run {
    /// Puts a run together. `now_ms` is the wall clock, epoch ms.
    pub(super) fn new(
        args: &SimulateArgs,
        now_ms: i64,
        stats: Shared,
        stop: watch::Receiver<bool>,
    ) -> anyhow::Result<Self> {
        let sender = Sender::new(
            args.concurrency,
            args.gzip,
            args.write_key.clone(),
            args.max_wait,
            stop.clone(),
            stats.clone(),
        )?;
        Ok(Self {
            recipe: recipe(args, now_ms)?,
            batch: usize::try_from(args.batch)?,
            duplicate_share: args.duplicate_share,
            shuffle: args.shuffle,
            slots: match args.speed {
                Speed::Max => usize::try_from(args.concurrency)?,
                Speed::Times(_) => Semaphore::MAX_PERMITS,
            },
            urls: args.endpoints()?,
            sender,
            logs: Logs::create(args)?,
            stats,
            stop,
        })
    }

    /// Starts every session when it arrives and there is room, and waits for the last.
    pub(super) async fn play(self: Arc<Self>) -> anyhow::Result<()> {
        let begun = Instant::now();
        let slots = Arc::new(Semaphore::new(self.slots));
        let mut sessions = JoinSet::new();
        for index in 0..self.recipe.sessions {
            let arrival = begun.checked_add(self.recipe.schedule.arrival(index));
            let slot = Arc::clone(&slots).acquire_owned().await?;
            if !self.wait_until(arrival).await {
                break;
            }
            while let Some(ended) = sessions.try_join_next() {
                ended.context("a session panicked")??;
            }
            let run = Arc::clone(&self);
            sessions.spawn(async move {
                let _slot = slot;
                run.play_session(index, begun).await
            });
        }
        while let Some(ended) = sessions.join_next().await {
            ended.context("a session panicked")??;
        }
        Ok(())
    }

    async fn play_session(&self, index: u64, begun: Instant) -> anyhow::Result<()> {
        self.stats.session_started();
        let session = Session::new(&self.recipe, index);
        let schedule = &self.recipe.schedule;
        let arrived = begun.checked_add(schedule.arrival(index));
        let mut dice = Dice::new(self.recipe.seed, Stream::Delivery, index);
        let mut sent_ms = 0;
        for (number, range) in self.batches(&session, &mut dice) {
            // Out of order, a batch still cannot leave before its last event has happened.
            sent_ms = session.emit_ms(range.end.saturating_sub(1)).max(sent_ms);
            let due = arrived.and_then(|at| at.checked_add(schedule.lived(sent_ms)));
            if !self.wait_until(due).await {
                return Ok(());
            }
            let batch = Batch::of(&session, range)?;
            let turn = usize::try_from(index)?.wrapping_add(number);
            if !self.send(&batch, turn, &mut dice).await? {
                break;
            }
        }
        self.stats.session_finished();
        Ok(())
    }

    /// The session's batches in the order of sending, each with its number in the order of time.
    /// A client that lives in time does not hold its events for longer than `HOLD_MS`.
    fn batches(&self, session: &Session, dice: &mut Dice) -> Vec<(usize, Range<usize>)> {
        let hold_ms = match self.recipe.schedule.speed {
            Speed::Max => i64::MAX,
            Speed::Times(_) => HOLD_MS,
        };
        let mut batches: Vec<Range<usize>> = Vec::new();
        for index in 0..session.len() {
            let fits = |open: &&mut Range<usize>| {
                let held_ms = session.emit_ms(index) - session.emit_ms(open.start);
                open.len() < self.batch && held_ms <= hold_ms
            };
            match batches.last_mut().filter(fits) {
                Some(open) => open.end = index + 1,
                None => batches.push(index..index + 1),
            }
        }
        let mut batches: Vec<_> = batches.into_iter().enumerate().collect();
        if self.shuffle {
            batches.sort_by_cached_key(|_| dice.below(u64::MAX));
        }
        batches
    }

    /// Sends a batch, perhaps twice at once; false when the session must not send any more.
    async fn send(&self, batch: &Batch, turn: usize, dice: &mut Dice) -> anyhow::Result<bool> {
        let twice = dice.chance(self.duplicate_share);
        let (mut first_dice, mut second_dice) = (dice.clone(), dice.clone());
        first_dice.below(2);
        second_dice.below(3);
        self.logs.issued(batch)?;
        self.stats.issued(batch.len(), twice);
        let first = self.deliver(batch, turn, first_dice);
        if !twice {
            let (fates, go_on) = first.await?;
            self.stats.acked(fates.iter());
            return Ok(go_on);
        }
        let second = self.deliver(batch, turn + 1, second_dice);
        let ((one, go_on), (other, other_goes_on)) = tokio::try_join!(first, second)?;
        let either = one.iter().zip(&other).map(|(one, other)| match one {
            Fate::Lost | Fate::Rejected => other,
            _ => one,
        });
        self.stats.acked(either);
        Ok(go_on && other_goes_on)
    }

    async fn deliver(
        &self,
        batch: &Batch,
        turn: usize,
        dice: Dice,
    ) -> anyhow::Result<(Vec<Fate>, bool)> {
        let url = self.urls.iter().cycle().nth(turn % self.urls.len().max(1));
        let url = url.context("no --url")?;
        let delivery = self.sender.deliver(url, batch, dice).await?;
        self.logs.acked(batch, &delivery.fates)?;
        Ok((delivery.fates, !delivery.stop_sending))
    }

    /// Waits for `due`; false when the run is to end first.
    async fn wait_until(&self, due: Option<Instant>) -> bool {
        if *self.stop.borrow() {
            return false;
        }
        let mut stop = self.stop.clone();
        let Some(due) = due else {
            // Past the end of the clock: only the end of the run comes before that.
            return stop.wait_for(|&stop| stop).await.is_err();
        };
        if due <= Instant::now() {
            return true;
        }
        tokio::select! {
            () = tokio::time::sleep_until(due) => true,
            stopped = stop.wait_for(|&stop| stop) => stopped.is_err(),
        }
    }
}

pub(super) fn recipe(args: &SimulateArgs, now_ms: i64) -> anyhow::Result<Recipe> {
    Ok(Recipe {
        seed: args.seed,
        sessions: args.sessions,
        original_share: args.original_share,
        mean_minutes: args.mean_minutes,
        clock_skew_ms: args
            .clock_skew
            .map(|skew| skew.as_millis().try_into())
            .transpose()?,
        events_per_session: args.events_per_session.map(usize::try_from).transpose()?,
        schedule: Schedule {
            seed: args.seed,
            sessions: args.sessions,
            run_begins_ms: now_ms,
            first_start_ms: args.start_time.map(|time| time.timestamp_millis()),
            speed: args.speed,
            rate: args.rate,
            mean_minutes: args.mean_minutes,
            spread: Spread::Minute,
        },
        marathon: None,
    })
}
