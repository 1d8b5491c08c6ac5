//! Figures over many sessions: metrics by up to two dimensions and over time, beside those of the
//! period before.
//!
//! One statement goes over the rows once and brings the parts of the smallest groups; what is larger
//! is put together from them (`metric` tells why that is exact).

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Double, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::board::Board;
use super::figures_answer::FiguresAnswer;
use super::interval::Interval;
use super::metric::{Metric, Wanted};
use super::parts::Parts;
use super::sessions::push_scope;
use super::sql::{Bind, Sql};
use super::{Filter, Mistake, Params, Period, Place, Query};
use crate::storage::StorageError;

/// The parameters beside those of the period.
pub const FIGURES_PARAMS: &[&str] = &[
    "metric", "group_by", "interval", "timezone", "compare", "order", "limit", "filter",
];
/// Metrics of one question.
const MAX_METRICS: usize = 10;
/// Dimensions of one question.
const MAX_DIMENSIONS: usize = 2;
/// Groups of an answer, unless asked otherwise.
const DEFAULT_GROUPS: i64 = 20;
/// Smallest groups that a statement may bring; memory is bounded by this, and by the sessions whose
/// single values are wanted.
const MAX_SMALLEST_GROUPS: i64 = 200_000;

/// Which figures, of which sessions.
#[derive(Debug, Clone)]
pub struct FiguresQuery {
    project: String,
    filters: Vec<Filter>,
    pub(super) period: Period,
    pub(super) metrics: Vec<Metric>,
    pub(super) group_by: Vec<Place>,
    pub(super) interval: Option<Interval>,
    pub(super) compare: bool,
    pub(super) order: Order,
    pub(super) limit: i64,
}

/// By what groups are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    /// The metric's place among those asked for.
    pub(super) metric: usize,
    /// By what the group adds on the bad side of the total, and not by the value.
    pub(super) by_impact: bool,
    pub(super) descending: bool,
}

#[derive(Debug, QueryableByName)]
pub(super) struct SmallestGroup {
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) one: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) two: Option<String>,
    #[diesel(sql_type = Bool)]
    pub(super) before: bool,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(super) begins: Option<i64>,
    #[diesel(sql_type = Array<Nullable<Double>>)]
    sums: Vec<Option<f64>>,
    #[diesel(sql_type = Array<Double>)]
    lists: Vec<f64>,
    #[diesel(sql_type = Array<BigInt>)]
    lengths: Vec<i64>,
}

impl FiguresQuery {
    /// Reads it from the parameters.
    pub fn parse(project: &str, params: &Params, now: DateTime<Utc>) -> Result<Self, Mistake> {
        let period = Period::parse(params, now)?;
        let metrics = parse_metrics(params)?;
        let group_by = parse_group_by(params)?;
        let compare = params.choice("compare", &[("none", false), ("previous", true)])?;
        Ok(Self {
            project: project.to_owned(),
            filters: Filter::parse_all(params)?,
            period,
            interval: Interval::parse(params, period)?,
            order: Order::parse(params, &metrics)?,
            limit: params.limit(DEFAULT_GROUPS)?,
            metrics,
            group_by,
            compare,
        })
    }

    fn statement(&self, wanted: &Wanted) -> Sql {
        let mut sql = Sql::new("SELECT ");
        for (at, name) in [(0, " AS one, "), (1, " AS two, ")] {
            match self.group_by.get(at) {
                Some(place) => place.push_text(&mut sql),
                None => sql.push("NULL::text"),
            }
            sql.push(name);
        }
        self.push_times(&mut sql);
        push_parts(wanted, &mut sql);
        sql.push(" FROM session_summaries WHERE ");
        push_scope(&mut sql, &self.project, self.whole_period(), &self.filters);
        sql.push(" GROUP BY 1, 2, 3, 4 LIMIT ");
        sql.bind(Bind::Integer(MAX_SMALLEST_GROUPS + 1));
        sql
    }

    fn push_times(&self, sql: &mut Sql) {
        let column = self.period.clock.column();
        let push_before = |sql: &mut Sql| {
            sql.push(column);
            sql.push(" < ");
            sql.bind(Bind::Time(self.period.from));
        };
        if self.compare {
            push_before(sql);
            sql.push(" AS before, ");
        } else {
            sql.push("false AS before, ");
        }
        match &self.interval {
            // What came before is not told over time.
            Some(interval) if self.compare => {
                sql.push("CASE WHEN ");
                push_before(sql);
                sql.push(" THEN NULL ELSE ");
                interval.push(self.period, sql);
                sql.push(" END");
            }
            Some(interval) => interval.push(self.period, sql),
            None => sql.push("NULL::bigint"),
        }
        sql.push(" AS begins, ");
    }

    fn whole_period(&self) -> Period {
        if !self.compare {
            return self.period;
        }
        Period {
            from: self.period.previous().from,
            ..self.period
        }
    }
}

/// The sums as one array, and all lists as another, one after the other.
fn push_parts(wanted: &Wanted, sql: &mut Sql) {
    let sums: Vec<&str> = wanted.sums.iter().map(|(_, sum)| sum.as_str()).collect();
    sql.push(&format!("ARRAY[{}]::float8[] AS sums, ", sums.join(", ")));
    let known = |list: &String| format!("FILTER (WHERE {list} IS NOT NULL)");
    let lists: Vec<String> = wanted
        .lists
        .iter()
        .map(|list| format!("array_agg({list}) {}", known(list)))
        .collect();
    let lists = if lists.is_empty() {
        "'{}'::float8[]".to_owned()
    } else {
        lists.join(" || ")
    };
    let lengths: Vec<String> = wanted
        .lists
        .iter()
        .map(|list| format!("count({list})"))
        .collect();
    sql.push(&format!(
        "coalesce({lists}, '{{}}') AS lists, ARRAY[{}]::bigint[] AS lengths",
        lengths.join(", ")
    ));
}

impl SmallestGroup {
    fn into_parts(self) -> Parts {
        let mut values = self.lists.into_iter();
        let lists = self.lengths.iter().map(|length| {
            let length = usize::try_from(*length).unwrap_or_default();
            values.by_ref().take(length).collect()
        });
        let lists = lists.collect();
        Parts::new(self.sums, lists)
    }
}

impl Query for FiguresQuery {
    type Answer = Result<FiguresAnswer, Mistake>;

    async fn run(self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, StorageError> {
        let beginnings = match &self.interval {
            Some(interval) => match interval.beginnings(self.period, connection).await? {
                Ok(beginnings) => beginnings,
                Err(mistake) => return Ok(Err(mistake)),
            },
            None => Vec::new(),
        };
        let mut wanted = Wanted::default();
        let plans: Vec<_> = self.metrics.iter().map(|it| it.plan(&mut wanted)).collect();
        let statement = self.statement(&wanted).query();
        let rows: Vec<SmallestGroup> = statement.get_results(connection).await?;
        if i64::try_from(rows.len()).unwrap_or(i64::MAX) > MAX_SMALLEST_GROUPS {
            let detail = format!(
                "these are more than {MAX_SMALLEST_GROUPS} groups and stretches of time; take a \
                 longer interval, fewer dimensions, or a filter"
            );
            return Ok(Err(Mistake::new("group_by", detail)));
        }
        let mut board = Board::new(wanted, plans);
        for row in rows {
            let group = (row.one.clone(), row.two.clone());
            let (before, begins) = (row.before, row.begins);
            board.add(group, before, begins, &row.into_parts());
        }
        Ok(Ok(board.answer(&self, &beginnings)))
    }
}

fn parse_metrics(params: &Params) -> Result<Vec<Metric>, Mistake> {
    let wanted = params.all("metric").flat_map(|given| given.split(','));
    let metrics: Vec<Metric> = wanted.map(Metric::parse).collect::<Result<_, _>>()?;
    let told_twice = |(at, metric): (usize, &Metric)| {
        metrics
            .iter()
            .take(at)
            .any(|earlier| earlier.key == metric.key)
    };
    if let Some((_, metric)) = metrics.iter().enumerate().find(|it| told_twice(*it)) {
        let detail = format!("{} is asked for twice", metric.key);
        return Err(Mistake::new("metric", detail));
    }
    match metrics.len() {
        0 => Err(Mistake::new(
            "metric",
            "it is wanted, as in metric=startup_ms:p95; /api/v1/metrics has them all",
        )),
        1..=MAX_METRICS => Ok(metrics),
        _ => {
            let detail = format!("at most {MAX_METRICS} metrics are allowed");
            Err(Mistake::new("metric", detail))
        }
    }
}

fn parse_group_by(params: &Params) -> Result<Vec<Place>, Mistake> {
    let wanted = params.all("group_by").flat_map(|given| given.split(','));
    let wanted = wanted.filter(|name| !name.is_empty());
    let places: Vec<Place> = wanted
        .map(|name| Place::parse_dimension("group_by", name))
        .collect::<Result<_, _>>()?;
    if places.len() > MAX_DIMENSIONS {
        let detail = format!("at most {MAX_DIMENSIONS} dimensions are allowed");
        return Err(Mistake::new("group_by", detail));
    }
    if let [one, two] = places.as_slice()
        && one == two
    {
        return Err(Mistake::new("group_by", "the dimensions must differ"));
    }
    Ok(places)
}

impl Order {
    /// `order`: a metric that is asked for, `impact:` before it for its negative impact, and `-`
    /// before all for the largest first.
    fn parse(params: &Params, metrics: &[Metric]) -> Result<Self, Mistake> {
        let Some(text) = params.one("order")? else {
            return Ok(Self {
                metric: 0,
                by_impact: false,
                descending: true,
            });
        };
        let (text, descending) = match text.strip_prefix('-') {
            Some(text) => (text, true),
            None => (text, false),
        };
        let (key, by_impact) = match text.strip_prefix("impact:") {
            Some(key) => (key, true),
            None => (text, false),
        };
        let found = metrics.iter().position(|metric| metric.key == key);
        let keys = metrics.iter().map(|metric| metric.key.as_str());
        let metric =
            found.ok_or_else(|| Mistake::unknown("order", "metric in this question", key, keys))?;
        Ok(Self {
            metric,
            by_impact,
            descending,
        })
    }
}
