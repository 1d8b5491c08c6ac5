//! docs/API.md does what it says: every command of it is run, and answered as it shows.

use std::process::Command;

use serde_json::{Value, json};

use crate::api::{evening, server};
use crate::support::Server;

const DOC: &str = include_str!("../../docs/API.md");
/// Stands for more of the same at an array's end.
const MORE: &str = "…";

/// The session of README's first look.
const LOOK: [(&str, i64, f64); 6] = [
    ("PLAY", 0, 0.0),
    ("BUFFER_START", 0, 0.0),
    ("BUFFER_END", 800, 0.0),
    ("BUFFER_START", 10_800, 10.0),
    ("BUFFER_END", 12_800, 10.0),
    ("PAUSE", 20_800, 18.0),
];

async fn look(server: &Server) {
    let events: Vec<Value> = LOOK
        .iter()
        .enumerate()
        .map(|(at, (event_type, at_ms, position))| {
            json!({"eventId": (at + 1).to_string(), "sessionId": "look", "eventType": event_type,
                "timestamp": 1_795_392_460_000i64 + at_ms, "playbackPositionSec": position})
        })
        .collect();
    let (status, reply) = server.post(&Value::from(events)).await;
    assert_eq!((status, &reply["accepted"]), (200, &json!(6)));
}

/// The fenced blocks with their languages.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let blocks = DOC.split("\n```").skip(1).step_by(2);
    blocks.filter_map(|block| block.split_once('\n')).collect()
}

#[actix_web::test]
async fn every_command_of_the_page_is_answered_as_it_shows() {
    let server = server().await;
    evening(&server).await;
    look(&server).await;
    let blocks = blocks();
    let mut commands = 0;
    for pair in blocks.windows(2) {
        let [("sh", command), (language, shown)] = *pair else {
            continue;
        };
        commands += 1;
        let told = run(command, &server.url("")).await;
        match language {
            "json" => {
                let told: Value = serde_json::from_str(&told).expect(&told);
                let shown: Value = serde_json::from_str(shown).expect(shown);
                assert!(leaves(&shown) > 2, "{command} shows next to nothing");
                holds(&told, &shown, command);
            }
            "csv" => assert_eq!(told.replace("\r\n", "\n").trim(), shown.trim(), "{command}"),
            // A stream shows how it begins.
            "text" => assert!(same_shape(&told, shown), "{command}\n{told}"),
            _ => panic!("{command} is followed by a block of {language}"),
        }
    }
    let all = blocks
        .iter()
        .filter(|(language, _)| *language == "sh")
        .count();
    assert_eq!(commands, all, "every command is followed by its answer");
    assert!(commands >= 14);
    server.application.stop().await.unwrap();
}

/// Runs a command against this server.
async fn run(command: &str, url: &str) -> String {
    let script = command.replace("http://127.0.0.1:3000", url);
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .output();
    let output = tokio::task::spawn_blocking(|| output)
        .await
        .unwrap()
        .unwrap();
    assert!(output.status.success(), "{script}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Checks that an answer has everything that is shown of it.
fn holds(told: &Value, shown: &Value, place: &str) {
    match (told, shown) {
        (Value::Object(told), Value::Object(shown)) => {
            for (name, shown) in shown {
                let told = told
                    .get(name)
                    .unwrap_or_else(|| panic!("{place}: there is no {name}"));
                holds(told, shown, &format!("{place}.{name}"));
            }
        }
        (Value::Array(told), Value::Array(shown)) => {
            let more = shown.last().is_some_and(|last| last == MORE);
            let shown = &shown[..shown.len() - usize::from(more)];
            assert!(
                told.len() > shown.len() || (!more && told.len() == shown.len()),
                "{place}: {told:?}"
            );
            assert!(more || told.len() == shown.len(), "{place}: {told:?}");
            for (at, (told, shown)) in told.iter().zip(shown).enumerate() {
                holds(told, shown, &format!("{place}[{at}]"));
            }
        }
        (Value::Number(told), Value::Number(shown)) => {
            assert_eq!(told.as_f64(), shown.as_f64(), "{place}");
        }
        _ => assert_eq!(told, shown, "{place}"),
    }
}

/// Values that are shown.
fn leaves(shown: &Value) -> usize {
    match shown {
        Value::Object(fields) => fields.values().map(leaves).sum(),
        Value::Array(items) => items.iter().map(leaves).sum(),
        _ => 1,
    }
}

/// Line by line the same, but for digits.
fn same_shape(told: &str, shown: &str) -> bool {
    let shape = |text: &str| {
        let blank = |line: &str| {
            let letters: String = line
                .chars()
                .map(|c| if c.is_ascii_digit() { '0' } else { c })
                .collect();
            letters.replace("00", "0")
        };
        text.trim().lines().map(blank).collect::<Vec<_>>()
    };
    let (told, shown) = (shape(told), shape(shown));
    told.len() >= shown.len()
        && told
            .iter()
            .zip(&shown)
            .all(|(told, shown)| told.starts_with(shown.trim_end_matches('…')))
}
