//! What sessions can be grouped by: the columns that tell who, what or where, and the keys that a site
//! gave its sessions itself. The latter are found by looking at the newest sessions.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use utoipa::ToSchema;

use super::fields::{FIELDS, Kind};
use super::place::CUSTOM;
use super::sessions::push_scope;
use super::sql::{Bind, Sql};
use super::{Columns, Mistake, Params, Period, Query};
use crate::storage::StorageError;

/// So many of the period's newest sessions are looked at for their keys.
const SESSIONS: i64 = 10_000;
/// So many keys are told: those that most of these sessions have.
const MAX_KEYS: i64 = 500;

/// Which sessions' keys.
#[derive(Debug, Clone)]
pub struct DimensionsQuery {
    project: String,
    period: Period,
}

/// What sessions can be grouped by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Dimension {
    /// Its name, as in `group_by` and filters.
    pub dimension: String,
    /// What it tells.
    pub description: &'static str,
    /// What values it has: `text` or `boolean`.
    pub kind: &'static str,
}

/// All there are, unless the site has more keys than are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimensions {
    /// First those that every site has, then the site's own.
    pub dimensions: Vec<Dimension>,
    /// There are more keys.
    pub more: bool,
}

#[derive(Debug, QueryableByName)]
struct Key {
    #[diesel(sql_type = Text)]
    key: String,
}

impl DimensionsQuery {
    /// Reads it from the parameters.
    pub fn parse(project: &str, params: &Params, now: DateTime<Utc>) -> Result<Self, Mistake> {
        Ok(Self {
            project: project.to_owned(),
            period: Period::parse(params, now)?,
        })
    }

    fn statement(&self) -> Sql {
        let mut sql = Sql::new("SELECT key FROM (SELECT custom FROM session_summaries WHERE ");
        push_scope(&mut sql, &self.project, self.period, &[]);
        sql.push(" ORDER BY ");
        sql.push(self.period.clock.column());
        sql.push(" DESC LIMIT ");
        sql.bind(Bind::Integer(SESSIONS));
        sql.push(
            ") AS newest, jsonb_object_keys(CASE jsonb_typeof(custom) WHEN 'object' THEN custom END) \
             AS key WHERE key <> '' GROUP BY key ORDER BY count(*) DESC, key COLLATE \"C\" LIMIT ",
        );
        sql.bind(Bind::Integer(MAX_KEYS + 1));
        sql
    }
}

impl Query for DimensionsQuery {
    type Answer = Dimensions;

    async fn run(
        self,
        connection: &mut AsyncPgConnection,
        _: &Columns,
    ) -> Result<Dimensions, StorageError> {
        let keys: Vec<Key> = self.statement().query().get_results(connection).await?;
        let told = usize::try_from(MAX_KEYS).unwrap_or(usize::MAX);
        let more = keys.len() > told;
        let columns = FIELDS.iter().filter_map(|field| {
            Some(Dimension {
                dimension: field.name.to_owned(),
                description: field.dimension?,
                kind: field.kind.name(),
            })
        });
        let own = keys.into_iter().take(told).map(|it| Dimension {
            dimension: format!("{CUSTOM}{}", it.key),
            description: "the site's own",
            kind: Kind::Text.name(),
        });
        Ok(Dimensions {
            dimensions: columns.chain(own).collect(),
            more,
        })
    }
}
