//! The hours in which sessions start and end, each with a version that rises with every change to one
//! of their summaries. So whoever keeps a part of the summaries in memory can tell in one look whether
//! it is still the table's; see `query::columns`.
//!
//! That is only as good as its writers: a transaction that writes or deletes summaries must call
//! [`touch`] with the hours of the rows as they were and as they become.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::sql_query;
use diesel::sql_types::{Array, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::StorageError;
use super::summary_row::SummaryRow;

/// An hour, s.
pub(super) const SECS: i64 = 3600;

/// Hours of projects, sorted, so that two transactions cannot wait for each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Hours(BTreeSet<(String, DateTime<Utc>)>);

impl Hours {
    /// Adds the hour in which a moment lies.
    pub(super) fn add(&mut self, project: &str, moment: DateTime<Utc>) {
        let begins = moment.timestamp().div_euclid(SECS) * SECS;
        if let Some(hour) = DateTime::from_timestamp(begins, 0) {
            self.0.insert((project.to_owned(), hour));
        }
    }

    /// Adds the hours of a summary.
    pub(super) fn add_row(&mut self, row: &SummaryRow) {
        self.add(&row.project, row.started_at);
        self.add(&row.project, row.last_event_at);
    }
}

/// Raises the versions of these hours. Until the transaction ends, others that change summaries of
/// the same hours wait here, so it should be its last statement.
pub(super) async fn touch(
    connection: &mut AsyncPgConnection,
    hours: &Hours,
) -> Result<(), StorageError> {
    let (projects, hours): (Vec<&str>, Vec<DateTime<Utc>>) = hours
        .0
        .iter()
        .map(|(project, hour)| (project.as_str(), *hour))
        .unzip();
    if hours.is_empty() {
        return Ok(());
    }
    sql_query(
        // An hour that was deleted must not come back with a version that somebody has kept.
        "INSERT INTO summary_hours AS h (project, hour, version) \
         SELECT k.project, k.hour, (extract(epoch FROM clock_timestamp()) * 1000)::bigint \
         FROM unnest($1, $2) AS k (project, hour) \
         ON CONFLICT (project, hour) DO UPDATE SET version = h.version + 1",
    )
    .bind::<Array<Text>, _>(projects)
    .bind::<Array<Timestamptz>, _>(hours)
    .execute(connection)
    .await?;
    Ok(())
}
