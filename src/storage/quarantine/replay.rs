//! Running what was refused through today's parser, and storing what is good by now.
//!
//! The events take the way of all others: the same parser, the same writer. So a replayed event is
//! stored exactly once, however often and by however many replays it is tried. A row goes when all of
//! its events are stored, and only then; whoever is interrupted in between tries it again in vain and
//! takes it away. An event is stamped with the time of its replay: that is what has recovery find its
//! session, if nobody folds it before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::StreamExt;
use futures_util::stream;

use super::super::StorageError;
use super::super::event::Reason;
use super::super::key::SessionKey;
use super::super::pool::Pool;
use super::super::schema::rejected_events as r;
use super::super::writer::{Batch, Fate, Outcome, Writer};
use super::super::{audit, erasures, queries};
use super::browse::{self, Filter, Kept, Listed};
use super::trial::{Group, Groups, Split, Trial};

/// Rows tried at once; each holds at most 32 KiB.
const ROWS: i64 = 200;
/// Batches at the writer at once, well within its queue.
const BATCHES: usize = 1000;
/// Sessions folded at once.
const SESSIONS: usize = 200;

/// What replay works with.
pub struct Replayer<'a> {
    /// Where rows are read, and deleted.
    pub pool: &'a Pool,
    /// Where events are stored.
    pub writer: &'a Writer,
    /// Events that a session may have.
    pub max_session_events: usize,
    /// Splits bodies.
    pub split: &'a Split,
    /// The server's clock.
    pub now: &'a (dyn Fn() -> DateTime<Utc> + Sync),
}

/// What a replay has done so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replayed {
    /// Rows tried.
    pub tried: u64,
    /// Rows that went, since their events are stored, or their sessions erased.
    pub removed: u64,
    /// Events stored.
    pub inserted: u64,
    /// Events that were stored already.
    pub duplicates: u64,
    /// Rows that stay, by the reason that their events have today.
    pub still_rejected: BTreeMap<&'static str, u64>,
    /// Rows that stay since PostgreSQL did not answer.
    pub unknown: u64,
    /// Summaries written.
    pub summaries: u64,
}

impl Replayer<'_> {
    /// Tries the rows that `filter` lets through, the oldest first, and tells after each batch how far
    /// it is. Rows that are added meanwhile are left alone.
    pub async fn run(
        &self,
        filter: &Filter,
        mut seen: impl FnMut(&Replayed),
    ) -> Result<Replayed, StorageError> {
        let until = (self.now)();
        let mut done = Replayed::default();
        let mut sessions = BTreeSet::new();
        let mut last: Option<Listed> = None;
        loop {
            let rows = self.next_rows(filter, until, last.as_ref()).await?;
            last = rows.last().map(|row| row.listed.clone());
            if last.is_none() {
                break;
            }
            self.batch(rows, &mut done, &mut sessions).await?;
            seen(&done);
            if done.unknown > 0 {
                break;
            }
        }
        let sessions: Vec<SessionKey> = sessions.into_iter().collect();
        for keys in sessions.chunks(SESSIONS) {
            let refolded = audit::refold(&mut *self.pool.get().await?, keys, (self.now)()).await?;
            done.summaries += refolded.written;
        }
        Ok(done)
    }

    /// No connection is held while the rows are worked on.
    async fn next_rows(
        &self,
        filter: &Filter,
        until: DateTime<Utc>,
        behind: Option<&Listed>,
    ) -> Result<Vec<Kept>, StorageError> {
        let connection = &mut *self.pool.get().await?;
        browse::next_rows(connection, filter, until, behind, ROWS).await
    }

    /// Parses some rows, stores what is good of them, and takes away those of which all is stored.
    async fn batch(
        &self,
        rows: Vec<Kept>,
        done: &mut Replayed,
        sessions: &mut BTreeSet<SessionKey>,
    ) -> Result<(), StorageError> {
        let mut trials: Vec<Trial> = rows.into_iter().map(Trial::new).collect();
        let mut groups = Groups::new();
        let now_ms = (self.now)().timestamp_millis();
        for (number, trial) in trials.iter_mut().enumerate() {
            trial.parse(number, now_ms, self.split, &mut groups);
        }
        // Nothing keeps the rows of erased sessions: they go like those that are stored.
        let keys: Vec<SessionKey> = groups.keys().cloned().collect();
        let erased = erasures::erased_among(self.pool, &keys).await?;
        groups.retain(|key, _| !erased.contains(key));
        self.hold_bound(&mut groups, &mut trials).await?;
        let writes = groups
            .into_iter()
            .map(|(key, group)| self.store(key, group));
        let mut stored = stream::iter(writes).buffer_unordered(BATCHES);
        while let Some((key, outcome, numbers)) = stored.next().await {
            if outcome.ambiguous || outcome.fates.contains(&Fate::New) {
                sessions.insert(key);
            }
            for (number, fate) in numbers.into_iter().zip(&outcome.fates) {
                if let Some(trial) = trials.get_mut(number) {
                    done.count(fate, trial);
                }
            }
        }
        self.settle(&trials, done).await
    }

    /// Has the writer store a session's events, as at ingest.
    async fn store(&self, key: SessionKey, group: Group) -> (SessionKey, Outcome, Vec<usize>) {
        let batch = Batch {
            key: Arc::new(key.clone()),
            records: group.records,
        };
        let outcome = self.writer.write(Arc::new(batch)).await;
        let unknown = |error| {
            tracing::warn!(%error, "events were not written");
            Outcome {
                fates: vec![Fate::Unknown; group.trials.len()],
                ambiguous: false,
            }
        };
        (key, outcome.unwrap_or_else(unknown), group.trials)
    }

    /// A session that is full stays full.
    async fn hold_bound(
        &self,
        groups: &mut Groups,
        trials: &mut [Trial],
    ) -> Result<(), StorageError> {
        let keys: Vec<SessionKey> = groups.keys().cloned().collect();
        let counts = queries::event_counts(&mut *self.pool.get().await?, &keys).await?;
        for (key, group) in groups {
            let rows = counts.get(key).copied().unwrap_or(0);
            let room = self.max_session_events.saturating_sub(rows);
            group.records.truncate(room);
            let fitting = room.min(group.trials.len());
            for number in group.trials.split_off(fitting) {
                if let Some(trial) = trials.get_mut(number) {
                    trial.refuse(Reason::SessionFull);
                }
            }
        }
        Ok(())
    }

    /// Deletes the rows whose events are all stored, and counts.
    async fn settle(&self, trials: &[Trial], done: &mut Replayed) -> Result<(), StorageError> {
        let mut stored: BTreeMap<&str, Vec<&[u8]>> = BTreeMap::new();
        for trial in trials {
            done.tried += 1;
            if trial.unknown {
                done.unknown += 1;
            } else if let Some(reason) = trial.refused {
                *done.still_rejected.entry(reason).or_default() += 1;
            } else {
                let listed = &trial.kept.listed;
                let digests = stored.entry(&listed.project).or_default();
                digests.push(&listed.digest);
            }
        }
        let connection = &mut *self.pool.get().await?;
        for (project, digests) in stored {
            let rows = r::table
                .filter(r::project.eq(project))
                .filter(r::digest.eq_any(digests));
            let deleted = diesel::delete(rows).execute(connection).await?;
            done.removed += u64::try_from(deleted).unwrap_or(0);
        }
        Ok(())
    }
}

impl Replayed {
    fn count(&mut self, fate: &Fate, trial: &mut Trial) {
        match fate {
            Fate::New => self.inserted += 1,
            Fate::Duplicate => self.duplicates += 1,
            Fate::Unknown => trial.unknown = true,
            Fate::Poison(_) => trial.refuse(Reason::Unstorable),
            Fate::Expired => trial.refuse(Reason::Expired),
        }
    }
}
