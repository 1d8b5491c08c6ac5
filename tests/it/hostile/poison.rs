//! What PostgreSQL's jsonb refuses or chokes on, what JSON leaves open, and neighbours of all of it.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use super::{Target, among_good_ones, reason};
use crate::answers::least_event;
use crate::bad_events::{refused, with};

#[actix_web::test]
async fn every_poison_costs_itself_and_none_of_its_neighbours() {
    let target = Target::new().await;
    for (n, (event, expected)) in refused().into_iter().enumerate() {
        let answer = target.send(among_good_ones(&format!("s{n}"), &event)).await;
        let reply = answer.took(2, 0, 1);
        assert_eq!(reason(&reply), expected, "{event:.100}");
    }
    target.ends_unharmed().await;
}

#[actix_web::test]
async fn numbers_that_jsonb_takes_and_a_cast_would_not_are_refused_before_they_are_stored() {
    let target = Target::new().await;
    for number in [
        "1e131072",
        "-1e131072",
        "1e131071",
        "1e400",
        "1e309",
        "2e308",
        "1e-400",
        "1e-16384",
        "1e-325",
        "123456789e350",
        "0.1e-999999999",
    ] {
        let event = with("unknown", &format!("[1,{{\"deep\":[{number}]}}]"));
        let reply = target
            .send(among_good_ones(number, &event))
            .await
            .took(2, 0, 1);
        assert_eq!(reason(&reply), "number_out_of_range", "{number}");
    }
    target.ends_unharmed().await;
}

#[actix_web::test]
async fn of_duplicate_keys_the_last_one_wins_in_every_column_and_in_raw_json() {
    let target = Target::new().await;
    let event = r#"{"sessionId":"lost","sessionId":"s","eventId":17,"eventId":"e","eventType":null,
        "eventType":"PAUSE","timestamp":"then","timestamp":1795392458159,
        "quality":{"bitrateKbps":1},"quality":{"bitrateKbps":"x","bitrateKbps":2,"width":3,"width":4},
        "playbackPositionSec":1,"playbackPositionSec":2.5,"viewerId":"v","viewerId":null}"#;
    target.send(event).await.took(1, 0, 0);
    let rows = target
        .server
        .database
        .rows(
            "SELECT session_id, event_id, event_type, bitrate_kbps, video_width, \
             playback_position_sec, viewer_id, raw_json -> 'quality' AS quality FROM telemetry_events",
        )
        .await;
    assert_eq!(
        rows,
        [
            json!({"session_id": "s", "event_id": "e", "event_type": "PAUSE", "bitrate_kbps": 2,
            "video_width": 4, "playback_position_sec": 2.5, "viewer_id": null,
            "quality": {"bitrateKbps": 2, "width": 4}})
        ]
    );
    // The other way round it is no event.
    let reply = target
        .send(among_good_ones(
            "t",
            r#"{"sessionId":"s","eventId":"e","eventType":"PLAY","timestamp":1,"sessionId":null}"#,
        ))
        .await
        .took(2, 0, 1);
    assert_eq!(reason(&reply), "missing_session_id");
    target.ends_unharmed().await;
}

/// Good events, each with a name of its own, and hostile ones, in any order.
fn batches() -> impl Strategy<Value = Vec<Option<usize>>> {
    let kinds = refused()
        .iter()
        .filter(|(event, _)| event.len() < 2000)
        .count();
    prop::collection::vec(prop::option::of(0..kinds), 1..60)
}

#[test]
fn in_any_mixture_every_good_event_is_stored_and_every_bad_one_named() {
    let system = actix_web::rt::System::new();
    let target = system.block_on(Target::new());
    let bad: Vec<_> = refused()
        .into_iter()
        .filter(|(event, _)| event.len() < 2000)
        .collect();
    let batch = std::cell::Cell::new(0);
    let config = Config {
        cases: 48,
        failure_persistence: None,
        ..Config::default()
    };
    let mixed = TestRunner::new(config).run(&batches(), |kinds| {
        let n = batch.replace(batch.get() + 1);
        let event = |(at, kind): (usize, &Option<usize>)| match kind {
            Some(kind) => bad[*kind].0.clone(),
            None => least_event(&format!("b{n}-{}", at % 3), &format!("e{at}")).to_string(),
        };
        let events: Vec<String> = kinds.iter().enumerate().map(event).collect();
        let answer = system.block_on(target.send(format!("[{}]", events.join(","))));
        let reply = answer.json();
        let named: Vec<_> = reply["rejected"].as_array().unwrap().iter().collect();
        let expected = kinds
            .iter()
            .enumerate()
            .filter_map(|(at, kind)| Some((at, (*kind)?)));
        let expected: Vec<_> = expected
            .map(|(at, kind)| (json!(at), bad[kind].1))
            .collect();
        let told: Vec<_> = named
            .iter()
            .map(|event| (event["index"].clone(), event["reason"].as_str().unwrap()))
            .collect();
        prop_assert_eq!(told, expected);
        let good = kinds.iter().filter(|kind| kind.is_none()).count();
        let status = if good > 0 { 200 } else { 400 };
        prop_assert_eq!(answer.status, status, "{}", &answer.text);
        if good > 0 {
            prop_assert_eq!(&reply["accepted"], &json!(good));
        }
        Ok(())
    });
    mixed.unwrap();
    system.block_on(target.ends_unharmed());
}
