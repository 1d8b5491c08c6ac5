//! How a value is spread over sessions: how many have it within which bounds, beside its percentiles.
//!
//! One pass over the sessions brings the value of each that has one. In order they tell
//! everything else exactly, and the axis needs no second question.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

use super::columns::{Cell, Rows, Scan};
use super::fields::{FIELDS, Kind};
use super::figures_answer::Amount;
use super::histogram_answer::{Bucket, HistogramAnswer};
use super::histogram_edges::{FURTHEST, edges};
use super::measure::{self, Formula, Measure};
use super::metric::Metric;
use super::parts::{float, whole};
use super::{Columns, Filter, Mistake, Params, Period, Query};
use crate::storage::StorageError;

/// The parameters beside those of the period.
pub const HISTOGRAM_PARAMS: &[&str] = &["buckets", "min", "max", "scale", "filter"];
/// Buckets at most, unless asked otherwise.
const DEFAULT_BUCKETS: i64 = 40;
const BUCKETS: std::ops::RangeInclusive<i64> = 5..=200;

/// Which value, of which sessions, on which axis.
#[derive(Debug, Clone)]
pub struct HistogramQuery {
    project: String,
    filters: Vec<Filter>,
    pub(super) period: Period,
    metric: Metric,
    /// The value is a whole number.
    pub(super) is_whole: bool,
    pub(super) buckets: i64,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) scale: Scale,
}

/// How buckets grow along the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// They are equally wide.
    Linear,
    /// They are the wider the further up they stand.
    Log,
}

impl Scale {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Log => "log",
        }
    }
}

impl Measure {
    /// Whether there is a histogram of it: each session has a value of it.
    #[must_use]
    pub fn has_histogram(&self) -> bool {
        matches!(self.formula, Formula::Value(_) | Formula::Ratio { .. })
    }
}

impl HistogramQuery {
    /// Reads it from the metric's name and the parameters.
    pub fn parse(
        project: &str,
        metric: &str,
        params: &Params,
        now: DateTime<Utc>,
    ) -> Result<Self, Mistake> {
        let measure = measure::find("metric", metric)?;
        if !measure.has_histogram() {
            let detail = format!(
                "{metric} is a figure of many sessions and none of a single one; a histogram takes \
                 startup_ms, rebuffer_ratio and the like, metrics/query?metric={metric} tells this one"
            );
            return Err(Mistake::new("metric", detail));
        }
        let scale = params.choice("scale", &[("linear", Scale::Linear), ("log", Scale::Log)])?;
        let (min, max) = parse_bounds(params, scale)?;
        Ok(Self {
            project: project.to_owned(),
            filters: Filter::parse_all(params)?,
            period: Period::parse(params, now)?,
            metric: Metric::parse(metric)?,
            is_whole: is_whole(measure),
            buckets: params
                .number("buckets", &BUCKETS)?
                .unwrap_or(DEFAULT_BUCKETS),
            min,
            max,
            scale,
        })
    }

    fn tell(&self, sessions: i64, values: &[f64]) -> HistogramAnswer {
        let edges: &[f64] = &edges(self, values);
        // How many values lie before an edge; those of a bucket are the difference.
        let before = |edge: &f64| values.partition_point(|value| value < edge);
        let buckets = edges.windows(2).filter_map(|pair| {
            let [from, to] = pair else { return None };
            Some(Bucket {
                from: Amount(*from),
                to: Amount(*to),
                count: count(before(to) - before(from)),
            })
        });
        let at = |fraction| at_rank(values, fraction).map(Amount);
        let n = count(values.len());
        let measure = self.metric.measure;
        let has_mean = matches!(measure.formula, Formula::Value(_)) && n > 0;
        HistogramAnswer {
            from: self.period.from,
            to: self.period.to,
            metric: measure.name,
            unit: measure.unit,
            scale: self.scale.name(),
            n,
            unknown: sessions - n,
            min: at(0.0),
            max: at(1.0),
            mean: has_mean.then(|| Amount(values.iter().sum::<f64>() / float(n))),
            p50: at(0.5),
            p75: at(0.75),
            p90: at(0.9),
            p95: at(0.95),
            p99: at(0.99),
            buckets: buckets.collect(),
            // Without an axis nothing is above 0, where a logarithmic one would begin.
            below: edges.first().map_or(n, |edge| count(before(edge))),
            above: edges.last().map_or(0, |edge| n - count(before(edge))),
        }
    }
}

fn parse_bounds(params: &Params, scale: Scale) -> Result<(Option<f64>, Option<f64>), Mistake> {
    let all = -FURTHEST..=FURTHEST;
    let (min, max) = (params.number("min", &all)?, params.number("max", &all)?);
    for (name, bound) in [("min", min), ("max", max)] {
        if scale == Scale::Log && bound.is_some_and(|bound| bound <= 0.0) {
            return Err(Mistake::new(name, "it must be above 0 where scale is log"));
        }
    }
    if min.zip(max).is_some_and(|(min, max)| min >= max) {
        return Err(Mistake::new("min", "it must lie below max"));
    }
    Ok((min, max))
}

fn is_whole(measure: &Measure) -> bool {
    let is_it = |name| {
        FIELDS
            .iter()
            .any(|it| it.name == name && it.kind == Kind::Integer)
    };
    matches!(measure.formula, Formula::Value(name) if is_it(name))
}

/// Of values in order: between two ranks, as far between their values.
pub(super) fn at_rank(values: &[f64], fraction: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let rank = fraction * float(count(last));
    let below = usize::try_from(whole(rank.floor())).ok()?;
    let low = values.get(below)?;
    let high = values.get(below + 1).unwrap_or(low);
    Some(low + (rank - rank.floor()) * (high - low))
}

fn count(items: usize) -> i64 {
    i64::try_from(items).unwrap_or(i64::MAX)
}

impl Query for HistogramQuery {
    type Answer = HistogramAnswer;

    async fn run(
        self,
        connection: &mut AsyncPgConnection,
        columns: &Columns,
    ) -> Result<Self::Answer, StorageError> {
        let mut scan = Scan::new(&self.project, self.period, &self.filters);
        let value = scan.want(Cell::Number(self.metric.each()));
        let (mut sessions, mut known) = (0, Vec::new());
        let gather = |rows: &Rows<'_>| {
            sessions += count(rows.picked.len());
            known.extend(rows.known(value));
            true
        };
        scan.run(connection, columns, gather).await?;
        known.sort_unstable_by(f64::total_cmp);
        Ok(self.tell(sessions, &known))
    }
}
