//! Figures as rows for programs: one for each group, or for each group and stretch of time.

use std::collections::BTreeMap;

use serde_json::Value;

use super::figures::{Figure, Figures};
use crate::cli::output::Row;

impl Figures {
    /// The names of what a row has, in its order.
    pub(super) fn columns(&self) -> Vec<String> {
        let mut columns = self.group_by.clone();
        if self.interval.is_some() {
            columns.push("time".to_owned());
        }
        for metric in &self.metrics {
            let told = self.told_of(&metric.key, None);
            columns.extend(told.into_iter().map(|(name, _)| name));
        }
        columns
    }

    /// The rows. Over time a figure stands alone; else beside that of the period before.
    pub(super) fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for group in self.groups() {
            let values = self.group_by.iter().map(|name| {
                let value = group.group.get(name).cloned().unwrap_or_default();
                (name.clone(), value)
            });
            let values: Row = values.collect();
            if self.interval.is_none() {
                rows.push(self.row(values, &group.values));
                continue;
            }
            for stretch in &group.series {
                let mut values = values.clone();
                let time = stretch
                    .time
                    .to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
                values.insert("time".to_owned(), time.into());
                rows.push(self.row(values, &stretch.values));
            }
        }
        rows
    }

    fn row(&self, mut row: Row, figures: &BTreeMap<String, Figure>) -> Row {
        for metric in &self.metrics {
            row.extend(self.told_of(&metric.key, figures.get(&metric.key)));
        }
        row
    }

    /// Counts and sums have none: larger groups have more of them.
    fn has_impact(&self, key: &str) -> bool {
        let figures = self.data.iter().filter_map(|group| group.values.get(key));
        figures.filter_map(|it| it.negative_impact).next().is_some()
    }

    /// What a row tells of a metric.
    fn told_of(&self, key: &str, figure: Option<&Figure>) -> Vec<(String, Value)> {
        let number = |value: Option<f64>| value.map_or(Value::Null, whole_if_it_is);
        let mut told = vec![
            (key.to_owned(), number(figure.and_then(|it| it.value))),
            (format!("{key} n"), figure.map(|it| it.n).into()),
        ];
        if self.interval.is_some() {
            return told;
        }
        let previous = figure.and_then(|it| it.previous.as_ref());
        if self.compared_with.is_some() {
            told.extend([
                (
                    format!("{key} previous"),
                    number(previous.and_then(|it| it.value)),
                ),
                (format!("{key} previous n"), previous.map(|it| it.n).into()),
                (
                    format!("{key} delta"),
                    number(figure.and_then(|it| it.delta)),
                ),
            ]);
        }
        if self.has_impact(key) {
            let impact = number(figure.and_then(|it| it.negative_impact));
            told.push((format!("{key} negative_impact"), impact));
        }
        told
    }
}

/// A number without `.0` where it has no fraction, as the API writes it.
fn whole_if_it_is(value: f64) -> Value {
    let text = value.to_string();
    match text.parse::<i64>() {
        Ok(whole) => whole.into(),
        Err(_fraction) => value.into(),
    }
}
