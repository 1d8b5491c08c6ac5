//! `simulate --bulk`: finished sessions straight into the database, for benchmarks.
//!
//! Every session goes the way of a real one but for HTTP and the actors: the parser reads its
//! events, the writer stores them, the fold makes its summary, the guard lets it in. The newest ones
//! keep their events. The others are what retention leaves of old sessions, a sealed summary without
//! rows, and only that makes a million of them cheap. All but `updated_at` and `sealed_at` follows
//! from the seed and the start time.

mod args;
mod finished;
mod report;

use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, Days, Utc};
use futures_util::future::try_join_all;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use prometheus_client::registry::Registry;
use tokio::time::Instant;

pub use args::BulkArgs;
use finished::Finished;
use report::{Report, Written};

use super::args::SimulateArgs;
use super::run::recipe;
use super::schedule::{Schedule, Spread};
use super::session::{Recipe, Session};
use crate::app::Source;
use crate::cli::database::with_database;
use crate::cli::progress;
use crate::http::DEFAULT_PROJECT;
use crate::storage::{
    Batch, Fate, Metrics, Pool, Saved, SessionKey, SummaryRow, SummaryWriter, Writer, partitions,
    sealed,
};

/// Sessions made and written together.
const CHUNK: u64 = 250;
/// Chunks under way: one is written while another is made, on each of two cores.
const CHUNKS_AT_ONCE: usize = 4;
/// Connections that write events.
const LANES: usize = 2;
/// Events handed to the writer at once, as in the largest request.
const BATCH: usize = 500;
/// `partitions::ensure` makes the days from the one before to eight after.
const DAYS_ENSURED: usize = 9;

/// Writes the sessions that `args` ask for and prints the report to `out`.
pub(in crate::cli) fn run(
    args: &SimulateArgs,
    source: Source,
    now_ms: i64,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let sessions = args.bulk.sessions.context("--bulk N is missing")?;
    let recipe = bulk_recipe(args, sessions, now_ms)?;
    let report = with_database(source, async |url, pool| {
        let bulk = Arc::new(Bulk::start(args, recipe, now_ms, url, pool)?);
        bulk.make_partitions(args.bulk.days).await?;
        tokio::select! {
            written = bulk.write_all() => written,
            _ = tokio::signal::ctrl_c() => bail!(
                "interrupted; what is written stays, and `refold --all` mends what was cut short"
            ),
        }
    })?;
    report.print(args.output, out)
}

/// The population, its newest session ending about now.
fn bulk_recipe(args: &SimulateArgs, sessions: u64, now_ms: i64) -> anyhow::Result<Recipe> {
    let days = args.bulk.days;
    let end_ms = args.start_time.map_or(now_ms, |begin| {
        (begin + Days::new(days.into())).timestamp_millis()
    });
    ensure!(
        end_ms <= now_ms,
        "--start-time must be at least --days {days} ago: finished sessions are in the past"
    );
    let plain = recipe(args, now_ms)?;
    Ok(Recipe {
        sessions,
        schedule: Schedule {
            sessions,
            run_begins_ms: end_ms,
            first_start_ms: None,
            spread: Spread::Days(days),
            ..plain.schedule
        },
        marathon: args.bulk.long_session.map(usize::try_from).transpose()?,
        ..plain
    })
}

/// Everything that the chunks of a run share.
struct Bulk {
    recipe: Recipe,
    with_events: u64,
    now: DateTime<Utc>,
    project: Arc<str>,
    pool: Pool,
    writer: Writer,
    summaries: SummaryWriter,
}

impl Bulk {
    fn start(
        args: &SimulateArgs,
        recipe: Recipe,
        now_ms: i64,
        database_url: &str,
        pool: &Pool,
    ) -> anyhow::Result<Self> {
        let metrics = Metrics::new(&mut Registry::default());
        Ok(Self {
            with_events: args.bulk.with_events(recipe.sessions),
            recipe,
            now: DateTime::from_timestamp_millis(now_ms).context("no such time")?,
            project: DEFAULT_PROJECT.into(),
            pool: pool.clone(),
            writer: Writer::start(database_url, LANES, &metrics),
            summaries: SummaryWriter::start(pool.clone()),
        })
    }

    /// Partitions for the days of the window, which the server makes only from yesterday on.
    async fn make_partitions(&self, days: u32) -> anyhow::Result<()> {
        let end_ms = self.recipe.schedule.run_begins_ms;
        let end = DateTime::from_timestamp_millis(end_ms).context("no such time")?;
        for days_ago in (0..=u64::from(days)).rev().step_by(DAYS_ENSURED) {
            partitions::ensure(&self.pool, end - Days::new(days_ago)).await?;
        }
        Ok(())
    }

    async fn write_all(self: &Arc<Self>) -> anyhow::Result<Report> {
        let begun = Instant::now();
        let sessions = self.recipe.sessions;
        let bar = progress::bar("sessions", sessions);
        let mut total = Written::default();
        let chunks = (0..sessions).step_by(usize::try_from(CHUNK)?);
        let mut chunks = stream::iter(chunks)
            .map(|first| {
                let bulk = Arc::clone(self);
                let indices = first..sessions.min(first + CHUNK);
                tokio::spawn(async move { bulk.write_chunk(indices).await })
            })
            .buffer_unordered(CHUNKS_AT_ONCE);
        while let Some(written) = chunks.try_next().await.context("a chunk panicked")? {
            total.add(written?);
            bar.set_position(total.sessions());
        }
        bar.finish_and_clear();
        Ok(Report::new(total, begun.elapsed()))
    }

    async fn write_chunk(self: Arc<Self>, indices: Range<u64>) -> anyhow::Result<Written> {
        let bulk = Arc::clone(&self);
        let made = tokio::task::spawn_blocking(move || bulk.make(indices)).await?;
        let Made { whole, bare } = made?;
        let known = whole.len() + bare.len();
        let events = whole.iter().map(|session| session.records.len()).sum();
        let with_events = try_join_all(whole.iter().map(|session| self.write_whole(session)));
        let with_events = with_events.await?.into_iter().filter(|new| *new).count();
        let sealed = sealed::insert(&self.pool, bare, self.now).await?;
        Ok(Written {
            with_events,
            sealed,
            events,
            known: known - with_events - sealed,
        })
    }

    /// Plays the sessions; this is where the processor's time goes.
    fn make(&self, indices: Range<u64>) -> anyhow::Result<Made> {
        let mut made = Made::default();
        for index in indices {
            let finished = Finished::new(&Session::new(&self.recipe, index))?;
            if index < self.with_events {
                made.whole.push(finished);
            } else {
                made.bare.push(self.summary(&finished));
            }
        }
        Ok(made)
    }

    fn summary(&self, finished: &Finished) -> SummaryRow {
        let key = SessionKey::new(&self.project, finished.id.clone());
        SummaryRow::new(&key, finished.summary(), self.now.timestamp_millis())
    }

    /// Writes a session's events, then its summary; false when it was there before.
    async fn write_whole(&self, finished: &Finished) -> anyhow::Result<bool> {
        let key = Arc::new(SessionKey::new(&self.project, finished.id.clone()));
        let mut new = false;
        for records in finished.records.chunks(BATCH) {
            let batch = Batch {
                key: Arc::clone(&key),
                records: records.to_vec(),
            };
            for fate in self.writer.write(Arc::new(batch)).await?.fates {
                match fate {
                    Fate::New => new = true,
                    // The latter: sealed in an earlier run, which gave fewer sessions their events.
                    Fate::Duplicate | Fate::Expired => {}
                    Fate::Poison(why) => bail!("PostgreSQL refused a simulated event: {why}"),
                    Fate::Unknown => bail!("PostgreSQL went away; what is written stays"),
                }
            }
        }
        match self.summaries.save(self.summary(finished)).await? {
            Saved::Written => Ok(new),
            Saved::Refused => Ok(false),
        }
    }
}

/// What a chunk has to write.
#[derive(Default)]
struct Made {
    /// Sessions that keep their events.
    whole: Vec<Finished>,
    /// Summaries of those that do not.
    bare: Vec<SummaryRow>,
}
