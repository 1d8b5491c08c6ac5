//! A session's time as a bar: what it was doing when. The stretches are those of the timeline that
//! the API tells, which come from the very fold that made the figures.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::cli::output::Row;
use crate::cli::spark;
use crate::cli::style::{Look, Paint};
use crate::qoe::Part;

/// The timeline, as far as the bar wants it.
#[derive(Debug, Deserialize)]
pub(super) struct Story {
    spans: Vec<Span>,
}

#[derive(Debug, Deserialize)]
struct Span {
    /// Its time by the summary's parts, ms.
    fed: Map<String, Value>,
}

impl Story {
    /// The bar, how long it is, and what its colours mean, with the figures of the session's row.
    pub(super) fn lines(&self, row: &Row, width: usize, paint: Paint) -> Vec<String> {
        let cells = spark::cells(&self.stretches(), width, rank);
        if cells.is_empty() {
            return Vec::new();
        }
        let cells: Vec<Look> = cells.into_iter().map(look).collect();
        let length = spoken(ms_of(row, "session_ms"));
        let pad = width.saturating_sub(length.chars().count() + 1);
        vec![
            format!(" {}", paint.bar(&cells)),
            paint.faint(&format!(" 0{}{length}", " ".repeat(pad))),
            legend(row, paint),
        ]
    }

    /// Lengths, ms, and the parts they are in. What a later event took back is left out.
    fn stretches(&self) -> Vec<(i64, Part)> {
        let fed = self.spans.iter().flat_map(|span| &span.fed);
        let stretches = fed.filter_map(|(column, ms)| {
            let part = Part::ALL.into_iter().find(|it| it.column() == column)?;
            Some((ms.as_i64()?.max(0), part))
        });
        stretches.collect()
    }
}

/// What a cell shows of all that lies in it: trouble however short, and playing last.
fn rank(part: Part) -> u8 {
    match part {
        Part::Rebuffer => 0,
        Part::Gap => 1,
        Part::Startup | Part::NoStart => 2,
        Part::Seek => 3,
        Part::Paused | Part::Ended | Part::Idle => 4,
        Part::Playing => 5,
    }
}

/// As the state that feeds it. Of a gap nobody knows the state.
fn look(part: Part) -> Look {
    Look::of(match part {
        Part::Startup | Part::NoStart => "starting",
        Part::Playing => "playing",
        Part::Rebuffer => "rebuffering",
        Part::Seek => "seeking",
        Part::Paused => "paused",
        Part::Ended => "ended",
        Part::Idle => "idle",
        Part::Gap => "unknown",
    })
}

fn legend(row: &Row, paint: Paint) -> String {
    let parts = Part::ALL.map(|part| (part, ms_of(row, part.column())));
    let told = parts.into_iter().filter(|(_, ms)| *ms > 0);
    let told = told.map(|(part, ms)| {
        let name = part.column().trim_end_matches("_ms");
        format!(" {} {name} {}", paint.key(look(part)), spoken(ms))
    });
    told.collect::<Vec<_>>().join("  ")
}

fn ms_of(row: &Row, column: &str) -> i64 {
    row.get(column).and_then(Value::as_i64).unwrap_or_default()
}

/// A length for people: two units at most.
fn spoken(ms: i64) -> String {
    let secs = ms / 1000;
    match ms {
        ..1000 => format!("{ms} ms"),
        1000..60_000 => format!("{secs}.{} s", ms % 1000 / 100),
        60_000..3_600_000 => format!("{} min {:02} s", secs / 60, secs % 60),
        _ => format!("{} h {:02} min", secs / 3600, secs % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(spans: &Value, row: &Value, width: usize) -> Vec<String> {
        let story = json!({"spans": spans, "session_id": "s"});
        let story: Story = serde_json::from_value(story).unwrap();
        story.lines(row.as_object().unwrap(), width, Paint::none())
    }

    #[test]
    fn the_bar_shows_each_part_where_it_was_and_the_legend_how_long() {
        let spans = json!([
            {"fed": {"startup_ms": 2000}},
            {"fed": {"playing_ms": 5000, "gap_ms": 1000}},
            {"fed": {"playing_ms": -10, "rebuffer_ms": 10}},
            {"fed": {"playing_ms": 1990}},
        ]);
        let row = json!({"session_ms": 10_000, "startup_ms": 2000, "playing_ms": 6980,
            "rebuffer_ms": 10, "gap_ms": 1000, "paused_ms": 0, "viewer_id": "v"});
        assert_eq!(
            lines(&spans, &row, 10),
            [
                " >>=====?!=",
                " 0   10.0 s",
                " > startup 2.0 s   = playing 6.9 s   ! rebuffer 10 ms   ? gap 1.0 s",
            ]
        );
    }

    #[test]
    fn a_session_without_time_has_no_bar() {
        assert!(lines(&json!([]), &json!({}), 10).is_empty());
        let moment = json!([{"fed": {}}]);
        assert!(lines(&moment, &json!({"session_ms": 0}), 10).is_empty());
    }

    #[test]
    fn lengths_are_told_in_units_that_people_read() {
        for (ms, expected) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (20_850, "20.8 s"),
            (245_999, "4 min 05 s"),
            (7_500_000, "2 h 05 min"),
        ] {
            assert_eq!(spoken(ms), expected);
        }
    }
}
