//! What docs/METRICS.md says of the measured playbacks and of the original client, worked out anew.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use serde_json::{Value, json};
use video_telemetry::qoe::{Event, SessionSummary, fold};
use video_telemetry::storage::event::{Receipt, parse};

use super::{DOC, tables};

#[test]
fn the_table_of_agreement_is_what_the_playbacks_give() {
    let table = &tables("session")[0];
    let told: Vec<String> = table
        .rows
        .iter()
        .map(|row| format!("{} | {}", row[0], row[2..].join(" | ")))
        .collect();
    assert_eq!(told, agreement());

    let largest = table.header[2..].iter().map(|figure| {
        let cells = table.rows.iter().map(|row| table.cell(row, figure));
        let each = *figure == "rebuffer";
        let largest = cells.map(|cell| difference(cell, each)).max();
        (*figure, largest.unwrap())
    });
    let largest: BTreeMap<&str, i64> = largest.collect();
    let said = DOC.split_once("The largest differences here: ").unwrap().1;
    let said = said.split_once(".\n").unwrap().0.split(", ");
    let said: BTreeMap<&str, i64> = said
        .map(|said| {
            let (figure, ms) = said.trim_end_matches(" per stall").split_once(' ').unwrap();
            (figure, ms.parse().unwrap())
        })
        .collect();
    assert_eq!(said, largest);
}

/// Of `measured / ours (count / ours)`, the count only with some: ms, of each or of all.
fn difference(cell: &str, each: bool) -> i64 {
    let numbers: Vec<i64> = cell
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect();
    match numbers[..] {
        [] => 0,
        [measured, ours, count, _] if each => (measured - ours).abs() / count,
        [measured, ours, ..] => (measured - ours).abs(),
        _ => panic!("{cell}"),
    }
}

fn agreement() -> Vec<String> {
    let mut rows = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/traces");
    for n in 1..=19 {
        let name = format!("s{n:02}");
        let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        let trace: Value = serde_json::from_str(&text).unwrap();
        for (nth, session) in trace["sessions"].as_array().unwrap().iter().enumerate() {
            let label = if nth == 0 { "" } else { "b" };
            let summary = summarize(&session["events"]);
            let figures = compare(&session["truth"], &summary);
            rows.push(format!("{name}{label} | {}", figures.join(" | ")));
        }
    }
    rows
}

/// Measured / ours, by the columns of the table.
fn compare(truth: &Value, ours: &SessionSummary) -> [String; 7] {
    let ms = |name: &str| truth[name].as_i64().unwrap();
    let stalls: Vec<i64> = serde_json::from_value(truth["stalls"].clone()).unwrap();
    let short_ms: i64 = stalls.iter().filter(|ms| **ms < 250).sum();
    let long = stalls.iter().filter(|ms| **ms >= 250).count();
    let both = |truth: i64, ours: i64| match (truth, ours) {
        (0, 0) => "–".to_owned(),
        _ => format!("{truth} / {ours}"),
    };
    let counted = |figures: String, truth: i64, ours: i64| match figures.as_str() {
        "–" => figures,
        _ => format!("{figures} ({truth} / {ours})"),
    };
    let rebuffer = both(ms("stalled") - short_ms, ours.rebuffer_ms);
    let seek = both(ms("seeking"), ours.seek_ms);
    [
        both(ms("startup"), ours.startup_ms.unwrap_or(ours.no_start_ms)),
        both(ms("playing") + short_ms, ours.playing_ms),
        counted(rebuffer, i64::try_from(long).unwrap(), ours.rebuffer_count),
        counted(seek, ms("seeks"), ours.seek_count),
        both(ms("paused"), ours.paused_ms),
        both(ms("ended"), ours.ended_ms),
        both(ms("idle"), ours.idle_ms),
    ]
}

fn summarize(events: &Value) -> SessionSummary {
    let events = events.as_array().unwrap().iter().map(event).collect();
    fold(events).summary()
}

fn event(json: &Value) -> Event {
    let raw = Bytes::from(json.to_string());
    let receipt = Receipt {
        created_at_ms: 1_800_000_000_000,
        sent_at_ms: None,
    };
    let parsed = parse(str::from_utf8(&raw).unwrap(), &raw, receipt).unwrap();
    parsed.record.event
}

/// `(kind, ms, position)` of a six-event session.
fn six_events(events: &[(&str, i64, f64)]) -> SessionSummary {
    let events = events.iter().enumerate().map(|(n, (kind, ms, position))| {
        json!({"eventId": n.to_string(), "sessionId": "s", "eventType": kind,
            "timestamp": 1_795_392_460_000i64 + ms, "playbackPositionSec": position})
    });
    summarize(&events.collect())
}

#[test]
fn what_the_page_says_of_six_events_at_another_rate_is_so() {
    let half = six_events(&[
        ("PLAY", 0, 0.0),
        ("BUFFER_START", 0, 0.0),
        ("BUFFER_END", 0, 0.0),
        ("PAUSE", 20_000, 10.0),
    ]);
    assert_eq!((half.playing_ms, half.gap_ms), (11_000, 9000));
    let stalled = |at_sec: f64| {
        six_events(&[
            ("PLAY", 0, 0.0),
            ("BUFFER_START", 0, 0.0),
            ("BUFFER_END", 0, 0.0),
            ("BUFFER_START", 20_000, at_sec),
            ("BUFFER_END", 23_000, at_sec),
        ])
    };
    for position in [10.0, 40.0] {
        let other = stalled(position);
        let parts = (
            other.playing_ms,
            other.rebuffer_ms,
            other.seek_ms,
            other.gap_ms,
        );
        assert_eq!(parts, (20_000, 0, 3000, 0));
    }
    assert_eq!(stalled(20.0).rebuffer_ms, 3000);
}

#[test]
fn the_example_of_the_score_is_worked_out_right() {
    // 2 s of startup; 96 s played and a stall of 2 s make 100 s watched.
    let summary = six_events(&[
        ("PLAY", 0, 0.0),
        ("BUFFER_START", 0, 0.0),
        ("BUFFER_END", 2000, 0.0),
        ("BUFFER_START", 50_000, 48.0),
        ("BUFFER_END", 52_000, 48.0),
        ("PAUSE", 100_000, 96.0),
    ]);
    assert_eq!(summary.watched_ms, 100_000);
    assert_eq!(format!("{:.2}", summary.experience_score.unwrap()), "82.83");
}
