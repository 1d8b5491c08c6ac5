//! The answer of a query, as it is read from its JSON: whoever was asked, it has the same shape.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

/// See `FiguresAnswer`.
#[derive(Debug, Deserialize)]
pub(super) struct Figures {
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
    pub(super) compared_with: Option<Period>,
    pub(super) interval: Option<String>,
    pub(super) group_by: Vec<String>,
    pub(super) metrics: Vec<Metric>,
    pub(super) total: Group,
    pub(super) data: Vec<Group>,
    pub(super) groups: usize,
    pub(super) has_more: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Period {
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Metric {
    pub(super) key: String,
    pub(super) unit: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Group {
    pub(super) group: BTreeMap<String, Value>,
    pub(super) values: BTreeMap<String, Figure>,
    #[serde(default)]
    pub(super) series: Vec<Stretch>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Stretch {
    pub(super) time: DateTime<Utc>,
    pub(super) values: BTreeMap<String, Figure>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Figure {
    pub(super) value: Option<f64>,
    pub(super) n: i64,
    pub(super) previous: Option<Previous>,
    pub(super) delta: Option<f64>,
    pub(super) negative_impact: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Previous {
    pub(super) value: Option<f64>,
    pub(super) n: i64,
}

impl Figures {
    /// The groups; without dimensions the total is the one there is.
    pub(super) fn groups(&self) -> &[Group] {
        if self.group_by.is_empty() {
            std::slice::from_ref(&self.total)
        } else {
            &self.data
        }
    }
}
