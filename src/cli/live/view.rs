//! The live view at a terminal, redrawn with each second's figures.

use std::collections::VecDeque;

use comfy_table::CellAlignment;
use serde_json::Value;

use super::feed::{Counts, Feed, Live};
use super::screen::{Screen, Touch, touches};
use crate::cli::output::{self, plain, printable};
use crate::cli::spark;
use crate::cli::style::{Look, Paint};

/// Seconds of the sparkline.
const REMEMBERED: usize = 60;
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

/// What is drawn.
struct View<'a> {
    server: &'a str,
    live: Option<Live>,
    watching: VecDeque<u64>,
    /// Why the figures are old.
    trouble: Option<String>,
    paint: Paint,
}

/// Draws until somebody leaves, or so many times.
pub(super) async fn show(mut feed: Feed<'_>, count: Option<u64>) -> anyhow::Result<()> {
    let server = printable(feed.url());
    let mut view = View {
        server: &server,
        live: None,
        watching: VecDeque::new(),
        trouble: None,
        paint: Paint::of_stdout(),
    };
    let screen = Screen::take()?;
    let mut touches = touches();
    let mut drawn = 0;
    while count.is_none_or(|count| drawn < count) {
        tokio::select! {
            touch = touches.recv() => match touch {
                Some(Touch::Resize) => {}
                Some(Touch::Quit) | None => break,
            },
            figures = feed.next() => match figures {
                Ok(figures) => {
                    view.take(serde_json::from_value(figures)?);
                    drawn += 1;
                }
                Err(error) => view.trouble = Some(printable(&format!("{error:#}"))),
            },
        }
        let (columns, rows) = Screen::size();
        screen.draw(&view.lines(columns, rows))?;
    }
    Ok(())
}

impl View<'_> {
    fn take(&mut self, live: Live) {
        self.watching.push_back(live.total.watching);
        if self.watching.len() > REMEMBERED {
            self.watching.pop_front();
        }
        self.trouble = None;
        self.live = Some(live);
    }

    fn lines(&self, columns: usize, rows: usize) -> Vec<String> {
        let paint = self.paint;
        let width = columns.saturating_sub(2).clamp(10, 120);
        let mut lines = Vec::new();
        let Some(live) = &self.live else {
            return vec![format!(
                " {}",
                paint.faint("waiting for the first second …")
            )];
        };
        let time = live.time.format("%H:%M:%S UTC");
        lines.push(format!(
            " {}   {}",
            paint.strong(self.server),
            paint.faint(&time.to_string())
        ));
        lines.push(String::new());
        let total = &live.total;
        lines.push(format!(
            " {} watching   {} live   {} of those watching rebuffering",
            paint.strong(&grouped(total.watching)),
            grouped(total.sessions),
            percent(total.rebuffering_share)
        ));
        lines.push(String::new());
        lines.push(format!(" {}", self.bar(total, width)));
        lines.extend(self.legend(total, width));
        lines.push(String::new());
        lines.push(format!(" {}", self.recent()));
        let below = [
            String::new(),
            match &self.trouble {
                Some(trouble) => {
                    let colour = Look::of("rebuffering").colour;
                    format!(
                        " {}",
                        paint.colour(&format!("{trouble}; trying again"), colour)
                    )
                }
                None => format!(" {}", paint.faint("q leaves")),
            },
        ];
        if !live.group_by.is_empty() {
            lines.push(String::new());
            let room = rows.saturating_sub(lines.len() + below.len());
            lines.extend(table(live, room));
        }
        lines.extend(below);
        lines
    }

    /// All sessions by state. A state that has any has a cell.
    fn bar(&self, counts: &Counts, width: usize) -> String {
        let stretches = states(counts);
        let stretches: Vec<(i64, &str)> = stretches
            .into_iter()
            .map(|(state, count)| (i64::try_from(count).unwrap_or(i64::MAX), state))
            .collect();
        // What is rare and bad must not vanish behind what is common.
        let rank = |state: &str| match state {
            "rebuffering" => 0,
            "failed" => 1,
            "starting" | "seeking" => 2,
            "playing" => 9,
            _ => 5,
        };
        let cells = spark::cells(&stretches, width, rank);
        if cells.is_empty() {
            return self.paint.faint("no session is live");
        }
        let runs = cells.chunk_by(|one, other| one == other);
        let drawn = runs.filter_map(|run| {
            let look = Look::of(run.first()?);
            let sign = if self.paint.has_colours() {
                '█'
            } else {
                look.sign
            };
            let text: String = std::iter::repeat_n(sign, run.len()).collect();
            Some(self.paint.colour(&text, look.colour))
        });
        drawn.collect()
    }

    /// What the bar's colours mean, in as many lines as it takes.
    fn legend(&self, counts: &Counts, width: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let (mut line, mut length) = (String::new(), 0);
        for (state, count) in states(counts) {
            let look = Look::of(state);
            let sign = if self.paint.has_colours() {
                '■'
            } else {
                look.sign
            };
            let name = format!("{} {}", printable(state), grouped(count));
            let wide = name.chars().count() + 5;
            if length > 0 && length + wide > width {
                lines.push(std::mem::take(&mut line));
                length = 0;
            }
            let sign = self.paint.colour(&sign.to_string(), look.colour);
            line += &format!(" {sign} {name}  ");
            length += wide;
        }
        lines.push(line);
        lines
    }

    fn recent(&self) -> String {
        let values: Vec<Option<f64>> = self.watching.iter().map(|it| Some(float(*it))).collect();
        let least = self.watching.iter().min().copied().unwrap_or_default();
        let most = self.watching.iter().max().copied().unwrap_or_default();
        format!(
            "{}{}{}",
            self.paint.faint("watching, last minute  "),
            spark::line(&values, REMEMBERED),
            self.paint
                .faint(&format!("  {} to {}", grouped(least), grouped(most)))
        )
    }
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
fn table(live: &Live, room: usize) -> Vec<String> {
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
fn grouped(count: u64) -> String {
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

fn percent(share: Option<f64>) -> String {
    share.map_or("-".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

#[expect(
    clippy::as_conversions,
    reason = "there is no other way, and counts are far below 2^53"
)]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn counts(playing: u64, rebuffering: u64) -> Value {
        let sessions = playing + rebuffering;
        json!({"sessions": sessions, "watching": sessions, "rebuffering_share": 0.25,
            "states": {"rebuffering": rebuffering, "playing": playing, "napping": 0}})
    }

    fn view(live: Value) -> View<'static> {
        let mut view = View {
            server: "http://h",
            live: None,
            watching: VecDeque::from([100]),
            trouble: None,
            paint: Paint::none(),
        };
        view.take(serde_json::from_value(live).unwrap());
        view
    }

    #[test]
    fn the_view_shows_who_watches_and_no_stall_is_too_rare_for_the_bar() {
        let live = json!({"time": "2026-11-23T07:30:01.234Z", "group_by": [], "groups": 0,
            "total": counts(1_199, 1), "data": [], "other": null});
        let mut view = view(live);
        assert_eq!(
            view.lines(22, 30),
            [
                " http://h   07:30:01 UTC",
                "",
                " 1,200 watching   1,200 live   25.0 % of those watching rebuffering",
                "",
                " ===================!",
                " = playing 1,199  ",
                " ! rebuffering 1  ",
                "",
                " watching, last minute  ▂█  100 to 1,200",
                "",
                " q leaves",
            ]
        );
        view.trouble = Some("the server ended the stream".to_owned());
        let lines = view.lines(22, 30);
        assert_eq!(
            lines.last().unwrap(),
            " the server ended the stream; trying again"
        );
    }

    #[test]
    fn groups_are_a_table_that_never_pushes_the_rest_off_the_screen() {
        let mut group = counts(3, 1);
        group["group"] = json!({"browser": "Chr\u{1b}[2Jome"});
        let live = json!({"time": "2026-11-23T07:30:01.234Z", "group_by": ["browser"],
            "groups": 4, "total": counts(4, 1), "data": [group], "other": counts(1, 0)});
        let view = view(live);
        let lines = view.lines(100, 30);
        let row = |name: &str| {
            lines
                .iter()
                .find(|line| line.contains(name))
                .unwrap()
                .clone()
        };
        let cells = |line: String| {
            line.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let chrome = [
            "Chr\\u{1b}[2Jome",
            "4",
            "4",
            "25.0",
            "%",
            "3",
            "0",
            "0",
            "1",
            "0",
            "0",
        ];
        assert_eq!(cells(row("Chr")), chrome);
        let others = [
            "(3", "others)", "1", "1", "25.0", "%", "1", "0", "0", "0", "0", "0",
        ];
        assert_eq!(cells(row("others")), others);
        let few = view.lines(100, 13);
        assert_eq!(few.len(), 13);
        assert_eq!(few.last().unwrap(), " q leaves");
    }
}
