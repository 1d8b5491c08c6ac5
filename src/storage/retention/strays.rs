//! Rows outside all days: those of clocks that are off, and of days that were dropped before they came.
//! They go by the time they were received, a session at a time.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Text};
use diesel_async::RunQueryDsl;

use super::super::StorageError;
use super::super::key::SessionKey;
use super::Run;
use super::days::count;
use super::look::{Place, Standing, columns, standing};
use super::report::{Strays, Why};

impl Run<'_> {
    /// Deletes the rows that were received before this, of sessions that can be sealed.
    pub(super) async fn thin_strays(
        &mut self,
        before: DateTime<Utc>,
    ) -> Result<Strays, StorageError> {
        let place = Place {
            table: "telemetry_events_default".to_owned(),
            before: Some(before),
        };
        let mut strays = Strays::default();
        let mut after = None;
        loop {
            let page = self.page(&place, after.as_ref()).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            let tally = &mut strays.tally;
            tally.sessions += u64::try_from(page.len()).unwrap_or(0);
            let sessions = self.fold_stale(page, tally).await?;
            self.note_waiting(&sessions, tally);
            if self.dry_run {
                continue;
            }
            let keys = standing(&sessions, Standing::Ready);
            let Some(sessions) = self.seal(sessions, tally).await? else {
                keys.iter().for_each(|key| tally.wait(key, Why::Changed));
                break;
            };
            for key in standing(&sessions, Standing::Torn) {
                tally.wait(&key, Why::Changed);
            }
            let sealed = standing(&sessions, Standing::Sealed);
            strays.events += delete(self, &place, &sealed).await?;
        }
        if self.dry_run {
            strays.events = count(self, &place).await?;
        }
        Ok(strays)
    }
}

/// Deletes rows of sealed sessions.
async fn delete(run: &mut Run<'_>, place: &Place, keys: &[SessionKey]) -> QueryResult<u64> {
    let (projects, session_ids) = columns(keys);
    let (table, condition) = (&place.table, place.condition());
    let deleted = sql_query(format!(
        "DELETE FROM {table} AS e USING unnest($1, $2) AS k (project, session_id) \
         WHERE e.project = k.project COLLATE \"C\" AND e.session_id = k.session_id COLLATE \"C\" \
             AND {condition}"
    ))
    .bind::<Array<Text>, _>(projects)
    .bind::<Array<Text>, _>(session_ids)
    .execute(run.connection)
    .await?;
    Ok(u64::try_from(deleted).unwrap_or(0))
}
