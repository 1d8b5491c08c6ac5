//! Group commit: the events of many sessions in one INSERT, one fsync.
//!
//! There are a few lanes, each with a connection and a bounded queue of its own. A session always
//! goes to the same lane, so its order holds and two connections never fight for a key. A lane takes
//! what is waiting, up to `MAX_ROWS`, without an artificial delay: while one commit is in flight the
//! next batch gathers.
//!
//! What could not be committed soon is refused at once (`backlog.rs`), and so is everything while
//! PostgreSQL does not commit (`breaker.rs`): there is no spool on a local disk. The client is the
//! spool: it keeps its events until they are acked and sends them again, to another server if need be,
//! where a spool would ack what one lost disk takes with it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::StorageError;
use super::backlog::{Backlog, LetIn, Room};
use super::breaker::Breaker;
use super::event::EventRecord;
use super::key::SessionKey;
use super::lane_insert::LaneConnection;
use super::metrics::Metrics;
use super::plan::Plan;

/// Rows in one INSERT.
pub(super) const MAX_ROWS: usize = 1000;
/// A batch that has waited this long is not tried any more: its client has a 503 to wait for, and
/// recovery counts on rows being committed soon after their stamp.
const QUEUE_PATIENCE: Duration = Duration::from_secs(10);
/// Batches waiting for a lane. A full queue answers `QueueFull`, which clients see as 503.
const QUEUE_BATCHES: usize = 4096;

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is committed, and this write committed it.
    New,
    /// It was there already, possibly from an earlier attempt of our own.
    Duplicate,
    /// PostgreSQL refuses it for what is in it; its message.
    Poison(String),
    /// Its session is sealed, or it lies before all that is kept.
    Expired,
    /// It may or may not be stored: PostgreSQL was away.
    Unknown,
}

/// Events of one session, to be written together.
#[derive(Debug)]
pub struct Batch {
    /// The session.
    pub key: Arc<SessionKey>,
    /// Its events, in any order.
    pub records: Vec<EventRecord>,
}

/// The fates of a batch's events, in the batch's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// One for each event.
    pub fates: Vec<Fate>,
    /// An attempt broke off with an unknown result and was repeated: a duplicate may be our own row,
    /// so the fold cannot know what is new.
    pub ambiguous: bool,
}

/// A batch on its way, and where its outcome goes.
pub(super) struct Job {
    pub(super) batch: Arc<Batch>,
    queued_at: Instant,
    reply: oneshot::Sender<Outcome>,
}

impl Job {
    /// Answers that nothing was written.
    fn give_up(self) {
        let fates = vec![Fate::Unknown; self.batch.records.len()];
        self.reply
            .send(Outcome {
                fates,
                ambiguous: false,
            })
            .ok();
    }
}

/// A connection's queue as its senders see it.
#[derive(Debug)]
struct Lane {
    queue: mpsc::Sender<Job>,
    backlog: Arc<Backlog>,
}

/// The write path into `telemetry_events`.
#[derive(Debug, Clone)]
pub struct Writer {
    lanes: Arc<[Lane]>,
    breaker: Breaker,
    metrics: Metrics,
}

impl Writer {
    /// Starts `lanes` lanes on the runtime that calls this; they end when the last `Writer` is gone
    /// and their queues are empty.
    pub fn start(database_url: &str, lanes: usize, metrics: &Metrics) -> Self {
        let breaker = Breaker::default();
        let lanes = (0..lanes.max(1))
            .map(|_| {
                let (queue, jobs) = mpsc::channel(QUEUE_BATCHES);
                let backlog = Arc::<Backlog>::default();
                let worker = Worker {
                    connection: LaneConnection::new(database_url, metrics),
                    backlog: Arc::clone(&backlog),
                    breaker: breaker.clone(),
                    metrics: metrics.clone(),
                };
                tokio::spawn(worker.run(jobs));
                Lane { queue, backlog }
            })
            .collect();
        Self {
            lanes,
            breaker,
            metrics: metrics.clone(),
        }
    }

    /// Whether any lane would commit something soon; asked before a request is read.
    pub fn room(&self) -> Result<(), StorageError> {
        let rooms = self.lanes.iter();
        let rooms = rooms.map(|lane| lane.backlog.room(1, Instant::now()));
        let found = rooms.reduce(|best, room| if best == Room::Yes { best } else { room });
        self.check(found.unwrap_or(Room::Yes))
    }

    /// Lets these batches in, told by their rows, if all would be committed soon; until it is dropped.
    pub fn let_in<'a>(
        &self,
        batches: impl IntoIterator<Item = (&'a SessionKey, usize)>,
    ) -> Result<Vec<LetIn>, StorageError> {
        let now = Instant::now();
        let mut rows = vec![0; self.lanes.len()];
        for (key, more) in batches {
            if let Some(rows) = rows.get_mut(key.lane(self.lanes.len())) {
                *rows += more;
            }
        }
        self.check(Room::Yes)?;
        let mut let_in = Vec::new();
        for (lane, rows) in self.lanes.iter().zip(rows) {
            if rows > 0 {
                match lane.backlog.let_in(rows, now) {
                    Ok(rows) => let_in.push(rows),
                    Err(no) => self.check(no)?,
                }
            }
        }
        Ok(let_in)
    }

    fn check(&self, room: Room) -> Result<(), StorageError> {
        if self.breaker.is_open() {
            return Err(StorageError::Away);
        }
        match room {
            Room::Yes => Ok(()),
            Room::Behind => Err(StorageError::QueueFull),
            Room::Stalled => Err(StorageError::Away),
        }
    }

    /// Whether events are refused because PostgreSQL did not commit the last ones.
    pub(super) fn is_shut(&self) -> bool {
        self.breaker.is_open()
    }

    /// PostgreSQL has committed something: events are welcome again.
    pub fn reopen(&self) {
        self.breaker.close();
    }

    /// Writes a batch and tells the fate of each of its events.
    pub async fn write(&self, batch: Arc<Batch>) -> Result<Outcome, StorageError> {
        let lane = self
            .lanes
            .get(batch.key.lane(self.lanes.len()))
            .ok_or(StorageError::ShuttingDown)?;
        let (reply, outcome) = oneshot::channel();
        let rows = batch.records.len();
        let job = Job {
            batch,
            queued_at: Instant::now(),
            reply,
        };
        // Before the lane can see the job, which takes its rows off again.
        lane.backlog.queued(rows);
        lane.queue.try_send(job).map_err(|error| {
            lane.backlog.dropped(rows);
            match error {
                mpsc::error::TrySendError::Full(_) => StorageError::QueueFull,
                mpsc::error::TrySendError::Closed(_) => StorageError::ShuttingDown,
            }
        })?;
        let rows = i64::try_from(rows).unwrap_or(0);
        self.metrics.queue_rows.inc_by(rows);
        let outcome = outcome.await;
        self.metrics.queue_rows.dec_by(rows);
        outcome.map_err(|_closed| StorageError::ShuttingDown)
    }
}

/// What works through a lane's queue.
struct Worker {
    connection: LaneConnection,
    backlog: Arc<Backlog>,
    breaker: Breaker,
    metrics: Metrics,
}

impl Worker {
    async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut held = None;
        while let Some(first) = take_next(&mut held, &mut queue).await {
            let jobs = self.drop_hopeless(gather(first, &mut held, &mut queue));
            if jobs.is_empty() {
                continue;
            }
            let outcomes = self.write(&jobs).await;
            for (job, outcome) in jobs.into_iter().zip(outcomes) {
                // Nobody waits any more when the actor is gone; the rows are safe all the same.
                job.reply.send(outcome).ok();
            }
        }
    }

    /// Gives up what has waited too long, and everything while PostgreSQL does not commit.
    fn drop_hopeless(&self, jobs: Vec<Job>) -> Vec<Job> {
        let shut = self.breaker.is_open();
        let (jobs, hopeless): (Vec<Job>, Vec<Job>) = jobs
            .into_iter()
            .partition(|job| !shut && job.queued_at.elapsed() < QUEUE_PATIENCE);
        self.backlog.dropped(rows_of(&hopeless));
        hopeless.into_iter().for_each(Job::give_up);
        jobs
    }

    /// A round.
    async fn write(&mut self, jobs: &[Job]) -> Vec<Outcome> {
        let started = Instant::now();
        self.backlog.begin(rows_of(jobs), started);
        let outcomes = write_jobs(&mut self.connection, jobs).await;
        let fates = || outcomes.iter().flat_map(|outcome| &outcome.fates);
        let given_up = fates().any(|fate| *fate == Fate::Unknown);
        self.backlog.end(!given_up, Instant::now());
        if given_up {
            self.breaker.open();
        } else {
            self.breaker.close();
        }
        self.metrics
            .commit_seconds
            .observe(started.elapsed().as_secs_f64());
        outcomes
    }
}

fn rows_of(jobs: &[Job]) -> usize {
    jobs.iter().map(|job| job.batch.records.len()).sum()
}

async fn take_next(held: &mut Option<Job>, queue: &mut mpsc::Receiver<Job>) -> Option<Job> {
    match held.take() {
        Some(job) => Some(job),
        None => queue.recv().await,
    }
}

/// Takes what is waiting; the batch that would pass `MAX_ROWS` is held for the next round.
fn gather(first: Job, held: &mut Option<Job>, queue: &mut mpsc::Receiver<Job>) -> Vec<Job> {
    let mut rows = first.batch.records.len();
    let mut jobs = vec![first];
    while let Ok(job) = queue.try_recv() {
        rows += job.batch.records.len();
        if rows > MAX_ROWS {
            *held = Some(job);
            break;
        }
        jobs.push(job);
    }
    jobs
}

async fn write_jobs(connection: &mut LaneConnection, jobs: &[Job]) -> Vec<Outcome> {
    let mut plan = Plan::new(jobs.iter().map(|job| &*job.batch));
    while let Some(round) = plan.next_round() {
        let verdicts = connection.insert(&round.rows).await;
        plan.settle(&round, &verdicts);
    }
    plan.into_outcomes()
}
