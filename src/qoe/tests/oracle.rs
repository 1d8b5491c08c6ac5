//! The fold against reality: real playbacks of hls.js in Chromium, as the original six-event client
//! would have reported them, beside what was measured from the playhead alone, by no event.
//! `tests/fixtures/traces/make.mjs` makes the fixtures and says how.

use serde_json::Value;

use super::draft::bare;
use crate::qoe::{ErrorInfo, Event, EventKind, SessionSummary, fold};

/// The traces by name.
const TRACES: [(&str, &str); 19] = [
    (
        "s01",
        include_str!("../../../tests/fixtures/traces/s01.json"),
    ),
    (
        "s02",
        include_str!("../../../tests/fixtures/traces/s02.json"),
    ),
    (
        "s03",
        include_str!("../../../tests/fixtures/traces/s03.json"),
    ),
    (
        "s04",
        include_str!("../../../tests/fixtures/traces/s04.json"),
    ),
    (
        "s05",
        include_str!("../../../tests/fixtures/traces/s05.json"),
    ),
    (
        "s06",
        include_str!("../../../tests/fixtures/traces/s06.json"),
    ),
    (
        "s07",
        include_str!("../../../tests/fixtures/traces/s07.json"),
    ),
    (
        "s08",
        include_str!("../../../tests/fixtures/traces/s08.json"),
    ),
    (
        "s09",
        include_str!("../../../tests/fixtures/traces/s09.json"),
    ),
    (
        "s10",
        include_str!("../../../tests/fixtures/traces/s10.json"),
    ),
    (
        "s11",
        include_str!("../../../tests/fixtures/traces/s11.json"),
    ),
    (
        "s12",
        include_str!("../../../tests/fixtures/traces/s12.json"),
    ),
    (
        "s13",
        include_str!("../../../tests/fixtures/traces/s13.json"),
    ),
    (
        "s14",
        include_str!("../../../tests/fixtures/traces/s14.json"),
    ),
    (
        "s15",
        include_str!("../../../tests/fixtures/traces/s15.json"),
    ),
    (
        "s16",
        include_str!("../../../tests/fixtures/traces/s16.json"),
    ),
    (
        "s17",
        include_str!("../../../tests/fixtures/traces/s17.json"),
    ),
    (
        "s18",
        include_str!("../../../tests/fixtures/traces/s18.json"),
    ),
    (
        "s19",
        include_str!("../../../tests/fixtures/traces/s19.json"),
    ),
];

/// How near the fold must come, ms: the measurement itself has steps of 50 ms, and an event's task
/// may be late by as much.
const STARTUP_MS: i64 = 200;
const PLAYING_MS: i64 = 250;
const REBUFFER_MS_EACH: i64 = 100;
const PAUSED_MS: i64 = 150;
const SEEK_MS: i64 = 200;
const ENDED_MS: i64 = 150;
const IDLE_MS: i64 = 150;

#[test]
fn the_figures_of_real_playbacks_come_near_to_what_was_measured() {
    let mut wrong = Vec::new();
    for (name, text) in TRACES {
        let trace: Value = serde_json::from_str(text).unwrap();
        for session in trace["sessions"].as_array().unwrap() {
            compare(name, session, &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn compare(name: &str, session: &Value, wrong: &mut Vec<String>) {
    let events = session["events"].as_array().unwrap();
    let summary = fold(events.iter().map(event).collect()).summary();
    super::assert_consistent(&summary);
    let truth = &session["truth"];
    let ms = |name: &str| truth[name].as_i64().unwrap();
    let stalls: Vec<i64> = truth["stalls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ms| ms.as_i64().unwrap())
        .collect();
    // A stall under 250 ms is playing; one of 150–350 ms may be measured as either.
    let short: i64 = stalls.iter().filter(|ms| **ms < 250).sum();
    let long = count(&stalls, |ms| ms >= 250);
    let unsure = count(&stalls, |ms| (150..=350).contains(&ms));
    let startup = summary.startup_ms.unwrap_or(summary.no_start_ms);
    let rows = [
        ("startup", ms("startup"), startup, STARTUP_MS),
        (
            "playing",
            ms("playing") + short,
            summary.playing_ms,
            PLAYING_MS,
        ),
        (
            "rebuffer",
            ms("stalled") - short,
            summary.rebuffer_ms,
            REBUFFER_MS_EACH * long,
        ),
        ("rebuffers", long, summary.rebuffer_count, unsure),
        ("seek", ms("seeking"), summary.seek_ms, SEEK_MS),
        ("seeks", ms("seeks"), summary.seek_count, 0),
        ("paused", ms("paused"), summary.paused_ms, PAUSED_MS),
        ("ended", ms("ended"), summary.ended_ms, ENDED_MS),
        ("idle", ms("idle"), summary.idle_ms, IDLE_MS),
        ("gap", 0, summary.gap_ms, 0),
    ];
    for (figure, truth, ours, tolerance) in rows {
        if truth != 0 || ours != 0 {
            println!(
                "| {name} | {figure} | {truth} | {ours} | {} |",
                ours - truth
            );
        }
        if (ours - truth).abs() > tolerance {
            wrong.push(format!("{name}: {figure} is {truth}, not {ours}"));
        }
    }
    compare_outcome(name, truth, &summary, wrong);
}

fn compare_outcome(name: &str, truth: &Value, summary: &SessionSummary, wrong: &mut Vec<String>) {
    let started = truth["started"].as_bool().unwrap();
    let fatal = truth["fatal"].as_bool().unwrap();
    let expected = (started, fatal && !started, fatal && started);
    let ours = (summary.startup_ms.is_some(), summary.vsf, summary.vpf);
    if ours != expected {
        wrong.push(format!(
            "{name}: (started, vsf, vpf) is {expected:?}, not {ours:?}"
        ));
    }
}

fn count(stalls: &[i64], which: impl Fn(i64) -> bool) -> i64 {
    i64::try_from(stalls.iter().filter(|ms| which(**ms)).count()).unwrap()
}

fn event(wire: &Value) -> Event {
    let kind = match wire["eventType"].as_str().unwrap() {
        "PLAY" => EventKind::Play,
        "PAUSE" => EventKind::Pause,
        "BUFFER_START" => EventKind::BufferStart,
        "BUFFER_END" => EventKind::BufferEnd,
        "QUALITY_CHANGE" => EventKind::QualityChange,
        "PLAYER_ERROR" => EventKind::PlayerError,
        other => panic!("the original client has no {other}"),
    };
    let int = |value: &Value| value.as_i64();
    let small = |value: &Value| value.as_i64().map(|n| i32::try_from(n).unwrap());
    let player = &wire["player"];
    let mut event = bare(
        int(&wire["timestamp"]).unwrap(),
        kind,
        wire["eventId"].as_str().unwrap(),
    );
    event.position_sec = wire["playbackPositionSec"].as_f64();
    event.bitrate_kbps = small(&wire["quality"]["bitrateKbps"]);
    event.video_width = small(&wire["quality"]["width"]);
    event.video_height = small(&wire["quality"]["height"]);
    event.buffer_start_ms = int(&wire["buffering"]["startedAt"]);
    event.buffer_length_sec = player["bufferLengthSec"].as_f64();
    event.decoded_frames = int(&player["decodedFrames"]);
    event.dropped_frames = int(&player["droppedFrames"]);
    event.fps = player["fps"].as_f64();
    event.interaction_count = int(&wire["engagement"]["interactionCount"]);
    if let Some(fatal) = wire["error"]["fatal"].as_bool() {
        event.error = Some(Box::new(ErrorInfo {
            kind: wire["error"]["type"].as_str().map(Into::into),
            details: wire["error"]["details"].as_str().map(Into::into),
            fatal,
        }));
    }
    event
}
