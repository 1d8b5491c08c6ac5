//! A store in memory that keeps PostgreSQL's promises: a session's writes go through one lane in
//! order, what was handed over is committed whether or not its sender lives on, rows are unique by
//! identity, and a summary is written only under the guard of `storage::summaries`.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::script::{ReplayFault, SaveFault, Script, Stage, WriteFault};
use crate::qoe::{Event, FOLD_VERSION, SessionFold, SessionSummary, fold};
use crate::session::Store;
use crate::storage::event::EventRecord;
use crate::storage::{Batch, Fate, Outcome, Saved, SessionKey, StorageError};

/// Events whose id begins so are refused for what is in them.
pub(super) const POISON: &str = "poison";
const LANES: usize = 4;

/// An event's identity within its session.
pub(super) type Identity = (Box<str>, i64);

/// What a session has in the store.
#[derive(Debug, Clone, Default)]
pub(super) struct Stored {
    pub(super) rows: BTreeMap<Identity, Event>,
    pub(super) summary: Option<SessionSummary>,
    pub(super) fold_version: i32,
    pub(super) sealed: bool,
}

/// A call that the store was asked for, and when.
#[derive(Debug, Clone)]
pub(super) enum Call {
    Write(usize),
    Save(i64, Instant),
    Replay,
}

#[derive(Debug, Default)]
struct State {
    sessions: HashMap<SessionKey, Stored>,
    calls: Vec<(SessionKey, Call)>,
    /// Another server's rows: one is committed before each summary's guard is looked at.
    foreign: VecDeque<EventRecord>,
}

struct Job {
    batch: Arc<Batch>,
    reply: oneshot::Sender<Reply<Outcome>>,
}

/// What the actor gets: a result, or a panic in its own context.
enum Reply<T> {
    Result(Result<T, StorageError>),
    Panic,
}

/// The store; clones share it.
#[derive(Clone)]
pub(super) struct MemoryStore {
    state: Arc<Mutex<State>>,
    pub(super) script: Arc<Script>,
    erased: Arc<Mutex<HashSet<SessionKey>>>,
    lanes: Vec<mpsc::UnboundedSender<Job>>,
    /// Where the work is done: it outlives any actor.
    home: Handle,
}

impl MemoryStore {
    pub(super) fn new(script: Script) -> Self {
        let (senders, queues): (Vec<_>, Vec<_>) =
            (0..LANES).map(|_| mpsc::unbounded_channel()).unzip();
        let store = Self {
            state: Arc::default(),
            script: Arc::new(script),
            erased: Arc::default(),
            lanes: senders,
            home: Handle::current(),
        };
        for mut queue in queues {
            let (state, script) = (Arc::clone(&store.state), Arc::clone(&store.script));
            store.home.spawn(async move {
                while let Some(Job { batch, reply }) = queue.recv().await {
                    reply.send(write(&state, &script, &batch).await).ok();
                }
            });
        }
        store
    }

    /// What a session has.
    pub(super) fn stored(&self, key: &SessionKey) -> Stored {
        let state = self.state.lock().unwrap();
        state.sessions.get(key).cloned().unwrap_or_default()
    }

    /// Changes what a session has, as another process could.
    pub(super) fn change(&self, key: &SessionKey, change: impl FnOnce(&mut Stored)) {
        let mut state = self.state.lock().unwrap();
        change(state.sessions.entry(key.clone()).or_default());
    }

    /// Another server commits rows.
    pub(super) fn commit_elsewhere(&self, key: &SessionKey, records: &[EventRecord]) {
        self.change(key, |stored| {
            commit(stored, records);
        });
    }

    /// Another server commits one of these before each summary's guard is looked at.
    pub(super) fn keep_committing_elsewhere(&self, records: Vec<EventRecord>) {
        self.state.lock().unwrap().foreign = records.into();
    }

    /// How many events each write had.
    pub(super) fn writes(&self, key: &SessionKey) -> Vec<usize> {
        self.calls(key, |call| match call {
            Call::Write(events) => Some(*events),
            _ => None,
        })
    }

    /// How many events each summary offered, and when.
    pub(super) fn saves(&self, key: &SessionKey) -> Vec<(i64, Instant)> {
        self.calls(key, |call| match call {
            Call::Save(events, at) => Some((*events, *at)),
            _ => None,
        })
    }

    /// A tombstone, and what is stored is deleted.
    pub(super) fn erase(&self, key: &SessionKey) {
        self.erased.lock().unwrap().insert(key.clone());
        self.change(key, |stored| {
            stored.rows.clear();
            stored.summary = None;
        });
    }

    pub(super) fn replays(&self, key: &SessionKey) -> usize {
        self.calls(key, |call| matches!(call, Call::Replay).then_some(()))
            .len()
    }

    fn calls<T>(&self, key: &SessionKey, pick: impl Fn(&Call) -> Option<T>) -> Vec<T> {
        let state = self.state.lock().unwrap();
        let calls = state.calls.iter().filter(|(of, _)| of == key);
        calls.filter_map(|(_, call)| pick(call)).collect()
    }

    fn note(&self, key: &SessionKey, call: Call) {
        self.state.lock().unwrap().calls.push((key.clone(), call));
    }

    /// Does the work at home and hands its reply to the actor.
    fn at_home<T: Send + 'static>(
        &self,
        work: impl Future<Output = Reply<T>> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StorageError>> {
        let done = self.home.spawn(work);
        Box::pin(async move { done.await.unwrap().unfold() })
    }
}

impl<T> Reply<T> {
    fn unfold(self) -> Result<T, StorageError> {
        match self {
            Reply::Result(result) => result,
            Reply::Panic => panic!("the store was told to panic"),
        }
    }
}

impl Store for MemoryStore {
    fn write(&self, batch: Arc<Batch>) -> BoxFuture<'static, Result<Outcome, StorageError>> {
        self.note(&batch.key, Call::Write(batch.records.len()));
        let (reply, outcome) = oneshot::channel();
        let lane = batch.key.session_id.len() + usize::from(batch.key.session_id.as_bytes()[0]);
        self.lanes[lane % LANES].send(Job { batch, reply }).unwrap();
        Box::pin(async move { outcome.await.unwrap().unfold() })
    }

    fn save(
        &self,
        key: Arc<SessionKey>,
        summary: SessionSummary,
    ) -> BoxFuture<'static, Result<Saved, StorageError>> {
        self.note(&key, Call::Save(summary.event_count, Instant::now()));
        let (state, script) = (Arc::clone(&self.state), Arc::clone(&self.script));
        self.at_home(async move {
            script.pass(Stage::Save).await;
            let away = || Reply::Result(Err(StorageError::SummaryWrite("away".to_owned())));
            let fault = script.next_save();
            let saved = match fault {
                Some(SaveFault::Fail) => return away(),
                Some(SaveFault::Panic) => return Reply::Panic,
                Some(SaveFault::Refuse) => Saved::Refused,
                Some(SaveFault::ReplyLost) | None => upsert(&state, &key, summary),
            };
            script.pass(Stage::SaveReply).await;
            if fault == Some(SaveFault::ReplyLost) {
                return away();
            }
            Reply::Result(Ok(saved))
        })
    }

    fn is_erased(&self, key: &SessionKey) -> bool {
        self.erased.lock().unwrap().contains(key)
    }

    fn replay(
        &self,
        key: Arc<SessionKey>,
    ) -> BoxFuture<'static, Result<SessionFold, StorageError>> {
        self.note(&key, Call::Replay);
        let (state, script) = (Arc::clone(&self.state), Arc::clone(&self.script));
        self.at_home(async move {
            script.pass(Stage::Replay).await;
            match script.next_replay() {
                Some(ReplayFault::Fail) => Reply::Result(Err(StorageError::StatementTimeout)),
                Some(ReplayFault::Panic) => Reply::Panic,
                Some(ReplayFault::Hang) => std::future::pending().await,
                None => {
                    let rows = state.lock().unwrap().sessions.get(&*key).cloned();
                    Reply::Result(Ok(rows.unwrap_or_default().fold()))
                }
            }
        })
    }
}

impl Stored {
    pub(super) fn fold(&self) -> SessionFold {
        fold(self.rows.values().cloned().collect())
    }
}

async fn write(state: &Mutex<State>, script: &Script, batch: &Batch) -> Reply<Outcome> {
    script.pass(Stage::Write).await;
    let fault = script.next_write();
    match fault {
        Some(WriteFault::QueueFull) => return Reply::Result(Err(StorageError::QueueFull)),
        Some(WriteFault::Away) => return outcome(vec![Fate::Unknown; batch.records.len()], false),
        Some(WriteFault::PanicBefore) => return Reply::Panic,
        _ => {}
    }
    let commit_once = || {
        let mut state = state.lock().unwrap();
        let stored = state.sessions.entry((*batch.key).clone()).or_default();
        commit(stored, &batch.records)
    };
    let fates = commit_once();
    script.pass(Stage::WriteReply).await;
    match fault {
        Some(WriteFault::ReplyLost) => outcome(commit_once(), true),
        Some(WriteFault::NeverAnswered) => outcome(vec![Fate::Unknown; fates.len()], true),
        Some(WriteFault::WriterGone) => Reply::Result(Err(StorageError::ShuttingDown)),
        Some(WriteFault::PanicAfter) => Reply::Panic,
        _ => outcome(fates, false),
    }
}

fn outcome(fates: Vec<Fate>, ambiguous: bool) -> Reply<Outcome> {
    Reply::Result(Ok(Outcome { fates, ambiguous }))
}

fn commit(stored: &mut Stored, records: &[EventRecord]) -> Vec<Fate> {
    let mut fates = Vec::with_capacity(records.len());
    for EventRecord { event, .. } in records {
        if event.event_id.starts_with(POISON) {
            fates.push(Fate::Poison("told to refuse it".to_owned()));
            continue;
        }
        let identity = (event.event_id.clone(), event.timestamp_ms);
        let is_new = !stored.rows.contains_key(&identity);
        stored.rows.entry(identity).or_insert_with(|| event.clone());
        fates.push(if is_new { Fate::New } else { Fate::Duplicate });
    }
    fates
}

/// The guard of `storage::summaries`.
fn upsert(state: &Mutex<State>, key: &SessionKey, summary: SessionSummary) -> Saved {
    let mut state = state.lock().unwrap();
    let foreign = state.foreign.pop_front();
    let stored = state.sessions.entry(key.clone()).or_default();
    commit(stored, foreign.as_slice());
    let counts_agree = i64::try_from(stored.rows.len()).unwrap() == summary.event_count;
    let not_older = stored.summary.as_ref().is_none_or(|old| {
        (FOLD_VERSION, summary.event_count) >= (stored.fold_version, old.event_count)
    });
    if !counts_agree || !not_older || stored.sealed {
        return Saved::Refused;
    }
    stored.summary = Some(summary);
    stored.fold_version = FOLD_VERSION;
    Saved::Written
}
