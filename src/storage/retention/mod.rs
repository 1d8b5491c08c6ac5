//! Retention: days of events are dropped whole, and summaries outlive them by as long as is wanted.
//!
//! A summary is worth as much as the rows it was folded from, and when they are gone nothing can mend
//! it. So a day is only dropped once every session that has a row in it is *sealed*: quiet, with a
//! summary by the current fold that counts exactly its rows. A sealed summary is never folded anew
//! (the upsert's guard, recovery, `refold` and `verify` all leave it alone), and the session's later
//! events are refused (`expiry`). What is stale or missing is folded first; what still cannot be
//! sealed, a live session most of all, makes its day wait, and the report tells why.
//!
//! A session that spans days is sealed when the first of them goes; its rows in younger days stay until
//! those go. Rows outside all days (the DEFAULT partition: clocks that are off) go by `created_at`, a
//! session at a time, under the same rule.
//!
//! Everything is done in small transactions in the order *seal, make sure, drop*, and each looks again
//! at what it relies on. So a run may be broken off anywhere, and the next one goes on from there.

mod days;
mod look;
mod metrics;
mod report;
mod seal;
mod strays;
mod summaries;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::StorageError;
use super::pool::{Pool, PooledConnection};
use super::recovery::MARGIN;

pub use metrics::Metrics;
pub use report::{Day, DayEnd, Report, Strays, Tally, Waiting, Why};

/// The shortest time that events are kept: yesterday's partition is still written to.
pub const SHORTEST: TimeDelta = TimeDelta::days(2);
/// A session is only sealed when it has been quiet for at least this long.
pub const QUIET: TimeDelta = TimeDelta::hours(1);

/// One run at a time in a database: "retentio" in ASCII.
const LOCK: i64 = 0x7265_7465_6E74_696F;
/// The longest statement counts the rows of a day.
const STATEMENT_TIMEOUT: &str = "10min";

/// What is kept for how long. By default everything is, for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// Events: at least `SHORTEST`.
    pub events: Option<TimeDelta>,
    /// Summaries: at least as long as events.
    pub summaries: Option<TimeDelta>,
    /// Sessions with rows younger than this are live.
    pub quiet_for: TimeDelta,
    /// Only tell what would be done.
    pub dry_run: bool,
}

impl Policy {
    /// Whether there is anything to do, ever.
    pub fn keeps_everything(&self) -> bool {
        self.events.is_none() && self.summaries.is_none()
    }

    /// What is wrong with it, and what would be right.
    pub fn check(&self) -> Result<(), &'static str> {
        match (self.events, self.summaries) {
            (None, Some(_)) => Err(
                "summaries can only be deleted after their events: tell how long events are kept, too",
            ),
            (Some(events), _) if events < SHORTEST => Err("events must be kept for at least 2d"),
            (Some(events), Some(summaries)) if summaries < events => {
                Err("summaries must be kept at least as long as events")
            }
            _ => Ok(()),
        }
    }
}

/// A run: its connection, and what it goes by.
struct Run<'a> {
    connection: &'a mut AsyncPgConnection,
    now: DateTime<Utc>,
    quiet_since: DateTime<Utc>,
    dry_run: bool,
}

/// Drops what is older than the policy keeps, by the caller's clock, which must agree with
/// PostgreSQL's: a clock that is years ahead would have everything dropped.
pub async fn run_now(
    pool: &Pool,
    policy: Policy,
    now: DateTime<Utc>,
) -> Result<Option<Report>, StorageError> {
    #[derive(QueryableByName)]
    struct Clock {
        #[diesel(sql_type = Timestamptz)]
        now: DateTime<Utc>,
    }
    let clock: Clock = sql_query("SELECT clock_timestamp() AS now")
        .get_result(&mut pool.get().await?)
        .await?;
    let ahead = now - clock.now;
    if ahead.abs() > MARGIN {
        return Err(StorageError::Clock(ahead.num_seconds()));
    }
    run(pool, policy, now).await
}

/// Drops what is older than the policy keeps at a time. `None`: somebody else is at it.
pub async fn run(
    pool: &Pool,
    policy: Policy,
    now: DateTime<Utc>,
) -> Result<Option<Report>, StorageError> {
    // Out of the pool: the lock and the setting go with the connection, however this ends.
    let mut connection = PooledConnection::take(pool.get().await?);
    sql_query(format!("SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
        .execute(&mut connection)
        .await?;
    if !lock(&mut connection).await? {
        return Ok(None);
    }
    let report = drop_old(&mut connection, policy, now).await;
    // It goes with the connection, but only once PostgreSQL has seen that end.
    sql_query(format!("SELECT pg_advisory_unlock({LOCK})"))
        .execute(&mut connection)
        .await
        .ok();
    report.map(Some)
}

async fn drop_old(
    connection: &mut AsyncPgConnection,
    policy: Policy,
    now: DateTime<Utc>,
) -> Result<Report, StorageError> {
    let mut run = Run {
        connection,
        now,
        quiet_since: now - policy.quiet_for,
        dry_run: policy.dry_run,
    };
    let mut report = Report {
        dry_run: policy.dry_run,
        ..Report::default()
    };
    if let Some(events) = policy.events {
        let before = now - events;
        report.days = run.drop_days(before).await?;
        report.strays = run.thin_strays(before).await?;
    }
    if let Some(summaries) = policy.summaries {
        report.summaries_deleted = run.delete_summaries(now - summaries).await?;
    }
    Ok(report)
}

async fn lock(connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Locked {
        #[diesel(sql_type = Bool)]
        locked: bool,
    }
    let row: Locked = sql_query(format!("SELECT pg_try_advisory_lock({LOCK}) AS locked"))
        .get_result(connection)
        .await?;
    Ok(row.locked)
}
