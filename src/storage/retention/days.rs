//! Days of events that are older than they are kept.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;

use super::super::StorageError;
use super::super::partitions::{self, Drop, Partition};
use super::super::recovery::MARGIN;
use super::Run;
use super::look::{Place, Standing};
use super::report::{Day, DayEnd, Tally};

impl Run<'_> {
    /// Drops the days that ended before this, as far as their sessions can be sealed.
    pub(super) async fn drop_days(
        &mut self,
        before: DateTime<Utc>,
    ) -> Result<Vec<Day>, StorageError> {
        let before_ms = before.timestamp_millis();
        let mut days = Vec::new();
        for partition in partitions::ending_before(self.connection, before_ms).await? {
            let day = self.drop_day(&partition).await?;
            if day.end == DayEnd::Dropped {
                tracing::info!(
                    partition = day.partition,
                    events = day.events,
                    sealed = day.tally.sealed,
                    "dropped a day of events"
                );
            } else if !self.dry_run {
                tracing::warn!(
                    partition = day.partition,
                    end = ?day.end,
                    waiting = day.tally.waiting,
                    "a day of events could not be dropped, it is tried again"
                );
            }
            let in_use = day.end == DayEnd::InUse;
            days.push(day);
            // The others are in use as well, and each attempt holds up ingest for a moment.
            if in_use {
                break;
            }
        }
        Ok(days)
    }

    async fn drop_day(&mut self, partition: &Partition) -> Result<Day, StorageError> {
        let place = Place {
            table: partition.name.clone(),
            before: None,
        };
        let mut day = Day {
            partition: partition.name.clone(),
            events: count(self, &place).await?,
            tally: Tally::default(),
            end: DayEnd::Waiting,
        };
        // What cannot go is not sealed either: its sessions may still get their events.
        if self.prepare(&place, &mut day.tally).await? {
            day.end = match self.dry_run {
                true => DayEnd::Ready,
                false => self.seal_and_drop(&place, &mut day.tally).await?,
            };
        }
        Ok(day)
    }

    /// Folds what is stale there; tells whether all can be sealed.
    async fn prepare(&mut self, place: &Place, tally: &mut Tally) -> Result<bool, StorageError> {
        let mut after = None;
        loop {
            let page = self.page(place, after.as_ref()).await?;
            let Some((last, _)) = page.last() else {
                return Ok(tally.waiting == 0);
            };
            after = Some(last.clone());
            tally.sessions += u64::try_from(page.len()).unwrap_or(0);
            let sessions = self.fold_stale(page, tally).await?;
            self.note_waiting(&sessions, tally);
        }
    }

    async fn seal_and_drop(
        &mut self,
        place: &Place,
        tally: &mut Tally,
    ) -> Result<DayEnd, StorageError> {
        let mut after = None;
        loop {
            let page = self.page(place, after.as_ref()).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            let Some(sessions) = self.seal(page, tally).await? else {
                return Ok(DayEnd::InUse);
            };
            if sessions
                .iter()
                .any(|(_, standing)| *standing != Standing::Sealed)
            {
                return Ok(DayEnd::Changed);
            }
        }
        // Sealed sessions get no rows any more, and those of others that came since the first look
        // were stamped since then.
        let unchanged_since = self.now - MARGIN;
        let dropped = partitions::drop(self.connection, &place.table, unchanged_since).await?;
        Ok(match dropped {
            Drop::Done => DayEnd::Dropped,
            Drop::Changed => DayEnd::Changed,
            Drop::InUse => DayEnd::InUse,
        })
    }
}

/// How many rows there are.
pub(super) async fn count(run: &mut Run<'_>, place: &Place) -> QueryResult<u64> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        rows: i64,
    }
    let (table, condition) = (&place.table, place.condition());
    let count: Count = sql_query(format!(
        "SELECT count(*) AS rows FROM {table} WHERE {condition}"
    ))
    .get_result(run.connection)
    .await?;
    Ok(u64::try_from(count.rows).unwrap_or(0))
}
