//! Which events are refused, under which reason, and what is kept of them. Every other event is taken.

use serde_json::{Value, json};

use crate::answers::{Answer, JSON, least_event};
use crate::bad_events::{nested, refused, sized, text, with};
use crate::support::{Server, server};

async fn post(server: &Server, body: impl Into<Vec<u8>>) -> Answer {
    let body: Vec<u8> = body.into();
    server
        .send(reqwest::Method::POST, "/telemetry", &[JSON], body)
        .await
}

#[actix_web::test]
async fn every_unusable_event_is_refused_with_its_own_reason() {
    let server = server().await;
    for (event, reason) in refused() {
        let shown = event.get(..100).unwrap_or(&event);
        let answer = post(&server, format!("[{event}]")).await;
        let problem = answer.is_problem(400, "all_rejected");
        assert_eq!(problem["ok"], false);
        assert_eq!(problem["rejected"].as_array().unwrap().len(), 1);
        let rejected = &problem["rejected"][0];
        assert_eq!(
            (&rejected["index"], &rejected["reason"]),
            (&json!(0), &json!(reason)),
            "{shown}"
        );
        assert!(!rejected["detail"].as_str().unwrap().is_empty());
    }
    assert_eq!(
        server.database.count("SELECT FROM telemetry_events").await,
        0
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn an_event_alone_is_refused_for_the_same_reasons_as_in_an_array() {
    let server = server().await;
    for (event, reason) in refused()
        .into_iter()
        .filter(|(event, _)| event.starts_with('{'))
    {
        let answer = post(&server, event.clone()).await;
        let problem = answer.is_problem(400, "all_rejected");
        assert_eq!(problem["rejected"][0]["reason"], reason, "{event:.100}");
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn what_is_just_within_the_bounds_is_taken() {
    let server = server().await;
    let ids = ["sessionId", "eventId", "eventType"].map(|member| {
        [
            with(member, &text(1)),
            with(member, &text(200)),
            with(member, "\" \""),
        ]
    });
    let times = [
        "0",
        "1",
        "253402300799999",
        "1.5",
        "253402300799998.6",
        "1e3",
        "-0.4",
        "12.0",
    ];
    let numbers = [
        "1e308",
        "-1e308",
        "5e-324",
        "0e-300",
        "0e300",
        "1E+2",
        "123456789012345678901234567890",
    ];
    let events: Vec<String> = ids
        .into_iter()
        .flatten()
        .chain(times.map(|time| with("timestamp", time)))
        .chain(numbers.map(|number| with("unknown", number)))
        .chain([nested(32), sized(32 * 1024)])
        .chain(
            [
                r#""\ud83d\ude00""#,
                r#""\\u0000""#,
                r#""\\ud800""#,
                "\"\u{7f}é😀\"",
            ]
            .map(|string| with("unknown", string)),
        )
        .collect();
    for (n, event) in events.iter().enumerate() {
        let event = event.replace("\"table\"", &format!("\"t{n:04}\""));
        let answer = post(&server, format!("[{event}]")).await;
        assert_eq!(
            (answer.status, &answer.json()["accepted"]),
            (200, &json!(1)),
            "{event:.100}: {}",
            answer.text
        );
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn timestamps_are_rounded_to_whole_milliseconds() {
    let server = server().await;
    for (n, (time, expected)) in [
        ("1.5", 2),
        ("2.4", 2),
        ("1e3", 1000),
        ("-0.4", 0),
        ("12.0", 12),
        ("253402300799998.6", 253_402_300_799_999i64),
    ]
    .into_iter()
    .enumerate()
    {
        let event = with("timestamp", time).replace("table", &format!("t{n}"));
        post(&server, event).await.took(1, 0, 0);
        let query =
            format!("SELECT event_timestamp FROM telemetry_events WHERE session_id = 't{n}'");
        assert_eq!(
            server.database.rows(&query).await,
            [json!({"event_timestamp": expected})],
            "{time}"
        );
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn one_bad_event_costs_none_of_its_499_neighbours() {
    for (n, (bad, reason)) in refused()
        .into_iter()
        .filter(|(event, _)| event.len() < 1000)
        .enumerate()
    {
        if n % 9 != 0 {
            continue;
        }
        let server = server().await;
        let mut events: Vec<String> = (0..499)
            .map(|e| least_event(&format!("s{}", e % 7), &format!("e{e}")).to_string())
            .collect();
        let place = (n * 53) % 500;
        events.insert(place, bad);
        let reply = post(&server, format!("[{}]", events.join(",")))
            .await
            .took(499, 0, 1);
        assert_eq!(
            (
                &reply["rejected"][0]["index"],
                &reply["rejected"][0]["reason"]
            ),
            (&json!(place), &json!(reason))
        );
        assert_eq!(
            server.database.count("SELECT FROM telemetry_events").await,
            499
        );
        server.application.stop().await.unwrap();
    }
}

#[actix_web::test]
async fn the_reply_names_each_refused_event_by_place_and_id() {
    let server = server().await;
    let good = least_event("s", "good").to_string();
    let no_session = r#"{"eventId":"a","eventType":"PLAY","timestamp":1}"#;
    let unstorable = least_event("s", "b")
        .to_string()
        .replacen('{', r#"{"x":"\u0000","#, 1);
    let reply = post(&server, format!("[{no_session},{good},17,{unstorable}]"))
        .await
        .took(1, 0, 3);
    let named: Vec<Value> = reply["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| json!([event["index"], event["eventId"], event["reason"]]))
        .collect();
    assert_eq!(
        named,
        [
            json!([0, "a", "missing_session_id"]),
            json!([2, null, "not_an_object"]),
            json!([3, "b", "unstorable_string"])
        ]
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn refused_events_are_kept_as_sent_and_once_even_when_sent_again() {
    let server = server().await;
    let bad = r#"{"eventId" : "a",  "eventType":"PLAY","timestamp":1e0}"#;
    let body = format!("[{},{bad},17]", least_event("s", "good"));
    post(&server, body.clone()).await.took(1, 0, 2);
    post(&server, body).await.took(0, 1, 2);
    let kept = server.database.rows("SELECT project, reason, detail, convert_from(raw, 'UTF8') AS raw, \
        raw_bytes, now() - received_at < interval '5 min' AS fresh FROM rejected_events ORDER BY raw_bytes DESC").await;
    assert_eq!(
        kept,
        [
            json!({"project": "default", "reason": "missing_session_id", "raw": bad, "raw_bytes": 54,
            "detail": "sessionId must be a string of 1 to 200 bytes", "fresh": true}),
            json!({"project": "default", "reason": "not_an_object", "raw": "17", "raw_bytes": 2,
            "detail": "an event is a JSON object", "fresh": true}),
        ]
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn of_a_huge_refused_event_the_first_32_kib_are_kept() {
    let server = server().await;
    post(&server, sized(200_000))
        .await
        .is_problem(400, "all_rejected");
    let kept = server
        .database
        .rows("SELECT length(raw) AS kept, raw_bytes, reason FROM rejected_events")
        .await;
    assert_eq!(
        kept,
        [json!({"kept": 32_768, "raw_bytes": 200_000, "reason": "event_too_large"})]
    );
    server.application.stop().await.unwrap();
}
