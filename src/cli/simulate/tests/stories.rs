//! Sessions must agree with themselves, since a server's fold is checked against them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::run;
use super::super::session::{Recipe, Session};
use super::args;

const NOW_MS: i64 = 1_800_000_000_000;

fn recipe(line: &str) -> Recipe {
    run::recipe(&args(line), NOW_MS).unwrap()
}

fn events(session: &Session) -> Vec<Value> {
    let events = session.events(0..session.len());
    events.map(|e| serde_json::to_value(&e).unwrap()).collect()
}

fn ours(count: u64) -> impl Iterator<Item = Vec<Value>> {
    let recipe = recipe("--original-share 0 --sessions 500");
    (0..count).map(move |index| events(&Session::new(&recipe, index)))
}

fn originals(count: u64) -> impl Iterator<Item = Vec<Value>> {
    let recipe = recipe("--original-share 1 --sessions 500");
    (0..count).map(move |index| events(&Session::new(&recipe, index)))
}

fn kind(event: &Value) -> &str {
    event["eventType"].as_str().unwrap()
}

fn stamp(event: &Value) -> i64 {
    event["timestamp"].as_i64().unwrap()
}

fn total(event: &Value, part: &str) -> i64 {
    event["totals"][part].as_i64().unwrap()
}

/// In the order of time, as a fold takes them.
fn in_order(mut events: Vec<Value>) -> Vec<Value> {
    events.sort_by_key(|e| (stamp(e), e["seq"].as_i64()));
    events
}

const PARTS: [(&str, &str); 7] = [
    ("starting", "startupMs"),
    ("playing", "playingMs"),
    ("rebuffering", "rebufferMs"),
    ("seeking", "seekMs"),
    ("paused", "pausedMs"),
    ("ended", "endedMs"),
    ("idle", "idleMs"),
];

#[test]
fn the_same_seed_and_start_time_give_the_same_events() {
    let line = "--seed 5 --start-time 2026-11-01T00:00:00Z";
    let later = run::recipe(&args(line), NOW_MS + 777).unwrap();
    for index in 0..40 {
        let one = events(&Session::new(&recipe(line), index));
        assert_eq!(one, events(&Session::new(&later, index)));
    }
    let other_seed = recipe("--seed 6 --start-time 2026-11-01T00:00:00Z");
    let (one, other) = (Session::new(&recipe(line), 0), Session::new(&other_seed, 0));
    assert_ne!(one.id, other.id);
}

#[test]
fn another_start_time_gives_other_sessions_with_the_same_story() {
    let line = "--original-share 0";
    let later = run::recipe(&args(line), NOW_MS + 60_000).unwrap();
    let (one, other) = (Session::new(&recipe(line), 3), Session::new(&later, 3));
    assert_ne!(one.id, other.id);
    let stories = [one, other].map(|s| {
        let events = events(&s);
        let stories = events
            .iter()
            .map(|e| (kind(e).to_owned(), e["totals"].clone()));
        stories.collect::<Vec<_>>()
    });
    assert_eq!(stories[0], stories[1]);
}

#[test]
fn our_totals_partition_the_sessions_wall_time_at_every_event() {
    for events in ours(300) {
        let loaded_ms = stamp(&events[0]);
        for event in &events {
            let sum: i64 = PARTS.iter().map(|(_, part)| total(event, part)).sum();
            assert_eq!(sum, stamp(event) - loaded_ms, "{event}");
        }
    }
}

#[test]
fn our_last_totals_equal_the_parts_that_the_named_states_add_up_to() {
    for events in ours(300).map(in_order) {
        let mut parts: BTreeMap<&str, i64> = BTreeMap::new();
        let mut seek_end_ms = 0;
        for pair in events.windows(2) {
            let (from_ms, to_ms) = (stamp(&pair[0]), stamp(&pair[1]));
            if let Some(length_ms) = pair[0]["seek"]["durationMs"].as_i64() {
                seek_end_ms = from_ms + length_ms;
            }
            // A seek ends without an event of its own, and a micro stall is playing time.
            let (until_ms, state) = match pair[0]["state"].as_str().unwrap() {
                "seeking" => (to_ms.min(seek_end_ms.max(from_ms)), "seeking"),
                "rebuffering" if micro(&pair[1]) => (to_ms, "playing"),
                state => (to_ms, state),
            };
            *parts.entry(state).or_default() += until_ms - from_ms;
            *parts.entry("playing").or_default() += to_ms - until_ms;
        }
        for (state, part) in PARTS {
            let found = parts.get(state).copied().unwrap_or_default();
            assert_eq!(found, total(events.last().unwrap(), part), "{part}");
        }
    }
}

/// The event that ends a stretch ends a stall of under 250 ms.
fn micro(event: &Value) -> bool {
    let length_ms = event["buffering"]["durationMs"].as_i64();
    length_ms.is_some_and(|ms| ms < 250)
}

#[test]
fn our_seq_is_dense_and_only_stalls_and_seeks_are_stamped_back() {
    for events in ours(300) {
        let mut newest_ms = 0;
        for (expected, event) in events.iter().enumerate() {
            assert_eq!(event["seq"], expected, "{event}");
            if !matches!(kind(event), "BUFFER_START" | "SEEK") {
                assert!(stamp(event) >= newest_ms, "{event}");
            }
            newest_ms = newest_ms.max(stamp(event));
        }
        let ends = events.iter().filter(|e| kind(e) == "SESSION_END").count();
        assert!(ends == 0 || kind(events.last().unwrap()) == "SESSION_END");
    }
}

#[test]
fn positions_and_frames_move_with_playing_time_and_nothing_else() {
    for events in ours(300).map(in_order) {
        let mut rate = 1.0;
        for pair in events.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            if let Some(changed) = before["playbackRate"].as_f64() {
                rate = changed;
            }
            let jumped = kind(before) == "SEEK" || after["reason"] == "replay";
            let moved = |e: &Value| e["playbackPositionSec"].as_f64().unwrap();
            let played_ms = total(after, "playingMs") - total(before, "playingMs");
            let expected = f64::from(i32::try_from(played_ms).unwrap()) / 1000.0 * rate;
            let off = moved(after) - moved(before) - expected;
            assert!(
                jumped || (-0.26 * rate..0.002).contains(&off),
                "{before}\n{after}"
            );
            let frames = |e: &Value| e["player"]["decodedFrames"].as_i64().unwrap();
            assert!(frames(after) >= frames(before));
            assert!(played_ms > 0 || frames(after) == frames(before));
            assert!(frames(after) >= after["player"]["droppedFrames"].as_i64().unwrap());
        }
    }
}

#[test]
fn the_original_client_sends_its_six_types_and_nothing_of_ours() {
    let types = [
        "PLAY",
        "PAUSE",
        "BUFFER_START",
        "BUFFER_END",
        "QUALITY_CHANGE",
        "PLAYER_ERROR",
    ];
    for session in originals(300) {
        for event in &session {
            assert!(types.contains(&kind(event)), "{event}");
            let ours = ["seq", "state", "totals", "reason"];
            assert!(ours.iter().all(|key| event.get(key).is_none()), "{event}");
            assert_eq!(event["_retryCount"], 0);
        }
        assert_eq!(
            (kind(&session[0]), kind(&session[1])),
            ("PLAY", "BUFFER_START")
        );
        assert_eq!(stamp(&session[0]), stamp(&session[1]));
        assert!(
            session
                .windows(2)
                .all(|pair| stamp(&pair[0]) <= stamp(&pair[1]))
        );
        let id = session[0]["sessionId"].as_str().unwrap();
        assert_eq!(id.len(), 36 + 1 + 13, "{id}");
    }
}

#[test]
fn the_original_clients_totals_move_only_on_play_and_pause() {
    for session in originals(300) {
        for pair in session.windows(2) {
            if pair[0]["engagement"] != pair[1]["engagement"] {
                assert!(matches!(kind(&pair[1]), "PLAY" | "PAUSE"), "{}", pair[1]);
            }
        }
    }
}

#[test]
fn a_population_has_all_that_real_ones_have() {
    let recipe = recipe("--sessions 2000");
    let mut sizes = Vec::new();
    let mut text = String::new();
    let mut started = 0;
    for index in 0..2000 {
        let session = Session::new(&recipe, index);
        for event in session.events(0..session.len()) {
            let json = serde_json::to_string(&event).unwrap();
            sizes.push(json.len());
            text.push_str(&json);
        }
        let first = |e: &Value| matches!(kind(e), "FIRST_FRAME" | "BUFFER_END");
        started += usize::from(events(&session).iter().any(first));
    }
    let mean = sizes.len() / 2000;
    assert!((30..55).contains(&mean), "{mean} events a session");
    let bytes = sizes.iter().sum::<usize>() / sizes.len();
    assert!((600..950).contains(&bytes), "{bytes} bytes an event");
    assert!((1850..1990).contains(&started), "{started} of 2000 started");
    let wanted = [
        "SESSION_START",
        "PLAY",
        "FIRST_FRAME",
        "BUFFER_START",
        "BUFFER_END",
        "PAUSE",
        "SEEK",
        "QUALITY_CHANGE",
        "PLAYER_ERROR",
        "HEARTBEAT",
        "VISIBILITY",
        "RATE_CHANGE",
        "ENDED",
        "SESSION_END",
        "resumed",
        "seek",
        "pause",
        "error",
        "session_end",
        "user",
        "background",
        "initial",
        "resume",
        "replay",
        "source_change",
        "destroy",
        "page_close",
    ];
    for word in wanted {
        assert!(text.contains(&format!("\"{word}\"")), "no {word}");
    }
    for text_part in [
        "\"network\":{}",
        "\"live\":true",
        "\"fatal\":true",
        "\"previous\":null",
    ] {
        assert!(text.contains(text_part), "no {text_part}");
    }
}

#[test]
fn of_a_session_that_shall_stay_live_only_the_first_events_are_sent() {
    let line = "--original-share 0 --sessions 10";
    let capped = recipe(&format!("{line} --events-per-session 5"));
    for index in 0..10 {
        let capped = events(&Session::new(&capped, index));
        assert!(capped.len() <= 5);
        assert!(capped.iter().all(|e| kind(e) != "SESSION_END"));
    }
}
