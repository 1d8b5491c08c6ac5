//! A lane's connection: inserting rows whatever happens to the server, and finding the bad one.
//!
//! Nearly all events are new, and a plain INSERT cost PostgreSQL 12 to 20 % less CPU, measured side by
//! side, than one that is prepared for conflicts: no second look at the index, no speculative
//! insertion, no keys sent back. So a lane first tries the plain one. A key that is there already fails it
//! as a whole; then the same rows go by `ON CONFLICT DO NOTHING RETURNING`, and so do the next
//! batches, because duplicates come in spates: clients that send again after an outage.

use std::time::Duration;

use diesel::QueryResult;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::AsyncPgConnection;
use tokio::time::{sleep, timeout};

use super::StorageError;
use super::connection::{STATEMENT_TIMEOUT, TappedConnection};
use super::expiry::{Late, find_late};
use super::insert::{Inserted, OnConflict, Row, insert};
use super::metrics::Metrics;
use super::plan::Verdict;
use super::sqlstate::Class;
use super::writer::Fate;

/// Waits between the attempts at one INSERT; clients try again after the last.
const RETRY_DELAYS: [Option<Duration>; 4] = [
    Some(Duration::from_millis(50)),
    Some(Duration::from_millis(250)),
    Some(Duration::from_millis(1000)),
    None,
];

/// Batches that expect duplicates after one was met.
const WARY_BATCHES: u32 = 100;

/// A connection that is opened when needed and dropped when in doubt.
pub(super) struct LaneConnection {
    database_url: String,
    open: Option<TappedConnection>,
    /// Batches to come that expect duplicates.
    wary: u32,
    metrics: Metrics,
}

/// Why an attempt failed.
struct Failure {
    class: Class,
    message: String,
}

/// How an INSERT of several rows ended.
enum Attempt {
    Done { inserted: Inserted, ambiguous: bool },
    Poison { message: String, ambiguous: bool },
    Expired { ambiguous: bool },
    GaveUp { ambiguous: bool },
}

impl LaneConnection {
    pub(super) fn new(database_url: &str, metrics: &Metrics) -> Self {
        Self {
            database_url: database_url.to_owned(),
            open: None,
            wary: 0,
            metrics: metrics.clone(),
        }
    }

    /// Inserts rows sorted by key, each key once, and tells the fate of each. A row that PostgreSQL
    /// refuses is found by halving; what the other halves committed stays committed.
    pub(super) async fn insert(&mut self, rows: &[Row<'_>]) -> Vec<Verdict> {
        let mut verdicts = Vec::with_capacity(rows.len());
        // Slices still to do, the next one last, so that verdicts come in the order of the rows.
        let mut todo = vec![rows];
        while let Some(slice) = todo.pop() {
            match self.attempt(slice).await {
                Attempt::Done {
                    inserted,
                    ambiguous,
                } => {
                    verdicts.extend(inserted.news(slice).into_iter().map(|new| {
                        let fate = if new { Fate::New } else { Fate::Duplicate };
                        Verdict { fate, ambiguous }
                    }));
                }
                Attempt::Poison { message, ambiguous } if slice.len() <= 1 => {
                    verdicts.push(Verdict {
                        fate: Fate::Poison(message),
                        ambiguous,
                    });
                }
                Attempt::Poison { .. } => {
                    let (first, second) = slice.split_at(slice.len() / 2);
                    todo.extend([second, first]);
                }
                Attempt::Expired { ambiguous } => {
                    verdicts.extend(self.insert_timely(slice, ambiguous).await);
                }
                Attempt::GaveUp { ambiguous } => {
                    // The server is away: what is left has no better chance.
                    let left = slice.len() + todo.drain(..).map(<[_]>::len).sum::<usize>();
                    let unknown = Verdict {
                        fate: Fate::Unknown,
                        ambiguous,
                    };
                    verdicts.extend(std::iter::repeat_n(unknown, left));
                }
            }
        }
        verdicts
    }

    /// Inserts those of the rows that are not too late, once it is known that some are.
    async fn insert_timely(&mut self, rows: &[Row<'_>], ambiguous: bool) -> Vec<Verdict> {
        let late = self.find_late(rows).await.unwrap_or_default();
        let timely: Vec<Row<'_>> = rows
            .iter()
            .copied()
            .filter(|row| !late.contains(row))
            .collect();
        let mut written = Vec::new();
        // Where none is late any more, retention has taken a seal back: the resend will find it open.
        if timely.len() < rows.len() {
            written = Box::pin(self.insert(&timely)).await;
        }
        let mut written = written.into_iter();
        let verdict = |row: &Row<'_>| {
            let told = match late.contains(row) {
                true => Some(Verdict::of(Fate::Expired)),
                false => written.next(),
            };
            let mut verdict = told.unwrap_or(Verdict::of(Fate::Unknown));
            verdict.ambiguous |= ambiguous;
            verdict
        };
        rows.iter().map(verdict).collect()
    }

    async fn find_late(&mut self, rows: &[Row<'_>]) -> Option<Late> {
        let connection = self.open.as_mut()?;
        let look = timeout(STATEMENT_TIMEOUT, find_late(&mut connection.pg, rows));
        match look.await {
            Ok(Ok(late)) => Some(late),
            Ok(Err(error)) => {
                tracing::warn!(%error, "looking for sealed sessions failed");
                self.open = None;
                None
            }
            Err(_elapsed) => {
                self.open = None;
                None
            }
        }
    }

    async fn attempt(&mut self, rows: &[Row<'_>]) -> Attempt {
        let mut ambiguous = false;
        for delay in RETRY_DELAYS {
            let failure = match self.try_once(rows).await {
                Ok(inserted) => {
                    return Attempt::Done {
                        inserted,
                        ambiguous,
                    };
                }
                Err(failure) => failure,
            };
            if failure.class == Class::Poison {
                return Attempt::Poison {
                    message: failure.message,
                    ambiguous,
                };
            }
            if failure.class == Class::Expired {
                return Attempt::Expired { ambiguous };
            }
            // Whatever it was, a new connection cannot be worse.
            self.open = None;
            self.metrics.write_failures.inc();
            ambiguous |= failure.class == Class::Ambiguous;
            tracing::warn!(
                rows = rows.len(),
                error = failure.message,
                "writing events failed"
            );
            match delay {
                Some(delay) if failure.class != Class::Other => sleep(delay).await,
                _ => break,
            }
        }
        Attempt::GaveUp { ambiguous }
    }

    async fn try_once(&mut self, rows: &[Row<'_>]) -> Result<Inserted, Failure> {
        let connection = match &mut self.open {
            Some(open) => open,
            closed => closed.insert(
                TappedConnection::open(&self.database_url)
                    .await
                    .map_err(unreached)?,
            ),
        };
        connection.sqlstate.take();
        let work = insert_either_way(&mut connection.pg, rows, &mut self.wary);
        match timeout(STATEMENT_TIMEOUT, work).await {
            Ok(Ok(inserted)) => Ok(inserted),
            Ok(Err(error)) => Err(Failure {
                class: class(connection, &error),
                message: error.to_string(),
            }),
            Err(_elapsed) => Err(Failure {
                class: Class::Ambiguous,
                message: StorageError::StatementTimeout.to_string(),
            }),
        }
    }
}

async fn insert_either_way(
    connection: &mut AsyncPgConnection,
    rows: &[Row<'_>],
    wary: &mut u32,
) -> QueryResult<Inserted> {
    if *wary == 0 {
        match insert(connection, rows, OnConflict::Fail).await {
            Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
                *wary = WARY_BATCHES;
            }
            done => return done,
        }
    }
    *wary -= 1;
    insert(connection, rows, OnConflict::Skip).await
}

#[expect(clippy::needless_pass_by_value, reason = "it is a map_err target")]
fn unreached(error: StorageError) -> Failure {
    // Nothing was sent, so nothing is unknown.
    Failure {
        class: Class::Retry,
        message: error.to_string(),
    }
}

fn class(connection: &TappedConnection, error: &DieselError) -> Class {
    match (error, connection.sqlstate.take()) {
        (DieselError::SerializationError(_), _) => Class::Poison,
        (_, Some(state)) => state.class(),
        // The connection broke without a word.
        (_, None) => Class::Ambiguous,
    }
}
