//! Every field there is, with every type that JSON has.

use serde_json::json;

use super::Target;
use crate::process::stdout_of;

/// Fields by their paths; the first four make an event, the others never cost one.
const OPTIONAL: [&str; 66] = [
    "viewerId",
    "playbackPositionSec",
    "seq",
    "state",
    "reason",
    "hidden",
    "playbackRate",
    "startupTimeMs",
    "loadToFrameMs",
    "_retryCount",
    "quality",
    "quality.bitrateKbps",
    "quality.resolution",
    "quality.width",
    "quality.height",
    "quality.videoWidth",
    "quality.videoHeight",
    "previous",
    "previous.height",
    "buffering",
    "buffering.startedAt",
    "buffering.endedAt",
    "buffering.durationMs",
    "network",
    "network.downlinkMbps",
    "network.rttMs",
    "network.effectiveType",
    "device",
    "device.browser",
    "device.os",
    "device.screenWidth",
    "device.screenHeight",
    "engagement",
    "engagement.totalWatchTime",
    "engagement.totalPauseTime",
    "engagement.interactionCount",
    "player",
    "player.droppedFrames",
    "player.decodedFrames",
    "player.fps",
    "player.bufferLengthSec",
    "player.name",
    "player.version",
    "player.width",
    "player.height",
    "error",
    "error.type",
    "error.details",
    "error.fatal",
    "error.httpStatus",
    "seek",
    "seek.fromSec",
    "seek.toSec",
    "seek.durationMs",
    "totals",
    "totals.startupMs",
    "totals.playingMs",
    "totals.rebufferMs",
    "totals.rebufferCount",
    "video",
    "video.id",
    "video.title",
    "video.durationSec",
    "video.live",
    "custom",
    "custom.a",
];

/// Values of every type, at the ends of what they can be.
const VALUES: [&str; 22] = [
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1.5",
    "-0.0",
    "1e308",
    "-1e308",
    "5e-324",
    "9007199254740993",
    "-9223372036854775808",
    "18446744073709551615",
    "\"\"",
    "\"text\"",
    "\"\\u0007\\ud83d\\ude00\"",
    "\"12\"",
    "[]",
    "[1,[2,{}]]",
    "{}",
    "{\"a\":{\"b\":[]},\"\":1}",
    "[null,true,\"x\"]",
];

/// An event with a value at a path.
fn event(id: &str, kind: &str, path: &str, value: &str) -> String {
    let member = match path.split_once('.') {
        Some((section, field)) => format!("{section:?}:{{{field:?}:{value},\"other\":1}}"),
        None => format!("{path:?}:{value}"),
    };
    format!(
        r#"{{{member},"sessionId":"{path}","eventId":"{id}","eventType":"{kind}","timestamp":1795392458159}}"#
    )
}

#[actix_web::test]
async fn an_optional_field_of_any_type_never_costs_its_event_and_folds_the_same_from_its_row() {
    let target = Target::new().await;
    // The kinds that read most.
    let kinds = ["SESSION_START", "PLAYER_ERROR", "SEEK", "HEARTBEAT"];
    let mut sent = 0;
    for path in OPTIONAL {
        let mut events = Vec::new();
        for kind in kinds {
            for (n, value) in VALUES.iter().enumerate() {
                events.push(event(&format!("{kind}{n}"), kind, path, value));
            }
        }
        let count = u64::try_from(events.len()).unwrap();
        target
            .send(format!("[{}]", events.join(",")))
            .await
            .took(count, 0, 0);
        sent += events.len();
    }
    let database = &target.server.database;
    assert_eq!(
        database.count("SELECT FROM telemetry_events").await,
        i64::try_from(sent).unwrap()
    );
    let summaries = "SELECT FROM session_summaries";
    crate::support::until("every session has its summary", async || {
        (database.count(summaries).await == i64::try_from(OPTIONAL.len()).unwrap()).then_some(())
    })
    .await;
    let verified = stdout_of(&[
        "verify",
        "--database-url",
        &database.url,
        "--idle-timeout",
        "1ms",
    ]);
    assert!(
        verified.starts_with("0 differences in 66 sessions (66 equal"),
        "{verified}"
    );
    target.ends_unharmed().await;
}

#[actix_web::test]
async fn a_required_field_of_any_wrong_type_costs_its_own_event_only() {
    let target = Target::new().await;
    let mut sessions = 0;
    for field in ["sessionId", "eventId", "eventType", "timestamp"] {
        for value in VALUES {
            let good = json!({"sessionId": format!("s{sessions}"), "eventId": "e",
                "eventType": "PLAY", "timestamp": 1_795_392_458_159_i64});
            let name = format!("\"bad{sessions}\"");
            let bad = crate::bad_events::with(field, value).replace("\"table\"", &name);
            let answer = target.send(format!("[{bad},{good}]")).await;
            assert_eq!(answer.status, 200, "{field} {value}: {}", answer.text);
            let reply = answer.json();
            let usable = if field == "timestamp" {
                ["0", "1.5", "-0.0", "5e-324"].contains(&value)
            } else {
                value.starts_with('"') && value != "\"\""
            };
            assert_eq!(
                reply["accepted"],
                if usable { 2 } else { 1 },
                "{field} {value}"
            );
            sessions += 1;
        }
    }
    target.ends_unharmed().await;
}

#[actix_web::test]
async fn an_envelopes_own_fields_of_any_type_cost_nothing_but_events_must_be_an_array() {
    let target = Target::new().await;
    let mut n = 0;
    for field in ["sentAt", "key", "anything"] {
        for value in VALUES {
            let good = crate::answers::least_event("s", &format!("e{n}"));
            let answer = target
                .send(format!(r#"{{"{field}":{value},"events":[{good}]}}"#))
                .await;
            assert_eq!(answer.status, 200, "{field} {value}: {}", answer.text);
            n += 1;
        }
    }
    for value in VALUES.iter().filter(|value| !value.starts_with('[')) {
        let answer = target.send(format!(r#"{{"events":{value}}}"#)).await;
        answer.is_problem(400, "events_not_an_array");
    }
    target.ends_unharmed().await;
}
