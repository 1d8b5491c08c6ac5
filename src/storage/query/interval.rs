//! Series: a period cut into stretches of equal length. Days are those of a time zone, so they may
//! have 23 or 25 hours; shorter stretches begin at their multiples in UTC.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::sql::{Bind, Sql};
use super::{Mistake, Params, Period};
use crate::storage::StorageError;

/// A series has no more stretches than this.
const MAX_STRETCHES: i64 = 5000;
const DAY_SECS: i64 = 86_400;
/// The lengths of stretches: their names, and s.
pub const INTERVALS: &[(&str, i64)] = &[
    ("1m", 60),
    ("5m", 300),
    ("10m", 600),
    ("15m", 900),
    ("30m", 1800),
    ("1h", 3600),
    ("3h", 3 * 3600),
    ("6h", 6 * 3600),
    ("12h", 12 * 3600),
    ("1d", DAY_SECS),
];

/// How a period is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) name: String,
    secs: i64,
    /// Whose days.
    pub(super) timezone: String,
}

impl Interval {
    /// `interval` and `timezone` among the parameters.
    pub(super) fn parse(params: &Params, period: Period) -> Result<Option<Self>, Mistake> {
        let timezone = params.one("timezone")?.unwrap_or("UTC").to_owned();
        let Some(name) = params.one("interval")? else {
            return Ok(None);
        };
        let secs = params.choice("interval", INTERVALS)?;
        let stretches = (period.to - period.from).num_seconds() / secs;
        if stretches >= MAX_STRETCHES {
            let detail = format!(
                "{name} cuts this period into {stretches}, at most {MAX_STRETCHES} are allowed"
            );
            return Err(Mistake::new("interval", detail));
        }
        Ok(Some(Self {
            name: name.to_owned(),
            secs,
            timezone,
        }))
    }

    /// The beginning of the stretch in which a moment lies, epoch s. `beginnings` has that of all.
    pub(super) fn begins(&self, time_sec: i64, beginnings: &[i64]) -> i64 {
        if !self.is_local() {
            return time_sec.div_euclid(self.secs) * self.secs;
        }
        let after = beginnings.partition_point(|begins| *begins <= time_sec);
        let last = after.checked_sub(1).and_then(|at| beginnings.get(at));
        last.copied().unwrap_or(time_sec)
    }

    fn is_local(&self) -> bool {
        self.secs == DAY_SECS && self.timezone != "UTC"
    }

    /// The beginnings of all stretches, epoch s. PostgreSQL is asked where days are not UTC's.
    pub(super) async fn beginnings(
        &self,
        period: Period,
        connection: &mut AsyncPgConnection,
    ) -> Result<Result<Vec<i64>, Mistake>, StorageError> {
        if self.timezone != "UTC" && !knows(&self.timezone, connection).await? {
            let detail = "it must be a name like Europe/Berlin or America/New_York";
            return Ok(Err(Mistake::new("timezone", detail)));
        }
        if self.is_local() {
            return Ok(Ok(self.local_days(period, connection).await?));
        }
        let first = period.from.timestamp().div_euclid(self.secs) * self.secs;
        let last = last_moment(period).timestamp();
        let step = usize::try_from(self.secs).unwrap_or(usize::MAX);
        Ok(Ok((first..=last).step_by(step).collect()))
    }

    async fn local_days(
        &self,
        period: Period,
        connection: &mut AsyncPgConnection,
    ) -> Result<Vec<i64>, StorageError> {
        #[derive(QueryableByName)]
        struct Day {
            #[diesel(sql_type = BigInt)]
            begins: i64,
        }
        let zone = || Bind::Text(self.timezone.clone());
        let mut sql = Sql::new("SELECT date_part('epoch', day AT TIME ZONE ");
        sql.bind(zone());
        sql.push(")::bigint AS begins FROM generate_series(date_trunc('day', ");
        sql.bind(Bind::Time(period.from));
        sql.push(" AT TIME ZONE ");
        sql.bind(zone());
        sql.push("), ");
        sql.bind(Bind::Time(last_moment(period)));
        sql.push(" AT TIME ZONE ");
        sql.bind(zone());
        sql.push(", '1 day') AS day ORDER BY 1");
        let days: Vec<Day> = sql.query().get_results(connection).await?;
        Ok(days.into_iter().map(|day| day.begins).collect())
    }
}

fn last_moment(period: Period) -> DateTime<Utc> {
    period.to - chrono::TimeDelta::microseconds(1)
}

async fn knows(timezone: &str, connection: &mut AsyncPgConnection) -> Result<bool, StorageError> {
    #[derive(QueryableByName)]
    struct Known {
        #[diesel(sql_type = Bool)]
        known: bool,
    }
    let mut sql = Sql::new("SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = ");
    sql.bind(Bind::Text(timezone.to_owned()));
    sql.push(") AS known");
    let found: Known = sql.query().get_result(connection).await?;
    Ok(found.known)
}
