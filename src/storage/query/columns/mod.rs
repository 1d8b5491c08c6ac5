//! Columns of summaries in memory: what makes a question about a million sessions a matter of
//! milliseconds.
//!
//! A question reads a few values of each of many sessions, and PostgreSQL would have to take each
//! row of 60 columns apart for them. So the values are fetched once, by hour and by column, and kept
//! within a bound. They are nobody's truth: with every question PostgreSQL is asked for the versions of
//! the hours (`summary_hours`), and what has changed is fetched anew, in the same snapshot.
//!
//! The rows of an hour stand in one order in all of its columns: by time, then by session id.

mod cell;
mod column;
mod load;
mod scan;
mod words;

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

pub(super) use cell::Cell;
pub(super) use column::Column;
pub(super) use scan::{Rows, Scan, snapshot};
pub(super) use words::Words;

use super::Clock;

/// Hours of columns that are expected, for the cache's tables: a million sessions have so many.
const EXPECTED: usize = 10_000;

/// A column of the sessions that start (or end) in an hour.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    project: Arc<str>,
    clock: Clock,
    /// Epoch s.
    hour: i64,
    cell: Cell,
}

/// As it was at a version of its hour.
#[derive(Debug, Clone)]
struct Kept {
    version: i64,
    column: Arc<Column>,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<Place, Kept> for Bytes {
    fn weight(&self, place: &Place, kept: &Kept) -> u64 {
        let own = size_of::<Place>() + place.cell.bytes() + size_of::<Kept>();
        u64::try_from(own + kept.column.bytes()).unwrap_or(u64::MAX)
    }
}

/// The columns that are kept; clones share them. What is asked for least goes when it is full.
#[derive(Clone)]
pub struct Columns(Arc<Cache<Place, Kept, Bytes>>);

impl Columns {
    /// Keeps at most so many bytes; with 0 none.
    #[must_use]
    pub fn new(most_bytes: u64) -> Self {
        Self(Arc::new(Cache::with_weighter(EXPECTED, most_bytes, Bytes)))
    }

    /// The column, if it is still that of this version.
    fn get(&self, place: &Place, version: i64) -> Option<Arc<Column>> {
        let kept = self.0.get(place)?;
        (kept.version == version).then_some(kept.column)
    }

    fn keep(&self, place: Place, version: i64, column: Arc<Column>) {
        self.0.insert(place, Kept { version, column });
    }
}
