//! What is stored of a session, in short: whether there is anything, and whether it changed.

use diesel_async::AsyncPgConnection;

use super::{Columns, Query};
use crate::storage::{SessionKey, StorageError, SummaryRow, queries};

/// Asks what is stored of a session.
#[derive(Debug, Clone)]
pub struct StandingQuery {
    /// The session.
    pub key: SessionKey,
}

/// What is stored of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Events that are there.
    pub rows: i64,
    /// Its summary, once it went quiet.
    pub summary: Option<SummaryRow>,
}

impl Query for StandingQuery {
    type Answer = Standing;

    async fn run(
        self,
        connection: &mut AsyncPgConnection,
        _: &Columns,
    ) -> Result<Standing, StorageError> {
        let (project, id) = (&self.key.project, &self.key.session_id);
        // The rows first: those that come meanwhile make the summary newer, not the rows fewer.
        let rows = queries::event_count(connection, project, id).await?;
        let summary = queries::summary(connection, project, id).await?;
        Ok(Standing { rows, summary })
    }
}
