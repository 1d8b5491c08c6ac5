//! A histogram as it is told.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::Amount;

/// How a value is spread over sessions. The counts of the buckets, `below` and `above` add up to `n`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct HistogramAnswer {
    /// The first moment of the period.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub to: DateTime<Utc>,
    /// The metric.
    pub metric: &'static str,
    /// Its unit: that of every number here but the counts.
    pub unit: &'static str,
    /// `linear` or `log`.
    pub scale: &'static str,
    /// Sessions that have the value.
    pub n: i64,
    /// Sessions that do not.
    pub unknown: i64,
    /// The least value; null where no session has one, as all that follow.
    #[schema(value_type = Option<f64>)]
    pub min: Option<Amount>,
    /// The largest.
    #[schema(value_type = Option<f64>)]
    pub max: Option<Amount>,
    /// Their mean; null for ratios, which have none: `metrics/query` tells them as a sum divided by a
    /// sum.
    #[schema(value_type = Option<f64>)]
    pub mean: Option<Amount>,
    /// The median, as exact as that of `metrics/query`.
    #[schema(value_type = Option<f64>)]
    pub p50: Option<Amount>,
    /// Three quarters of the sessions have at most this.
    #[schema(value_type = Option<f64>)]
    pub p75: Option<Amount>,
    /// Nine tenths.
    #[schema(value_type = Option<f64>)]
    pub p90: Option<Amount>,
    /// 95 of 100.
    #[schema(value_type = Option<f64>)]
    pub p95: Option<Amount>,
    /// 99 of 100.
    #[schema(value_type = Option<f64>)]
    pub p99: Option<Amount>,
    /// Side by side, empty ones included; none where nothing tells an axis.
    pub buckets: Vec<Bucket>,
    /// Sessions before the first bucket. With `scale=log` what is 0 is among them.
    pub below: i64,
    /// Sessions after the last one.
    pub above: i64,
}

/// Sessions whose value lies within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Bucket {
    /// The least value that is in it.
    #[schema(value_type = f64)]
    pub from: Amount,
    /// The least above it: the next one's `from`.
    #[schema(value_type = f64)]
    pub to: Amount,
    /// How many.
    pub count: i64,
}
