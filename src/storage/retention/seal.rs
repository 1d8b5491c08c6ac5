//! Sealing: from the commit of a seal on, no INSERT writes a row of the session (`expiry`). One that
//! took its snapshot before that may still commit. It holds a lock on the events all the while, so we
//! wait until everybody is gone who holds one now, and count again. Nobody is made to wait for us. (With
//! Citus the lock is the coordinator's, so all servers must write through the same one.)
//!
//! A session that turns out to have one row more is unsealed: nothing of it has been dropped yet, so
//! the next fold knows all of it. That is how a sealed session with more rows than its summary folds
//! is known in a later run, too, if this one is broken off.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use tokio::time::{Instant, sleep};

use super::super::StorageError;
use super::super::audit;
use super::super::expiry;
use super::super::key::SessionKey;
use super::super::summary_hours::{self, Hours};
use super::Run;
use super::look::{Session, Standing, columns, standing};
use super::report::{Tally, Why};
use crate::qoe::FOLD_VERSION;

/// An INSERT ends within 5 s, or PostgreSQL ends it.
const LONGEST_INSERT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(5);

impl Run<'_> {
    /// Folds the stale ones of these sessions, and tells how all of them stand then.
    pub(super) async fn fold_stale(
        &mut self,
        sessions: Vec<Session>,
        tally: &mut Tally,
    ) -> Result<Vec<Session>, StorageError> {
        let torn = standing(&sessions, Standing::Torn);
        let stale = [standing(&sessions, Standing::Stale), torn.clone()].concat();
        tally.refolded += u64::try_from(stale.len()).unwrap_or(0);
        if stale.is_empty() || self.dry_run {
            return Ok(sessions);
        }
        self.set_sealed(&torn, false).await?;
        audit::refold(self.connection, &stale, self.now).await?;
        let keys: Vec<SessionKey> = sessions.into_iter().map(|(key, _)| key).collect();
        Ok(self.look_at(&keys).await?)
    }

    /// Notes those that cannot be sealed.
    pub(super) fn note_waiting(&self, sessions: &[Session], tally: &mut Tally) {
        for (key, standing) in sessions {
            match standing {
                Standing::Sealed | Standing::Ready => {}
                Standing::Live => tally.wait(key, Why::Live),
                // They would be folded first.
                Standing::Stale | Standing::Torn if self.dry_run => {}
                Standing::Stale => tally.wait(key, Why::Differs),
                Standing::Torn => tally.wait(key, Why::Changed),
            }
        }
    }

    /// Seals those that are ready. Tells which of all are sealed for certain, or `None` when a
    /// writer does not come to an end.
    pub(super) async fn seal(
        &mut self,
        sessions: Vec<Session>,
        tally: &mut Tally,
    ) -> Result<Option<Vec<Session>>, StorageError> {
        let ready = standing(&sessions, Standing::Ready);
        if ready.is_empty() {
            return Ok(Some(sessions));
        }
        expiry::begin_sealing(self.connection).await?;
        let sealed = self.set_sealed(&ready, true).await?;
        if !self.writers_are_gone().await? {
            return Ok(None);
        }
        let keys: Vec<SessionKey> = sessions.into_iter().map(|(key, _)| key).collect();
        let sessions = self.look_at(&keys).await?;
        let torn = standing(&sessions, Standing::Torn);
        self.set_sealed(&torn, false).await?;
        tally.sealed += u64::try_from(sealed.saturating_sub(torn.len())).unwrap_or(0);
        Ok(Some(sessions))
    }

    /// Seals sessions that still are as they were looked at, or unseals those that have more rows than
    /// their summaries fold. Tells how many.
    async fn set_sealed(&mut self, keys: &[SessionKey], seal: bool) -> Result<usize, StorageError> {
        if keys.is_empty() {
            return Ok(0);
        }
        let now = self.now;
        let set = async |connection: &mut AsyncPgConnection| {
            let written = update(connection, keys, seal.then_some(now)).await?;
            let mut hours = Hours::default();
            for row in &written {
                hours.add(&row.project, row.started_at);
                hours.add(&row.project, row.last_event_at);
            }
            summary_hours::touch(connection, &hours).await?;
            Ok::<_, StorageError>(written.len())
        };
        self.connection.transaction(set).await
    }

    /// Waits for everybody who is writing events at this moment; false when somebody does not end.
    async fn writers_are_gone(&mut self) -> QueryResult<bool> {
        let begun = Instant::now();
        let mut writers = writers(self.connection).await?;
        while !writers.is_empty() {
            if begun.elapsed() > LONGEST_INSERT {
                return Ok(false);
            }
            sleep(POLL).await;
            let now = self::writers(self.connection).await?;
            writers.retain(|writer| now.contains(writer));
        }
        Ok(true)
    }
}

/// A summary whose seal was changed.
#[derive(QueryableByName)]
struct Changed {
    #[diesel(sql_type = Text)]
    project: String,
    #[diesel(sql_type = Timestamptz)]
    started_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    last_event_at: DateTime<Utc>,
}

async fn update(
    connection: &mut AsyncPgConnection,
    keys: &[SessionKey],
    sealed_at: Option<DateTime<Utc>>,
) -> QueryResult<Vec<Changed>> {
    let (projects, session_ids) = columns(keys);
    let count = "(SELECT count(*) FROM telemetry_events AS e \
        WHERE e.project = s.project AND e.session_id = s.session_id)";
    let still = match sealed_at {
        Some(_) => {
            format!("s.sealed_at IS NULL AND s.fold_version >= $4 AND s.event_count = {count}")
        }
        None => format!("s.sealed_at IS NOT NULL AND $4 > 0 AND s.event_count < {count}"),
    };
    sql_query(format!(
        "UPDATE session_summaries AS s SET sealed_at = $3 \
         FROM unnest($1, $2) AS k (project, session_id) \
         WHERE s.project = k.project COLLATE \"C\" AND s.session_id = k.session_id COLLATE \"C\" \
             AND {still} \
         RETURNING s.project, s.started_at, s.last_event_at"
    ))
    .bind::<Array<Text>, _>(projects)
    .bind::<Array<Text>, _>(session_ids)
    .bind::<Nullable<Timestamptz>, _>(sealed_at)
    .bind::<Integer, _>(FOLD_VERSION)
    .get_results(connection)
    .await
}

/// The transactions that are writing events.
async fn writers(connection: &mut AsyncPgConnection) -> QueryResult<HashSet<String>> {
    #[derive(QueryableByName)]
    struct Writer {
        #[diesel(sql_type = Text)]
        writer: String,
    }
    let writers: Vec<Writer> = sql_query(
        "SELECT virtualtransaction AS writer FROM pg_locks \
         WHERE locktype = 'relation' AND relation = 'telemetry_events'::regclass AND granted \
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
             AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid()",
    )
    .get_results(connection)
    .await?;
    Ok(writers.into_iter().map(|row| row.writer).collect())
}
