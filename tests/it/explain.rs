//! `sessions show --explain`: the timeline accounts for every ms and every count of the summary.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use video_telemetry::qoe::{Count, Event, Part, Step, explain};
use video_telemetry::storage::{SessionKey, timeline};

use crate::process::{Simulation, run, stdout_of};
use crate::support::{Database, Server, server, until};

const TRACES: usize = 19;
const TRACED_SESSIONS: i64 = 20;

#[actix_web::test]
async fn the_steps_of_real_playbacks_add_up_to_their_summaries() {
    let server = server().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/traces");
    let mut traces = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        traces += 1;
        let trace: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        for session in trace["sessions"].as_array().unwrap() {
            let (status, reply) = server.post(&session["events"]).await;
            assert_eq!(status, 200, "{reply}");
        }
    }
    assert_eq!(traces, TRACES);
    check(&server, TRACED_SESSIONS).await;
}

#[actix_web::test]
async fn the_steps_of_simulated_sessions_add_up_to_their_summaries() {
    let server = server().await;
    let folder = tempfile::tempdir().unwrap();
    let players = Simulation::start(
        folder.path(),
        &["--url", &server.url(""), "--sessions", "60", "--shuffle"],
    );
    players.finish();
    check(&server, 60).await;
}

/// Waits for as many current summaries and holds each against its session's steps.
async fn check(server: &Server, sessions: i64) {
    let current = "SELECT s.* FROM session_summaries s WHERE event_count = \
         (SELECT count(*) FROM telemetry_events e WHERE e.session_id = s.session_id)";
    until("every session has its summary", async || {
        (server.database.count(current).await == sessions).then_some(())
    })
    .await;
    for summary in server.database.rows(current).await {
        let id = summary["session_id"].as_str().unwrap();
        let events = events(&server.database, id).await;
        let steps = explain(&events);
        assert_eq!(summary["event_count"], steps.len());
        for part in Part::ALL {
            let fed = steps.iter().flat_map(|step| &step.fed);
            let sum: i64 = fed.filter(|fed| fed.0 == part).map(|fed| fed.1).sum();
            let stored = summary[part.column()].as_i64().unwrap_or(0);
            assert_eq!(sum, stored, "{} of {id}", part.column());
        }
        for count in Count::ALL {
            let counted = steps.iter().flat_map(|step| &step.counted);
            let sum: i64 = counted.filter(|one| one.0 == count).map(|one| one.1).sum();
            assert_eq!(sum, summary[count.column()], "{} of {id}", count.column());
        }
        check_stretches(&steps, &summary);
    }
}

fn check_stretches(steps: &[Step<'_>], summary: &Value) {
    let micro_stall_ms: i64 = steps.iter().map(|step| step.micro_stall_ms).sum();
    assert_eq!(micro_stall_ms, summary["micro_stall_ms"]);
    let mut at_ms = 0;
    for step in steps {
        assert_eq!(step.at_ms, at_ms, "{step:?}");
        at_ms += step.lasted_ms;
        let fed: i64 = step.fed.iter().map(|(_, ms)| ms).sum();
        assert_eq!(fed, step.lasted_ms, "{step:?}");
    }
    assert_eq!(at_ms, summary["session_ms"]);
}

async fn events(database: &Database, session_id: &str) -> Vec<Event> {
    let key = SessionKey::new(&"default".into(), session_id);
    let mut connection = database.pool.get().await.unwrap();
    let rows = timeline::events(&mut connection, &key).await.unwrap();
    rows.into_iter().map(|(_, event)| event).collect()
}

/// 0.8 s of startup, 10 s of playing, a stall of 2 s, 8 s of playing, and a type nobody knows.
fn look() -> Value {
    let event = |id: &str, kind: &str, ms: i64, position: f64| {
        json!({"eventId": id, "sessionId": "look", "eventType": kind,
            "timestamp": 1_795_392_460_000i64 + ms, "playbackPositionSec": position})
    };
    json!([
        event("1", "PLAY", 0, 0.0),
        event("2", "BUFFER_START", 0, 0.0),
        event("3", "BUFFER_END", 800, 0.0),
        event("4", "BUFFER_START", 10_800, 10.0),
        event("5", "BUFFER_END", 12_800, 10.0),
        event("6", "SOMETHING_NEW", 20_800, 18.0),
    ])
}

#[actix_web::test]
async fn the_command_prints_every_step_and_the_sums() {
    let server = server().await;
    server.post(&look()).await;
    server.summary("look").await;
    let explain = |output: &str| {
        let url = &server.database.url;
        stdout_of(&[
            "--database-url",
            url,
            "sessions",
            "show",
            "look",
            "--explain",
            "--output",
            output,
        ])
    };
    let told: Value = serde_json::from_str(&explain("json")).unwrap();
    assert_eq!(told["sums"]["session_ms"], 20_800);
    assert_eq!(told["sums"]["startup_ms"], 800);
    assert_eq!(told["sums"]["playing_ms"], 18_000);
    assert_eq!(told["sums"]["rebuffer_ms"], 2000);
    assert_eq!(told["sums"]["rebuffer_count"], 1);
    let stall = &told["steps"][3];
    assert_eq!(stall["event_type"], "BUFFER_START");
    assert_eq!(stall["at_ms"], 10_800);
    assert_eq!(stall["position_sec"], 10.0);
    assert_eq!(stall["state"], "rebuffering");
    assert_eq!(stall["lasted_ms"], 2000);
    assert_eq!(stall["fed"], json!({"rebuffer_ms": 2000}));
    assert_eq!(told["steps"][5]["event_type"], "SOMETHING_NEW");

    let table = explain("table");
    let sum = table.lines().last().unwrap();
    for words in ["sum", "20800", "startup 800, playing 18000, rebuffer 2000"] {
        assert!(sum.contains(words), "{table}");
    }
    let csv = explain("csv");
    let header = csv.lines().next().unwrap();
    assert!(
        header.contains(",lasted_ms,startup_ms,no_start_ms,"),
        "{csv}"
    );
    assert_eq!(csv.lines().count(), 7, "{csv}");
}

#[actix_web::test]
async fn a_session_that_goes_on_is_explained_so_far_and_an_unknown_one_refused() {
    let server = crate::support::server_with(|settings| {
        settings.idle_timeout = std::time::Duration::from_secs(3600);
    })
    .await;
    server.post(&look()).await;
    let show = |id: &str| {
        let url = &server.database.url;
        let output = run(&["--database-url", url, "sessions", "show", id, "--explain"]);
        (
            output.status.success(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (found, note) = show("look");
    assert!(found && note.contains("no summary yet"), "{note}");
    let (found, error) = show("nobody");
    assert!(!found && error.contains("has no events"), "{error}");
}
