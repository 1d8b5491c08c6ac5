//! Figures as they are told.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

use super::parts::whole;

/// What was asked, the total, and its groups.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FiguresAnswer {
    /// The first moment of the period.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub to: DateTime<Utc>,
    /// The period of `previous`, if it was asked for.
    pub compared_with: Option<ComparedWith>,
    /// The length of a series' stretches, if there is one.
    pub interval: Option<String>,
    /// Whose days they are.
    pub timezone: String,
    /// The dimensions.
    pub group_by: Vec<String>,
    /// The metrics.
    pub metrics: Vec<MetricInfo>,
    /// Of all groups, those that are not shown included.
    pub total: GroupFigures,
    /// The groups.
    pub data: Vec<GroupFigures>,
    /// How many groups there are.
    pub groups: usize,
    /// Always null: ask for a larger `limit`.
    pub next_cursor: Option<String>,
    /// There are groups that are not shown.
    pub has_more: bool,
}

/// The period before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct ComparedWith {
    /// Its first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub to: DateTime<Utc>,
}

/// A metric of the answer.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MetricInfo {
    /// What it is called among `values`: as it was asked for.
    pub key: String,
    /// The metric.
    pub metric: &'static str,
    /// How sessions become one value.
    pub aggregation: &'static str,
    /// Its unit.
    pub unit: &'static str,
}

/// A group's figures.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GroupFigures {
    /// Its value of each dimension; null where it is not known.
    #[schema(value_type = HashMap<String, Value>)]
    pub group: BTreeMap<String, Value>,
    /// By the key of the metric.
    #[schema(value_type = HashMap<String, Figure>)]
    pub values: BTreeMap<String, Figure>,
    /// The same over time, if an interval was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<Vec<Stretch>>,
}

/// A stretch of a series.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Stretch {
    /// When it begins.
    pub time: DateTime<Utc>,
    /// By the key of the metric.
    #[schema(value_type = HashMap<String, Figure>)]
    pub values: BTreeMap<String, Figure>,
}

/// A value, and what it is worth.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Figure {
    /// Null where there is nothing to tell it from.
    #[schema(value_type = Option<f64>)]
    pub value: Option<Amount>,
    /// How many sessions it is of.
    pub n: i64,
    /// The same in the period before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousFigure>,
    /// `value` less the previous one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub delta: Option<Option<Amount>>,
    /// By how much the group moves the total to the bad side: how much worse it is than the total,
    /// times its share. Negative where it is better.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub negative_impact: Option<Amount>,
}

/// A value of the period before.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PreviousFigure {
    /// The value.
    #[schema(value_type = Option<f64>)]
    pub value: Option<Amount>,
    /// How many sessions it is of.
    pub n: i64,
}

/// A number that is written without a fraction where it has none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Amount(pub f64);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Beyond 2^53 neither is exact.
        let is_whole = self.0.fract().abs() < f64::MIN_POSITIVE && self.0.abs() < 9e15;
        if is_whole {
            serializer.serialize_i64(whole(self.0))
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}
