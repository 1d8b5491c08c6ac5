//! How a server learns of tombstones that others lay: it asks the table each second, on a connection
//! of its own, which nobody else can keep busy.

use std::time::{Duration, Instant};

use diesel::sql_query;
use diesel_async::RunQueryDsl;
use tokio::time::timeout;

use super::known::Tombstones;
use super::table;
use crate::storage::StorageError;
use crate::storage::connection::{STATEMENT_TIMEOUT, TappedConnection};

/// Tombstones asked for each second. Where more are laid at once, the next long look finds the rest.
const MOST_NEWEST: i64 = 5000;
/// Between looks at all that are unfinished; short of `STALE_AFTER`.
const LONG_LOOK: Duration = Duration::from_secs(15);

/// A server's look-out for tombstones.
pub(in crate::storage) struct Watch {
    database_url: String,
    tombstones: Tombstones,
    open: Option<TappedConnection>,
    looked_long: Option<Instant>,
}

impl Watch {
    pub(in crate::storage) fn new(database_url: &str, tombstones: Tombstones) -> Self {
        Self {
            database_url: database_url.to_owned(),
            tombstones,
            open: None,
            looked_long: None,
        }
    }

    /// Asks once, and tells how many tombstones are news.
    pub(in crate::storage) async fn look(&mut self) -> Result<usize, StorageError> {
        let looked = self.look_at_table().await;
        if looked.is_err() {
            // Whatever it was, a new connection cannot be worse.
            self.open = None;
        }
        looked
    }

    async fn look_at_table(&mut self) -> Result<usize, StorageError> {
        let asked_at = Instant::now();
        let connection = match &mut self.open {
            Some(open) => open,
            closed => closed.insert(open(&self.database_url).await?),
        };
        let mut news = 0;
        if self.tombstones.may_miss_some() {
            let all = table::all(&mut connection.pg);
            let all = timeout(table::LOAD_TIMEOUT, all).await.map_err(late)??;
            news += learn(&self.tombstones, &all);
            self.looked_long = None;
        }
        let long = self.looked_long.is_none_or(|at| at.elapsed() >= LONG_LOOK);
        let (most, limit) = if long {
            (None, table::LOAD_TIMEOUT)
        } else {
            (Some(MOST_NEWEST), STATEMENT_TIMEOUT)
        };
        let unfinished = table::newest_unfinished(&mut connection.pg, most);
        let unfinished = timeout(limit, unfinished).await.map_err(late)??;
        if long {
            self.looked_long = Some(asked_at);
        }
        news += learn(&self.tombstones, &unfinished);
        self.tombstones.note_unfinished(&unfinished, long);
        self.tombstones.asked(asked_at);
        Ok(news)
    }
}

fn learn(tombstones: &Tombstones, shorts: &[u128]) -> usize {
    shorts
        .iter()
        .filter(|short| tombstones.learn(**short))
        .count()
}

async fn open(database_url: &str) -> Result<TappedConnection, StorageError> {
    let mut connection = TappedConnection::open(database_url).await?;
    let set = format!(
        "SET statement_timeout = {}",
        table::LOAD_TIMEOUT.as_millis()
    );
    sql_query(set).execute(&mut connection.pg).await?;
    Ok(connection)
}

fn late(_elapsed: tokio::time::error::Elapsed) -> StorageError {
    StorageError::StatementTimeout
}
