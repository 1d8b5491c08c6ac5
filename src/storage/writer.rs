//! Group commit: the events of many sessions in one INSERT, one fsync.
//!
//! There are a few lanes, each with a connection and a bounded queue of its own. A session always
//! goes to the same lane, so its order holds and two connections never fight for a key. A lane takes
//! what is waiting, up to `MAX_ROWS`, without an artificial delay: while one commit is in flight the
//! next batch gathers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::StorageError;
use super::event::EventRecord;
use super::key::SessionKey;
use super::lane_insert::LaneConnection;
use super::metrics::Metrics;
use super::plan::Plan;

/// Rows in one INSERT.
const MAX_ROWS: usize = 1000;
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

/// The write path into `telemetry_events`.
#[derive(Debug, Clone)]
pub struct Writer {
    lanes: Arc<[mpsc::Sender<Job>]>,
    metrics: Metrics,
}

impl Writer {
    /// Starts `lanes` lanes on the runtime that calls this; they end when the last `Writer` is gone
    /// and their queues are empty.
    pub fn start(database_url: &str, lanes: usize, metrics: &Metrics) -> Self {
        let lanes = (0..lanes.max(1))
            .map(|_| {
                let (sender, queue) = mpsc::channel(QUEUE_BATCHES);
                let connection = LaneConnection::new(database_url, metrics);
                tokio::spawn(run_lane(queue, connection, metrics.clone()));
                sender
            })
            .collect();
        Self {
            lanes,
            metrics: metrics.clone(),
        }
    }

    /// Writes a batch and tells the fate of each of its events.
    pub async fn write(&self, batch: Arc<Batch>) -> Result<Outcome, StorageError> {
        let lane = self
            .lanes
            .get(batch.key.lane(self.lanes.len()))
            .ok_or(StorageError::ShuttingDown)?;
        let (reply, outcome) = oneshot::channel();
        let rows = i64::try_from(batch.records.len()).unwrap_or(0);
        lane.try_send(Job {
            batch,
            queued_at: Instant::now(),
            reply,
        })
        .map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StorageError::QueueFull,
            mpsc::error::TrySendError::Closed(_) => StorageError::ShuttingDown,
        })?;
        self.metrics.queue_rows.inc_by(rows);
        let outcome = outcome.await;
        self.metrics.queue_rows.dec_by(rows);
        outcome.map_err(|_closed| StorageError::ShuttingDown)
    }
}

async fn run_lane(
    mut queue: mpsc::Receiver<Job>,
    mut connection: LaneConnection,
    metrics: Metrics,
) {
    let mut held = None;
    while let Some(first) = take_next(&mut held, &mut queue).await {
        let jobs = gather(first, &mut held, &mut queue);
        let (jobs, overdue): (Vec<Job>, Vec<Job>) = jobs
            .into_iter()
            .partition(|job| job.queued_at.elapsed() < QUEUE_PATIENCE);
        for job in overdue {
            job.give_up();
        }
        if jobs.is_empty() {
            continue;
        }
        let started = Instant::now();
        let outcomes = write_jobs(&mut connection, &jobs).await;
        metrics
            .commit_seconds
            .observe(started.elapsed().as_secs_f64());
        for (job, outcome) in jobs.into_iter().zip(outcomes) {
            // Nobody waits any more when the actor is gone; the rows are safe all the same.
            job.reply.send(outcome).ok();
        }
    }
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
