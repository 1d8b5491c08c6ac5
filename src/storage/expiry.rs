//! Events that come too late: for a sealed session, or from before all that is kept.
//!
//! A sealed session's rows are dropped, and with them the knowledge of which events it had. A resend of
//! one of them must not become a row again, and a new event must not change figures that nobody can
//! fold any more. So both are refused, `expired`, however long ago the session was sealed, by any server.
//!
//! Who could know? Not the actor: it reads nothing at its start. Not a set in memory: sealed sessions
//! are as many as summaries are kept, and a set that is read now and then is late by that much. So
//! every INSERT asks, in the same statement and therefore the same snapshot, whether one of its
//! sessions is sealed, and then writes nothing at all. Where nothing was ever sealed, that is one look
//! at a table of one row; else one look at the summaries' primary key for each session (not event) of
//! the batch.
//!
//! An INSERT whose snapshot is older than a seal may still commit after it. That is the other half of
//! the promise: whoever seals waits for those, and takes the seal back where one brought an event.
//! See `retention::seal`.
//!
//! The statement says no by dividing by zero: an error leaves no doubt between "too late" and "all of
//! them duplicates", and it comes before the first row is written. Then the late ones are looked up
//! and left out.

use std::collections::HashSet;

use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::insert::Row;
use super::schema::retention_state as r;

/// When an event happened by the server's clock, as far as it can be told from the event alone, epoch
/// ms: a clock that is years off does not make it late.
fn happened_ms(row: &Row<'_>) -> i64 {
    let event = &row.record.event;
    let offset_ms = match event.sent_at_ms {
        Some(sent_at_ms) => event.created_at_ms.saturating_sub(sent_at_ms),
        None => 0,
    };
    event
        .timestamp_ms
        .saturating_add(offset_ms)
        .min(event.created_at_ms)
}

/// The sessions of rows that are sorted by key: their projects, and their ids.
fn sessions<'a>(rows: &[Row<'a>]) -> (Vec<&'a str>, Vec<&'a str>) {
    let mut keys: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| (row.project, row.session_id))
        .collect();
    keys.dedup();
    keys.into_iter().unzip()
}

/// A condition for all rows of an INSERT: holds where none of them is too late, and fails the
/// statement where one is.
#[derive(Debug)]
pub(super) struct NoneExpired<'a> {
    earliest_ms: i64,
    projects: Vec<&'a str>,
    session_ids: Vec<&'a str>,
}

impl<'a> NoneExpired<'a> {
    pub(super) fn of(rows: &[Row<'a>]) -> Self {
        let (projects, session_ids) = sessions(rows);
        Self {
            earliest_ms: rows.iter().map(happened_ms).min().unwrap_or(i64::MAX),
            projects,
            session_ids,
        }
    }
}

/// Its text is always the same, so a statement with it is prepared once.
impl QueryId for NoneExpired<'_> {
    type QueryId = NoneExpired<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Expression for NoneExpired<'_> {
    type SqlType = Bool;
}

impl<QS: ?Sized> AppearsOnTable<QS> for NoneExpired<'_> {}

impl<QS: ?Sized> SelectableExpression<QS> for NoneExpired<'_> {}

impl<G> ValidGrouping<G> for NoneExpired<'_> {
    type IsAggregate = diesel::expression::is_aggregate::Never;
}

impl QueryFragment<Pg> for NoneExpired<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // CASE looks at one after the other; none of the looks depends on a row, so each is done once.
        out.push_sql(
            "1 / CASE WHEN (SELECT NOT sealing FROM retention_state) THEN 1 \
             WHEN (SELECT expired_before_ms FROM retention_state) > ",
        );
        out.push_bind_param::<BigInt, _>(&self.earliest_ms)?;
        out.push_sql(" THEN 0 WHEN EXISTS (SELECT FROM unnest(");
        out.push_bind_param::<Array<Text>, _>(&self.projects)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.session_ids)?;
        out.push_sql(
            ") AS k (project, session_id) JOIN session_summaries AS s \
                 ON s.project = k.project COLLATE \"C\" \
                 AND s.session_id = k.session_id COLLATE \"C\" \
             WHERE s.sealed_at IS NOT NULL) THEN 0 ELSE 1 END = 1",
        );
        Ok(())
    }
}

/// Which rows of a batch are too late.
#[derive(Debug, Default)]
pub(super) struct Late {
    before_ms: i64,
    sealed: HashSet<(String, String)>,
}

impl Late {
    pub(super) fn contains(&self, row: &Row<'_>) -> bool {
        let key = (row.project.to_owned(), row.session_id.to_owned());
        happened_ms(row) < self.before_ms || self.sealed.contains(&key)
    }
}

/// Looks at rows that are sorted by key.
pub(super) async fn find_late(
    connection: &mut AsyncPgConnection,
    rows: &[Row<'_>],
) -> QueryResult<Late> {
    #[derive(QueryableByName)]
    struct Sealed {
        #[diesel(sql_type = Text)]
        project: String,
        #[diesel(sql_type = Text)]
        session_id: String,
    }
    let before_ms = r::table
        .select(r::expired_before_ms)
        .first(connection)
        .await
        .optional()?;
    let (projects, session_ids) = sessions(rows);
    let sealed: Vec<Sealed> = sql_query(
        "SELECT s.project, s.session_id FROM unnest($1, $2) AS k (project, session_id) \
         JOIN session_summaries AS s \
             ON s.project = k.project COLLATE \"C\" AND s.session_id = k.session_id COLLATE \"C\" \
         WHERE s.sealed_at IS NOT NULL",
    )
    .bind::<Array<Text>, _>(projects)
    .bind::<Array<Text>, _>(session_ids)
    .get_results(connection)
    .await?;
    Ok(Late {
        before_ms: before_ms.unwrap_or(0),
        sealed: sealed
            .into_iter()
            .map(|row| (row.project, row.session_id))
            .collect(),
    })
}

/// From the end of this transaction on, every INSERT looks for sealed sessions.
pub(super) async fn begin_sealing(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    sql_query(
        "INSERT INTO retention_state (sealing) VALUES (TRUE) \
         ON CONFLICT (id) DO UPDATE SET sealing = TRUE WHERE NOT retention_state.sealing",
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The same, and events from before this are refused whatever their session is.
pub(super) async fn expire_before(
    connection: &mut AsyncPgConnection,
    before_ms: i64,
) -> QueryResult<()> {
    sql_query(
        "INSERT INTO retention_state AS r (sealing, expired_before_ms) VALUES (TRUE, $1) \
         ON CONFLICT (id) DO UPDATE SET sealing = TRUE, \
             expired_before_ms = greatest(r.expired_before_ms, excluded.expired_before_ms)",
    )
    .bind::<BigInt, _>(before_ms)
    .execute(connection)
    .await?;
    Ok(())
}
