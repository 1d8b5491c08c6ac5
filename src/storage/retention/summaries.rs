//! Summaries that are older than they are kept. Only sealed ones go, and only when no row is left of
//! their session: an unsealed summary without rows is a difference that `verify` must find.
//!
//! With the summary goes the last that is known of the session, its seal included. So a line is drawn
//! first: from its commit on, events from before it are refused whatever their session is, by their
//! time on the server's clock where the client tells its own (`sentAt`). A client that tells none, and
//! whose clock is that far behind, is refused too; its summaries would lie before the line as well. What
//! the line does not see is a resend, after all that time, of an event whose clock was ahead and told
//! by nobody: it would make a session anew.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

use super::super::StorageError;
use super::super::expiry;
use super::super::summary_hours::{self, Hours};
use super::Run;

/// Summaries looked at by one transaction.
const PAGE: i64 = 1000;
/// Summaries lie this far before the line at least: a session's time and that of one of its events
/// are corrected by what two messages told of the client's clock.
const MARGIN: TimeDelta = TimeDelta::hours(1);

#[derive(QueryableByName)]
struct Old {
    #[diesel(sql_type = Text)]
    session_id: String,
    #[diesel(sql_type = Timestamptz)]
    started_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    last_event_at: DateTime<Utc>,
    #[diesel(sql_type = Bool)]
    has_rows: bool,
}

impl Run<'_> {
    /// Deletes the summaries of sessions that ended before this, and tells how many.
    pub(super) async fn delete_summaries(
        &mut self,
        before: DateTime<Utc>,
    ) -> Result<u64, StorageError> {
        if !self.dry_run {
            expiry::expire_before(self.connection, before.timestamp_millis()).await?;
        }
        let before = before - MARGIN;
        let mut deleted = 0;
        for project in self.projects().await? {
            let mut after = (DateTime::UNIX_EPOCH, String::new());
            loop {
                let page = self.old_summaries(&project, before, &after).await?;
                let Some(last) = page.last() else { break };
                after = (last.last_event_at, last.session_id.clone());
                let bare: Vec<Old> = page.into_iter().filter(|old| !old.has_rows).collect();
                deleted += match self.dry_run {
                    true => bare.len(),
                    false => delete(self.connection, &project, &bare).await?,
                };
            }
            if !self.dry_run {
                thin_hours(self.connection, &project, before).await?;
            }
        }
        Ok(u64::try_from(deleted).unwrap_or(0))
    }

    /// Every project that has summaries.
    async fn projects(&mut self) -> QueryResult<Vec<String>> {
        #[derive(QueryableByName)]
        struct Project {
            #[diesel(sql_type = Text)]
            project: String,
        }
        let projects: Vec<Project> =
            sql_query("SELECT DISTINCT project FROM summary_hours ORDER BY project")
                .get_results(self.connection)
                .await?;
        Ok(projects.into_iter().map(|row| row.project).collect())
    }

    async fn old_summaries(
        &mut self,
        project: &str,
        before: DateTime<Utc>,
        (time, session_id): &(DateTime<Utc>, String),
    ) -> QueryResult<Vec<Old>> {
        sql_query(
            "SELECT s.session_id, s.started_at, s.last_event_at, EXISTS ( \
                 SELECT FROM telemetry_events AS e \
                 WHERE e.project = s.project AND e.session_id = s.session_id) AS has_rows \
             FROM session_summaries AS s \
             WHERE s.project = $1 AND s.last_event_at < $2 AND s.sealed_at IS NOT NULL \
                 AND (s.last_event_at, s.session_id) > ($3, $4) \
             ORDER BY s.last_event_at, s.session_id LIMIT $5",
        )
        .bind::<Text, _>(project)
        .bind::<Timestamptz, _>(before)
        .bind::<Timestamptz, _>(time)
        .bind::<Text, _>(session_id)
        .bind::<BigInt, _>(PAGE)
        .get_results(self.connection)
        .await
    }
}

async fn delete(
    connection: &mut AsyncPgConnection,
    project: &str,
    old: &[Old],
) -> Result<usize, StorageError> {
    let mut hours = Hours::default();
    for summary in old {
        hours.add(project, summary.started_at);
        hours.add(project, summary.last_event_at);
    }
    let session_ids: Vec<&str> = old.iter().map(|old| old.session_id.as_str()).collect();
    connection
        .transaction(async |connection| {
            // A sealed summary never changes, and its session gets no rows: it is as it was.
            let deleted = sql_query(
                "DELETE FROM session_summaries WHERE project = $1 \
                     AND session_id = ANY ($2) AND sealed_at IS NOT NULL",
            )
            .bind::<Text, _>(project)
            .bind::<Array<Text>, _>(session_ids)
            .execute(connection)
            .await?;
            summary_hours::touch(connection, &hours).await?;
            Ok(deleted)
        })
        .await
}

/// Deletes hours in which no session starts or ends any more.
async fn thin_hours(
    connection: &mut AsyncPgConnection,
    project: &str,
    before: DateTime<Utc>,
) -> Result<(), StorageError> {
    let before = before - TimeDelta::hours(1);
    connection
        .transaction(async |connection| {
            // Whoever writes a summary raises its hours: from here on they wait for us, or have
            // committed what the next statement sees.
            for statement in [
                "UPDATE summary_hours SET version = version + 1 WHERE project = $1 AND hour < $2",
                "DELETE FROM summary_hours AS h WHERE project = $1 AND hour < $2 \
                     AND NOT EXISTS (SELECT FROM session_summaries AS s WHERE s.project = $1 \
                         AND s.started_at >= h.hour AND s.started_at < h.hour + interval '1 hour') \
                     AND NOT EXISTS (SELECT FROM session_summaries AS s WHERE s.project = $1 \
                         AND s.last_event_at >= h.hour \
                         AND s.last_event_at < h.hour + interval '1 hour')",
            ] {
                sql_query(statement)
                    .bind::<Text, _>(project)
                    .bind::<Timestamptz, _>(before)
                    .execute(connection)
                    .await?;
            }
            Ok(())
        })
        .await
}
