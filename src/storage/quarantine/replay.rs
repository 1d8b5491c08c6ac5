//! Running what was refused through today's parser, and storing what is good by now.
//!
//! The events take the way of all others: the same parser, the same writer. So a replayed event is
//! stored exactly once, however often and by however many replays it is tried. A row goes when all of
//! its events are stored, and only then; whoever is interrupted in between tries it again in vain and
//! takes it away. An event is stamped with the time of its replay: that is what has recovery find its
//! session, if nobody folds it before.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::StreamExt;
use futures_util::stream;

use super::super::StorageError;
use super::super::audit;
use super::super::event::{EventRecord, Reason, Receipt, parse};
use super::super::key::SessionKey;
use super::super::pool::Pool;
use super::super::schema::rejected_events as r;
use super::super::writer::{Batch, Fate, Writer};
use super::browse::{self, Filter, Kept};

/// Rows tried at once; each holds at most 32 KiB.
const ROWS: i64 = 200;
/// Batches at the writer at once, well within its queue.
const BATCHES: usize = 1000;
/// Sessions folded at once.
const SESSIONS: usize = 200;

/// A refused body, split into its events by whoever knows how.
#[derive(Debug)]
pub struct Body<'a> {
    /// The events, still as JSON; slices of the body.
    pub events: Vec<&'a str>,
    /// When the client sent them, epoch ms.
    pub sent_at_ms: Option<i64>,
}

/// What replay works with.
pub struct Replayer<'a> {
    /// Where rows are read, and deleted.
    pub pool: &'a Pool,
    /// Where events are stored.
    pub writer: &'a Writer,
    /// Events that a session may have.
    pub max_session_events: usize,
    /// Splits a body that was refused as a whole; `None` if it is still none.
    pub split: &'a (dyn Fn(&Bytes) -> Option<Body<'_>> + Sync),
    /// The server's clock.
    pub now: &'a (dyn Fn() -> DateTime<Utc> + Sync),
}

/// What a replay has done so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replayed {
    /// Rows tried.
    pub tried: u64,
    /// Rows that went, since their events are stored.
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

/// Where a replay has come to, in the order of the rows.
type Place = (DateTime<Utc>, String, Vec<u8>);

/// A row being tried.
struct Trial {
    kept: Kept,
    /// Why it has to stay, if it has to.
    refused: Option<&'static str>,
    unknown: bool,
}

/// Events of one session, each with the number of its row.
#[derive(Default)]
struct Group {
    records: Vec<EventRecord>,
    trials: Vec<usize>,
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
        let mut place = None;
        loop {
            let rows = next_rows(&mut *self.pool.get().await?, filter, until, &place).await?;
            let Some(last) = rows.last() else { break };
            let last = &last.listed;
            place = Some((last.received_at, last.project.clone(), last.digest.clone()));
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

    async fn batch(
        &self,
        rows: Vec<Kept>,
        done: &mut Replayed,
        sessions: &mut BTreeSet<SessionKey>,
    ) -> Result<(), StorageError> {
        let mut trials: Vec<Trial> = rows.into_iter().map(Trial::new).collect();
        let mut groups: HashMap<SessionKey, Group> = HashMap::new();
        let created_at_ms = (self.now)().timestamp_millis();
        for (number, trial) in trials.iter_mut().enumerate() {
            self.parse(trial, number, created_at_ms, &mut groups);
        }
        self.hold_bound(&mut groups, &mut trials).await?;
        let writes = groups.into_iter().map(|(key, group)| async move {
            let batch = Arc::new(Batch {
                key: Arc::new(key),
                records: group.records,
            });
            (
                self.writer.write(Arc::clone(&batch)).await,
                batch,
                group.trials,
            )
        });
        let mut written = stream::iter(writes).buffer_unordered(BATCHES);
        while let Some((outcome, batch, numbers)) = written.next().await {
            let fates = match outcome {
                Ok(outcome) => outcome.fates,
                Err(_) => vec![Fate::Unknown; numbers.len()],
            };
            if fates.contains(&Fate::New) {
                sessions.insert(SessionKey::clone(&batch.key));
            }
            for (number, fate) in numbers.into_iter().zip(fates) {
                let Some(trial) = trials.get_mut(number) else {
                    continue;
                };
                match fate {
                    Fate::New => done.inserted += 1,
                    Fate::Duplicate => done.duplicates += 1,
                    Fate::Unknown => trial.unknown = true,
                    Fate::Poison(_) => trial.refuse(Reason::Unstorable),
                    Fate::Expired => trial.refuse(Reason::Expired),
                }
            }
        }
        self.settle(&trials, done).await
    }

    /// Today's parser on a row's event, or on those of its body.
    fn parse(
        &self,
        trial: &mut Trial,
        number: usize,
        created_at_ms: i64,
        groups: &mut HashMap<SessionKey, Group>,
    ) {
        let raw = Bytes::from(std::mem::take(&mut trial.kept.raw));
        let listed = &trial.kept.listed;
        // What was cut is not what was sent.
        let whole = i64::try_from(raw.len()).is_ok_and(|length| length == listed.raw_bytes);
        if !whole {
            trial.refuse(Reason::EventTooLarge);
            return;
        }
        let body = if listed.reason == Reason::InvalidJson.code() {
            (self.split)(&raw)
        } else {
            let alone = str::from_utf8(&raw).ok();
            alone.map(|event| Body {
                events: vec![event],
                sent_at_ms: None,
            })
        };
        let Some(body) = body else {
            trial.refuse(Reason::InvalidJson);
            return;
        };
        let receipt = Receipt {
            created_at_ms,
            sent_at_ms: body.sent_at_ms,
        };
        let project: Arc<str> = listed.project.as_str().into();
        for event in body.events {
            match parse(event, &raw, receipt) {
                Ok(parsed) => {
                    let key = SessionKey::new(&project, parsed.session_id);
                    let group = groups.entry(key).or_default();
                    group.records.push(parsed.record);
                    group.trials.push(number);
                }
                Err(rejection) => trial.refuse(rejection.reason),
            }
        }
    }

    /// A session that is full stays full.
    async fn hold_bound(
        &self,
        groups: &mut HashMap<SessionKey, Group>,
        trials: &mut [Trial],
    ) -> Result<(), StorageError> {
        let keys: Vec<SessionKey> = groups.keys().cloned().collect();
        let counts = event_counts(&mut *self.pool.get().await?, &keys).await?;
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

impl Trial {
    fn new(kept: Kept) -> Self {
        Self {
            kept,
            refused: None,
            unknown: false,
        }
    }

    /// The first reason is told.
    fn refuse(&mut self, reason: Reason) {
        self.refused.get_or_insert(reason.code());
    }
}

/// The next rows in the order of their arrival.
async fn next_rows(
    connection: &mut AsyncPgConnection,
    filter: &Filter,
    until: DateTime<Utc>,
    behind: &Option<Place>,
) -> Result<Vec<Kept>, StorageError> {
    let mut rows = browse::rows(filter).filter(r::received_at.le(until));
    if let Some((at, project, digest)) = behind {
        let same_digest = r::project.eq(project).and(r::digest.gt(digest));
        let same_time = r::project.gt(project).or(same_digest);
        rows = rows.filter(
            r::received_at
                .gt(at)
                .or(r::received_at.eq(at).and(same_time)),
        );
    }
    let rows = rows
        .order((r::received_at, r::project, r::digest))
        .limit(ROWS)
        .select(Kept::as_select());
    Ok(rows.load(connection).await?)
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = Text)]
    project: String,
    #[diesel(sql_type = Text)]
    session_id: String,
    #[diesel(sql_type = BigInt)]
    events: i64,
}

/// How many events of each session are stored; none where a session is not named.
async fn event_counts(
    connection: &mut AsyncPgConnection,
    keys: &[SessionKey],
) -> Result<HashMap<SessionKey, usize>, StorageError> {
    let projects: Vec<&str> = keys.iter().map(|key| &*key.project).collect();
    let sessions: Vec<&str> = keys.iter().map(|key| &*key.session_id).collect();
    let rows: Vec<Counted> = sql_query(
        "SELECT e.project, e.session_id, count(*) AS events \
         FROM unnest($1, $2) AS k (project, session_id) \
         JOIN telemetry_events AS e \
             ON e.project = k.project COLLATE \"C\" AND e.session_id = k.session_id COLLATE \"C\" \
         GROUP BY e.project, e.session_id",
    )
    .bind::<Array<Text>, _>(projects)
    .bind::<Array<Text>, _>(sessions)
    .load(connection)
    .await?;
    let counted = rows.into_iter().map(|row| {
        let key = SessionKey::new(&row.project.as_str().into(), row.session_id);
        (key, usize::try_from(row.events).unwrap_or(usize::MAX))
    });
    Ok(counted.collect())
}
