//! Which sessions have rows somewhere, and whether they can be sealed.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;

use super::super::key::SessionKey;
use super::super::replay::MAX_SESSIONS;
use super::Run;
use crate::qoe::FOLD_VERSION;

/// Rows of a partition.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Its name, as it stands in a statement.
    pub(super) table: String,
    /// Only those that were created before this.
    pub(super) before: Option<DateTime<Utc>>,
}

impl Place {
    /// As a condition, of which rows of the table.
    pub(super) fn condition(&self) -> String {
        match self.before {
            Some(before) => format!(
                "created_at < to_timestamp({}::double precision / 1000)",
                before.timestamp_millis()
            ),
            None => "TRUE".to_owned(),
        }
    }
}

/// A session, its rows wherever they are, and its summary.
#[derive(Debug, QueryableByName)]
struct Looked {
    #[diesel(sql_type = Text)]
    project: String,
    #[diesel(sql_type = Text)]
    session_id: String,
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_row: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<BigInt>)]
    event_count: Option<i64>,
    #[diesel(sql_type = Nullable<Integer>)]
    fold_version: Option<i32>,
    #[diesel(sql_type = Bool)]
    sealed: bool,
}

/// How a session stands to being sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is.
    Sealed,
    /// It is, and has more rows than its summary folds: one was on its way while it was sealed.
    Torn,
    /// It may be.
    Ready,
    /// Its summary is missing or not current.
    Stale,
    /// It may still get events.
    Live,
}

/// A session and how it stands.
pub(super) type Session = (SessionKey, Standing);

impl Looked {
    fn standing(&self, quiet_since: DateTime<Utc>) -> Standing {
        let folded = self.event_count.unwrap_or(-1);
        if self.sealed && folded < self.rows {
            Standing::Torn
        } else if self.sealed {
            Standing::Sealed
        } else if self.last_row.is_some_and(|last_row| last_row > quiet_since) {
            Standing::Live
        } else if folded == self.rows && self.fold_version.unwrap_or(0) >= FOLD_VERSION {
            Standing::Ready
        } else {
            Standing::Stale
        }
    }

    fn key(&self) -> SessionKey {
        SessionKey::new(&self.project.as_str().into(), self.session_id.as_str())
    }
}

/// How the sessions `k` stand.
const STANDING: &str = "\
    SELECT k.project, k.session_id, e.rows, e.last_row, s.event_count, s.fold_version, \
        s.sealed_at IS NOT NULL AS sealed \
    FROM k CROSS JOIN LATERAL ( \
        SELECT count(*) AS rows, max(created_at) AS last_row FROM telemetry_events AS e \
        WHERE e.project = k.project AND e.session_id = k.session_id) AS e \
    LEFT JOIN session_summaries AS s \
        ON s.project = k.project AND s.session_id = k.session_id \
    ORDER BY k.project, k.session_id";

impl Run<'_> {
    /// The next page of sessions that have rows there.
    pub(super) async fn page(
        &mut self,
        place: &Place,
        after: Option<&SessionKey>,
    ) -> QueryResult<Vec<Session>> {
        let (project, session_id) = after.map_or(("", ""), |key| (&*key.project, &*key.session_id));
        let looked: Vec<Looked> = sql_query(format!(
            "WITH k AS MATERIALIZED ( \
                 SELECT DISTINCT project, session_id FROM {} \
                 WHERE (project, session_id) > ($1, $2) AND {} \
                 ORDER BY project, session_id LIMIT $3) {STANDING}",
            place.table,
            place.condition()
        ))
        .bind::<Text, _>(project)
        .bind::<Text, _>(session_id)
        .bind::<BigInt, _>(i64::try_from(MAX_SESSIONS).unwrap_or(i64::MAX))
        .get_results(self.connection)
        .await?;
        Ok(self.standings(&looked))
    }

    /// How these sessions stand now.
    pub(super) async fn look_at(&mut self, keys: &[SessionKey]) -> QueryResult<Vec<Session>> {
        let (projects, session_ids) = columns(keys);
        let looked: Vec<Looked> = sql_query(format!(
            "WITH k AS MATERIALIZED ( \
                 SELECT project COLLATE \"C\" AS project, session_id COLLATE \"C\" AS session_id \
                 FROM unnest($1, $2) AS u (project, session_id)) {STANDING}"
        ))
        .bind::<Array<Text>, _>(projects)
        .bind::<Array<Text>, _>(session_ids)
        .get_results(self.connection)
        .await?;
        Ok(self.standings(&looked))
    }

    fn standings(&self, looked: &[Looked]) -> Vec<Session> {
        let session = |it: &Looked| (it.key(), it.standing(self.quiet_since));
        looked.iter().map(session).collect()
    }
}

/// The sessions that stand like this.
pub(super) fn standing(sessions: &[Session], wanted: Standing) -> Vec<SessionKey> {
    let stands = |session: &&Session| session.1 == wanted;
    let keys = sessions.iter().filter(stands).map(|(key, _)| key.clone());
    keys.collect()
}

/// Keys as two columns.
pub(super) fn columns(keys: &[SessionKey]) -> (Vec<&str>, Vec<&str>) {
    keys.iter()
        .map(|key| (&*key.project, &*key.session_id))
        .unzip()
}
