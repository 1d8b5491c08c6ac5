//! Figures over many sessions: metrics by up to two dimensions and over time, beside those of the
//! period before.
//!
//! One pass over the sessions' columns counts the smallest groups; what is larger is put together
//! from them (`metric` tells why that is exact).

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

use super::board::Board;
use super::columns::{Columns, Rows, Scan};
use super::figures_answer::FiguresAnswer;
use super::interval::Interval;
use super::metric::{Metric, Wanted};
use super::tally::{MAX_GROUPS, Tally};
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

impl Query for FiguresQuery {
    type Answer = Result<FiguresAnswer, Mistake>;

    async fn run(
        self,
        connection: &mut AsyncPgConnection,
        columns: &Columns,
    ) -> Result<Self::Answer, StorageError> {
        let beginnings = match &self.interval {
            Some(interval) => match interval.beginnings(self.period, connection).await? {
                Ok(beginnings) => beginnings,
                Err(mistake) => return Ok(Err(mistake)),
            },
            None => Vec::new(),
        };
        let mut wanted = Wanted::default();
        let plans: Vec<_> = self.metrics.iter().map(|it| it.plan(&mut wanted)).collect();
        let mut scan = Scan::new(&self.project, self.whole_period(), &self.filters);
        let mut tally = Tally::new(&self, &beginnings, &wanted, &mut scan);
        let mut fits = true;
        let count = |rows: &Rows<'_>| {
            fits = tally.count(rows);
            fits
        };
        scan.run(connection, columns, count).await?;
        if !fits {
            let detail = format!(
                "these are more than {MAX_GROUPS} groups and stretches of time; take a longer \
                 interval, fewer dimensions, or a filter"
            );
            return Ok(Err(Mistake::new("group_by", detail)));
        }
        let groups: Vec<_> = tally.into_groups().collect();
        let mut board = Board::new(wanted, plans);
        for group in groups {
            let [one, two] = group.groups;
            board.add((one, two), group.before, group.begins, &group.parts);
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
