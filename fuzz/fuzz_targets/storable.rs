//! What may be stored, against a second opinion: serde_json reads the whole event into values, and
//! those are looked at one by one. The checker works on the text alone.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use video_telemetry::storage::event::{Reason, Receipt, parse};

/// Levels of nesting that are stored, the event's own included.
const MAX_DEPTH: usize = 32;

fuzz_target!(|data: &[u8]| {
    // The rest of the event is as it should be: what decides is the value.
    let Ok(value) = std::str::from_utf8(data) else {
        return;
    };
    let event = format!(
        r#"{{"x":{value},"sessionId":"s","eventId":"e","eventType":"PLAY","timestamp":1}}"#
    );
    // A value that ends early makes an event of another shape; only well-formed ones are looked at, as
    // they come from the body's splitter.
    let Ok(json) = serde_json::from_str::<&serde_json::value::RawValue>(&event) else {
        return;
    };
    let raw = Bytes::copy_from_slice(json.get().as_bytes());
    let text = std::str::from_utf8(&raw).expect("it was text before");
    let receipt = Receipt {
        created_at_ms: 1,
        sent_at_ms: None,
    };
    let verdict = parse(text, &raw, receipt);
    let second = serde_json::from_str::<Value>(text);
    match (&verdict, &second) {
        (Ok(_), Ok(value)) => assert!(storable(value, 1), "let through: {text}"),
        (Ok(_), Err(error)) => panic!("let through, and not readable: {error}: {text}"),
        (Err(rejection), Ok(value)) => {
            // Written digits go beyond what a value can tell: zeros with long exponents, long numbers.
            let by_text = rejection.reason == Reason::NumberOutOfRange
                || rejection.reason == Reason::EventTooLarge;
            let by_shape = !matches!(
                rejection.reason,
                Reason::UnstorableString | Reason::NestingTooDeep
            );
            assert!(
                by_text || by_shape || !storable(value, 1),
                "refused: {text}"
            );
        }
        (Err(_), Err(_)) => {}
    }
});

fn storable(value: &Value, depth: usize) -> bool {
    match value {
        Value::String(text) => !text.contains('\0'),
        Value::Number(number) => number.as_f64().is_some_and(f64::is_finite),
        Value::Array(items) => {
            depth <= MAX_DEPTH && items.iter().all(|item| storable(item, depth + 1))
        }
        Value::Object(members) => {
            depth <= MAX_DEPTH
                && members
                    .iter()
                    .all(|(key, item)| !key.contains('\0') && storable(item, depth + 1))
        }
        Value::Null | Value::Bool(_) => true,
    }
}
