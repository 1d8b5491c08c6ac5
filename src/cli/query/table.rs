//! Figures as a table for people: groups as rows, metrics as columns.

use std::io::Write;

use comfy_table::{CellAlignment, Table};
use serde_json::Value;

use super::figures::{Figure, Figures, Group};
use crate::cli::output::{self, plain, printable};
use crate::cli::spark;
use crate::cli::style::Paint;

/// What sparklines may take of a line, together; and what each may have at least.
const SPARKS_WIDTH: usize = 48;
const MIN_SPARK_WIDTH: usize = 12;
const OVER_TIME: &str = "over time";

pub(super) fn print(figures: &Figures, paint: Paint) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", Layout::of(figures).table())?;
    writeln!(stdout, "{}", paint.faint(&note(figures)))?;
    Ok(())
}

/// Which columns there are.
struct Layout<'a> {
    figures: &'a Figures,
    /// A row's metrics are of different numbers of sessions, so each has its own.
    numbers_apart: bool,
    spark_width: usize,
}

impl<'a> Layout<'a> {
    fn of(figures: &'a Figures) -> Self {
        let width = SPARKS_WIDTH / figures.metrics.len().max(1);
        Self {
            figures,
            numbers_apart: numbers_differ(figures),
            spark_width: width.max(MIN_SPARK_WIDTH),
        }
    }

    fn table(&self) -> Table {
        let figures = self.figures;
        let header = self.header();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let mut table = output::table(&header);
        let columns = table.column_iter_mut().zip(&header);
        for (column, name) in columns.skip(figures.group_by.len()) {
            if *name != OVER_TIME {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        for group in figures.groups() {
            table.add_row(self.row(group, false));
        }
        if !figures.group_by.is_empty() {
            table.add_row(self.row(&figures.total, true));
        }
        table
    }

    fn header(&self) -> Vec<String> {
        let figures = self.figures;
        let mut header: Vec<String> = figures.group_by.iter().map(|it| printable(it)).collect();
        for metric in &figures.metrics {
            let key = printable(&metric.key);
            header.push(match metric.unit.as_str() {
                "count" => key,
                unit => format!("{key} ({})", printable(unit)),
            });
            let compared = figures.compared_with.as_ref().map(|_| "change");
            let over_time = figures.interval.as_ref().map(|_| OVER_TIME);
            let n = self.numbers_apart.then_some("n");
            let more = [compared, over_time, n].into_iter().flatten();
            header.extend(more.map(str::to_owned));
        }
        header.extend((!self.numbers_apart).then(|| "n".to_owned()));
        header
    }

    fn row(&self, group: &Group, is_total: bool) -> Vec<String> {
        let figures = self.figures;
        let mut row = names(figures, group, is_total);
        for metric in &figures.metrics {
            let figure = group.values.get(&metric.key);
            row.push(number(figure.and_then(|it| it.value)));
            if figures.compared_with.is_some() {
                row.push(change(figure));
            }
            if figures.interval.is_some() {
                let stretches = group.series.iter();
                let values = stretches.map(|it| it.values.get(&metric.key)?.value);
                let values: Vec<Option<f64>> = values.collect();
                row.push(spark::line(&values, self.spark_width));
            }
            if self.numbers_apart {
                row.push(n(figure));
            }
        }
        if !self.numbers_apart {
            let first = figures.metrics.first();
            row.push(n(first.and_then(|metric| group.values.get(&metric.key))));
        }
        row
    }
}

/// Whether a row's metrics are of different numbers of sessions.
fn numbers_differ(figures: &Figures) -> bool {
    let differ = |group: &Group| {
        let mut numbers = figures
            .metrics
            .iter()
            .map(|it| group.values.get(&it.key).map(|it| it.n));
        let first = numbers.next();
        numbers.any(|n| Some(n) != first)
    };
    figures.groups().iter().any(differ) || differ(&figures.total)
}

/// The group's values.
fn names(figures: &Figures, group: &Group, is_total: bool) -> Vec<String> {
    let of = |(at, name): (usize, &String)| match group.group.get(name) {
        _ if is_total && at == 0 => "total".to_owned(),
        _ if is_total => String::new(),
        None | Some(Value::Null) => "(unknown)".to_owned(),
        Some(value) => printable(&plain(value)),
    };
    figures.group_by.iter().enumerate().map(of).collect()
}

fn n(figure: Option<&Figure>) -> String {
    figure.map(|it| it.n.to_string()).unwrap_or_default()
}

/// With as many places as a person reads.
fn number(value: Option<f64>) -> String {
    let Some(value) = value else {
        return "-".to_owned();
    };
    let text = value.to_string();
    match value.abs() {
        _ if !text.contains('.') => text,
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// Since the period before.
fn change(figure: Option<&Figure>) -> String {
    let delta = figure.and_then(|it| it.delta);
    let previous = figure.and_then(|it| it.previous.as_ref()?.value);
    match (delta, previous) {
        (Some(delta), _) if delta > 0.0 => format!("+{}", number(Some(delta))),
        (Some(delta), _) => number(Some(delta)),
        (None, _) => "-".to_owned(),
    }
}

fn note(figures: &Figures) -> String {
    let time = |time: chrono::DateTime<chrono::Utc>| time.format("%Y-%m-%d %H:%M").to_string();
    let mut note = format!("{} to {} UTC", time(figures.from), time(figures.to));
    if let Some(before) = &figures.compared_with {
        note += &format!(
            ", changes since {} to {}",
            time(before.from),
            time(before.to)
        );
    }
    if let Some(interval) = &figures.interval {
        note += &format!(", over time by {}", printable(interval));
    }
    if figures.has_more {
        note += &format!(
            ", {} of {} groups: a larger --limit shows more",
            figures.data.len(),
            figures.groups
        );
    }
    note
}
