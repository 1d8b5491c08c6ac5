//! The same text means the same at ingest and after PostgreSQL's jsonb has rewritten it: otherwise a
//! summary written live and one folded from rows would differ.

use bytes::Bytes;
use video_telemetry::storage::event::{MAX_TIMESTAMP_MS, Receipt, parse, replay};

use crate::support::database;

const RECEIPT: Receipt = Receipt {
    created_at_ms: 1_795_392_458_200,
    sent_at_ms: Some(1_795_392_458_190),
};

/// Numbers as JSON may spell them.
const NUMBERS: [&str; 34] = [
    "0",
    "-0",
    "0.0",
    "-0.0",
    "-0e7",
    "0e-300",
    "1e2",
    "1E+2",
    "1.00",
    "100e-2",
    "0.1",
    "1e-7",
    "0.30000000000000004",
    "2.5",
    "-2.5",
    "0.5",
    "0.49999999999999999999999",
    "1e308",
    "1.7976931348623157e308",
    "5e-324",
    "2.2250738585072011e-308",
    "2147483647.5",
    "2147483648",
    "9007199254740991",
    "9007199254740992",
    "9007199254740993",
    "9007199254740991.4",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "123456789012345678901234567890",
    "1.23456789012345678e17",
    "253402300799999",
    "17976931348623157e292",
];

/// Members that hold a number.
const PLACES: [&str; 9] = [
    r#""playbackPositionSec":@"#,
    r#""seq":@"#,
    r#""quality":{"bitrateKbps":@,"height":@}"#,
    r#""buffering":{"startedAt":@}"#,
    r#""player":{"fps":@,"droppedFrames":@,"bufferLengthSec":@}"#,
    r#""seek":{"fromSec":@,"toSec":@,"durationMs":@}"#,
    r#""totals":{"playingMs":@,"rebufferCount":@}"#,
    r#""custom":{"a":@,"b":[@]}"#,
    r#""video":{"durationSec":@},"playbackRate":@"#,
];

fn oddities() -> Vec<String> {
    let long = "€".repeat(100);
    [
        r#""quality":{"bitrateKbps":1,"bitrateKbps":2},"quality":{"width":3}"#,
        r#""totals":{"playingMs":1},"totals":null"#,
        r#""totals":null,"totals":{"playingMs":1}"#,
        r#""seek":{"fromSec":1},"seek":17"#,
        r#""custom":{"b":1,"a":2,"b":"x","a":null,"c":{}}"#,
        r#""custom":{"b":1},"custom":[]"#,
        r#""custom":{"z":1.0,"y":10e-1,"x":"1.0","w":true,"":"empty"}"#,
        r#""custom":{"10":1,"9":1,"é":1,"e\u0301":1,"E":1,"\ud83d\ude00":1,"\uffff":1}"#,
        r#""playbackPosition\u0053ec":4,"quality":{"bitrate\u004bbps":5}"#,
        r#""viewerId":"\u0041\/\b\f\n\r\t\u0001\u007f\u2028","viewerId":"\"\\""#,
        r#""viewerId":null,"device":{"browser":"","os":" "},"hidden":0"#,
        r#""hidden":true,"hidden":"no","state":"playing","reason":"made up","state":"nonsense""#,
        r#""error":{"type":"networkError","details":"x","fatal":true,"fatal":"yes"}"#,
        r#""video":{"id":7,"title":"\ud83c\udfac","live":null},"player":{"name":"hls.js","version":1.5}"#,
    ].into_iter().map(str::to_owned)
        .chain([format!(r#""device":{{"browser":"{long}"}},"custom":{{"{long}":1,"k":"{long}"}}"#)])
        .chain([format!(r#""custom":{{{}}}"#, (0..30).rev().map(|n| format!("\"k{n:02}\":{n}")).collect::<Vec<_>>().join(","))])
        .collect()
}

/// Nasty but valid events.
fn events() -> Vec<String> {
    let mut members = oddities();
    for number in NUMBERS {
        members.extend(PLACES.map(|place| place.replace('@', number)));
    }
    let mut events = Vec::new();
    for kind in ["SESSION_START", "PLAYER_ERROR"] {
        for member in &members {
            events.push(format!("{{ \"timestamp\":1e3, {member},\"eventType\":{kind:?},\"sessionId\":\"s\",\"eventId\":\"e\" }}"));
        }
    }
    events
}

#[actix_web::test]
async fn an_event_means_the_same_as_text_and_as_jsonb() {
    let database = database().await;
    let events = events();
    let values: Vec<String> = events
        .iter()
        .enumerate()
        .map(|(n, event)| format!("({n}, '{}'::jsonb)", event.replace('\'', "''")))
        .collect();
    let rows = database
        .rows(&format!(
            "SELECT json::text AS json FROM (VALUES {}) AS v (n, json) ORDER BY n",
            values.join(",")
        ))
        .await;
    assert_eq!(rows.len(), events.len());
    for (event, row) in events.iter().zip(rows) {
        let bytes = Bytes::from(event.clone());
        let text = str::from_utf8(&bytes).unwrap();
        let live = parse(text, &bytes, RECEIPT)
            .unwrap_or_else(|refused| panic!("{event}: {refused:?}"))
            .record
            .event;
        let rewritten = row["json"].as_str().unwrap();
        assert_eq!(
            replay(rewritten, RECEIPT),
            Some(live),
            "{event}\n{rewritten}"
        );
    }
}

#[actix_web::test]
async fn a_time_means_the_same_as_text_and_as_jsonb() {
    let database = database().await;
    for time in [
        "0",
        "-0",
        "-0.4",
        "0.5",
        "1.5",
        "2.5",
        "1e3",
        "1795392458159.0",
        "1795392458159.4999",
        "253402300799999",
        "253402300799998.5",
        "2534023007999.99e2",
    ] {
        let event =
            format!(r#"{{"timestamp":{time},"eventType":"PLAY","sessionId":"s","eventId":"e"}}"#);
        let rows = database
            .rows(&format!("SELECT '{event}'::jsonb::text AS json"))
            .await;
        let bytes = Bytes::from(event.clone());
        let live = parse(str::from_utf8(&bytes).unwrap(), &bytes, RECEIPT)
            .unwrap()
            .record
            .event;
        assert!((0..=MAX_TIMESTAMP_MS).contains(&live.timestamp_ms));
        assert_eq!(
            replay(rows[0]["json"].as_str().unwrap(), RECEIPT),
            Some(live),
            "{time}"
        );
    }
}
