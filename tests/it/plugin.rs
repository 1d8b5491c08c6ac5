//! What the player plugin tells of real playbacks, folded, against what was measured from the playhead
//! alone; whole, and with a third of its events lost.
//!
//! tests/fixtures/plugin holds its events, kept up to date by the plugin's own tests;
//! tests/fixtures/playbacks the recordings they come from, with the truth.

use std::path::PathBuf;

use serde_json::Value;
use video_telemetry::qoe::{Event, SessionSummary, fold};
use video_telemetry::storage::event::{Receipt, replay};

const SESSIONS_RECORDED: usize = 20;
/// A lost event costs resolution, never time, ms.
const LOST_MS: i64 = 300;

/// One source of a recording.
struct Session {
    name: String,
    events: Vec<Event>,
    truth: Value,
}

impl Session {
    /// The measured time in a state, ms, until the event at `until_ms` after the source was loaded.
    fn spent_ms(&self, state: &str, until_ms: f64) -> f64 {
        let spans = self.truth["timeline"].as_array().unwrap().iter();
        spans
            .filter(|span| span[0] == state)
            .map(|span| {
                (span[2].as_f64().unwrap().min(until_ms) - span[1].as_f64().unwrap()).max(0.0)
            })
            .sum()
    }

    /// How long each stall lasted until a fatal error, ms.
    fn stalls_ms(&self) -> Vec<f64> {
        let stalls = self.truth["stalls"].as_array().unwrap().iter();
        stalls
            .map(|stall| {
                stall["msBeforeFatal"]
                    .as_f64()
                    .or(stall["durationMs"].as_f64())
                    .unwrap()
            })
            .collect()
    }
}

#[test]
fn what_the_plugin_tells_of_real_playbacks_folds_to_what_was_measured() {
    let sessions = sessions();
    assert_eq!(sessions.len(), SESSIONS_RECORDED);
    let wrong: Vec<String> = sessions.iter().flat_map(compare).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn compare(session: &Session) -> Vec<String> {
    let summary = fold(session.events.clone()).summary();
    let failed_ms = session.truth["fatalAtMs"].as_f64();
    let stalls = session.stalls_ms();
    let short_ms: f64 = stalls.iter().filter(|ms| **ms < 250.0).sum();
    let long: Vec<f64> = stalls.iter().copied().filter(|ms| *ms >= 250.0).collect();
    let each = f64::from(u32::try_from(long.len().max(1)).unwrap());
    let startup = session.spent_ms("startup", failed_ms.unwrap_or(f64::MAX));
    let spent = |state| session.spent_ms(state, f64::MAX);
    let rows = [
        (
            "startup",
            startup,
            summary.startup_ms.unwrap_or(summary.no_start_ms),
            200.0,
        ),
        (
            "playing",
            spent("playing") + short_ms,
            summary.playing_ms,
            400.0,
        ),
        (
            "rebuffer",
            long.iter().sum(),
            summary.rebuffer_ms,
            150.0 * each,
        ),
        ("seek", spent("seeking"), summary.seek_ms, 250.0),
        ("paused", spent("paused"), summary.paused_ms, 150.0),
        ("gap", 0.0, summary.gap_ms, 0.0),
    ];
    let mut wrong = Vec::new();
    for (figure, truth, ours, tolerance) in rows {
        if (whole(ours) - truth).abs() > tolerance {
            wrong.push(format!("{}: {figure} is {truth}, not {ours}", session.name));
        }
    }
    // A stall of 150 to 350 ms may be measured as either.
    let sure = stalls.iter().filter(|ms| **ms >= 350.0).count();
    let possible = stalls.iter().filter(|ms| **ms >= 150.0).count();
    let counted = usize::try_from(summary.rebuffer_count).unwrap();
    if !(sure..=possible).contains(&counted) {
        wrong.push(format!(
            "{}: {counted} rebuffers, not {sure} to {possible}",
            session.name
        ));
    }
    let outcome = (summary.vsf || summary.vpf, summary.completeness);
    if outcome != (failed_ms.is_some(), Some(1.0)) {
        wrong.push(format!(
            "{}: failed, completeness: {outcome:?}",
            session.name
        ));
    }
    wrong
}

#[test]
fn the_length_of_the_video_is_known_once_a_frame_is_shown() {
    for session in sessions() {
        let started = session.spent_ms("playing", f64::MAX) > 0.0;
        let summary = fold(session.events).summary();
        assert_eq!(
            summary.video_duration_sec,
            started.then_some(48.0),
            "{}",
            session.name
        );
    }
}

#[test]
fn losing_any_third_of_the_plugins_events_moves_no_duration_by_more_than_300_ms() {
    let mut wrong = Vec::new();
    for session in sessions() {
        let whole = fold(session.events.clone()).summary();
        for (loss, kept) in thirds_lost(&session.events) {
            let summary = fold(kept.clone()).summary();
            let (first, last) = (kept.first().unwrap(), kept.last().unwrap());
            let ends = (
                first.timestamp_ms - session.events.first().unwrap().timestamp_ms,
                session.events.last().unwrap().timestamp_ms - last.timestamp_ms,
            );
            // What is lost before the first and after the last event that came, no event can tell.
            if ends == (0, 0) {
                for (part, before, after) in parts(&whole, &summary) {
                    if (after - before).abs() > LOST_MS {
                        wrong.push(format!(
                            "{} {loss}: {part} {before} → {after}",
                            session.name
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every third event gone, beginning at each of the first three; and 50 draws of a third of them.
/// The first and the last event stay.
fn thirds_lost(events: &[Event]) -> Vec<(String, Vec<Event>)> {
    let last = events.len() - 1;
    let without = |lost: &dyn Fn(usize) -> bool| -> Vec<Event> {
        let kept = |i: usize| i == 0 || i == last || !lost(i);
        let kept = events.iter().enumerate().filter(|(i, _)| kept(*i));
        kept.map(|(_, event)| event.clone()).collect()
    };
    let thirds = (0..3).map(|from| {
        let kept = without(&|i| i % 3 == from);
        (format!("every third from {from}"), kept)
    });
    let draws = (0..50).map(|draw| (format!("draw {draw}"), without(&|i| is_drawn(i, draw))));
    thirds.chain(draws).collect()
}

/// One in three: a fixed sequence that looks like chance.
fn is_drawn(i: usize, draw: usize) -> bool {
    let mixed = i.wrapping_mul(7919) ^ draw.wrapping_mul(104_729);
    (mixed.wrapping_mul(2_654_435_761) >> 13) & 0xff < 85
}

fn parts(whole: &SessionSummary, summary: &SessionSummary) -> [(&'static str, i64, i64); 7] {
    [
        (
            "startup",
            whole.startup_ms.unwrap_or(0),
            summary.startup_ms.unwrap_or(0),
        ),
        ("playing", whole.playing_ms, summary.playing_ms),
        ("rebuffer", whole.rebuffer_ms, summary.rebuffer_ms),
        ("seek", whole.seek_ms, summary.seek_ms),
        ("paused", whole.paused_ms, summary.paused_ms),
        ("ended", whole.ended_ms, summary.ended_ms),
        ("idle", whole.idle_ms, summary.idle_ms),
    ]
}

fn sessions() -> Vec<Session> {
    let mut sessions = Vec::new();
    for number in 1..=19 {
        let name = format!("s{number:02}");
        let truth = fixture("playbacks", &name);
        let told = fixture("plugin", &name);
        let told = told.as_array().unwrap();
        let mut ids: Vec<&Value> = told.iter().map(|event| &event["sessionId"]).collect();
        ids.dedup();
        let truths = truth["truth"].as_array().unwrap();
        assert_eq!(ids.len(), truths.len(), "{name}");
        for (id, truth) in ids.into_iter().zip(truths) {
            let events = told.iter().filter(|event| event["sessionId"] == *id);
            sessions.push(Session {
                name: name.clone(),
                events: events.map(event).collect(),
                truth: truth.clone(),
            });
        }
    }
    sessions
}

fn event(wire: &Value) -> Event {
    let receipt = Receipt {
        created_at_ms: wire["timestamp"].as_i64().unwrap(),
        sent_at_ms: None,
    };
    replay(&wire.to_string(), receipt).unwrap()
}

fn fixture(folder: &str, name: &str) -> Value {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let path = tests.join(folder).join(format!("{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn whole(ms: i64) -> f64 {
    f64::from(i32::try_from(ms).unwrap())
}
