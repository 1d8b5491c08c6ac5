//! What the live view consists of: the bar of states, its legend, the last minute, the groups.

use std::collections::VecDeque;

use comfy_table::CellAlignment;
use serde_json::Value;

use super::feed::{Counts, Live};
use super::view::REMEMBERED;
use crate::cli::output::{self, plain, printable};
use crate::cli::spark;
use crate::cli::style::{Look, Paint};

/// States from the best to what is over, as the bar has them.
const ORDER: [&str; 9] = [
    "playing",
    "starting",
    "seeking",
    "rebuffering",
    "paused",
    "failed",
    "ended",
    "closed",
    "idle",
];
/// Columns of the table of groups.
const TABLE: [&str; 6] = [
    "playing",
    "starting",
    "seeking",
    "rebuffering",
    "paused",
    "failed",
];

/// All sessions by state. A state that has any has a cell.
pub(super) fn bar(counts: &Counts, width: usize, paint: Paint) -> String {
    let states = states(counts).into_iter();
    let stretches = states.map(|(state, count)| (i64::try_from(count).unwrap_or(i64::MAX), state));
    let stretches: Vec<(i64, &str)> = stretches.collect();
    let cells = spark::cells(&stretches, width, rank);
    if cells.is_empty() {
        return paint.faint("no session is live");
    }
    paint.bar(&cells.into_iter().map(Look::of).collect::<Vec<_>>())
}

/// What is rare and bad must not vanish behind what is common.
fn rank(state: &str) -> u8 {
    match state {
        "rebuffering" => 0,
        "failed" => 1,
        "starting" | "seeking" => 2,
        "playing" => 9,
        _ => 5,
    }
}

/// What the bar's colours mean, in as many lines as it takes.
pub(super) fn legend(counts: &Counts, width: usize, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut length) = (String::new(), 0);
    for (state, count) in states(counts) {
        let name = format!("{} {}", printable(state), grouped(count));
        let wide = name.chars().count() + 5;
        if length > 0 && length + wide > width {
            lines.push(std::mem::take(&mut line));
            length = 0;
        }
        line += &format!(" {} {name}  ", paint.key(Look::of(state)));
        length += wide;
    }
    lines.push(line);
    lines
}

/// How many watched in the last minute.
pub(super) fn recent(watching: &VecDeque<u64>, paint: Paint) -> String {
    let values: Vec<Option<f64>> = watching.iter().map(|it| Some(float(*it))).collect();
    let least = watching.iter().min().copied().unwrap_or_default();
    let most = watching.iter().max().copied().unwrap_or_default();
    format!(
        "{}{}{}",
        paint.faint("watching, last minute  "),
        spark::line(&values, REMEMBERED),
        paint.faint(&format!("  {} to {}", grouped(least), grouped(most)))
    )
}

/// States that have sessions, in the order of the bar; those that are not known here come last.
fn states(counts: &Counts) -> Vec<(&str, u64)> {
    let unknown = counts.states.keys().map(String::as_str);
    let unknown = unknown.filter(|state| !ORDER.contains(state));
    let all = ORDER.into_iter().chain(unknown);
    all.map(|state| (state, counts.of(state)))
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// The groups for which there is room.
pub(super) fn table(live: &Live, room: usize) -> Vec<String> {
    let dimension = live
        .group_by
        .first()
        .map(String::as_str)
        .unwrap_or_default();
    let mut header = vec![dimension, "live", "watching", "rebuffering %"];
    header.extend(TABLE);
    let mut table = output::table(&header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut row = |name: String, counts: &Counts| {
        let mut row = vec![
            name,
            grouped(counts.sessions),
            grouped(counts.watching),
            percent(counts.rebuffering_share),
        ];
        row.extend(TABLE.map(|state| grouped(counts.of(state))));
        table.add_row(row);
    };
    for group in &live.data {
        let name = match group.group.get(dimension) {
            None | Some(Value::Null) => "(unknown)".to_owned(),
            Some(value) => printable(&plain(value)),
        };
        row(name, &group.counts);
    }
    if let Some(other) = &live.other {
        let hidden = live
            .groups
            .saturating_sub(u64::try_from(live.data.len()).unwrap_or(0));
        row(format!("({} others)", grouped(hidden)), other);
    }
    let lines = table.to_string();
    let lines = lines.lines().take(room);
    lines.map(|line| format!(" {line}")).collect()
}

/// For people: 12,345.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let digits = digits.chars().rev().enumerate();
    let mut turned = String::new();
    for (at, digit) in digits {
        if at > 0 && at % 3 == 0 {
            turned.push(',');
        }
        turned.push(digit);
    }
    turned.chars().rev().collect()
}

pub(super) fn percent(share: Option<f64>) -> String {
    share.map_or("-".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

#[expect(
    clippy::as_conversions,
    reason = "there is no other way, and counts are far below 2^53"
)]
fn float(count: u64) -> f64 {
    count as f64
}
