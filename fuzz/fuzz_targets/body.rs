//! A request's body, whatever it is: it is split and parsed without a panic, each event within it is a
//! record or a rejection, and a record reads back from its own text as what it was.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use video_telemetry::http;
use video_telemetry::storage::event::{MAX_EVENT_BYTES, MAX_TEXT_BYTES, Receipt, parse, replay};

fuzz_target!(|data: &[u8]| {
    let body = Bytes::copy_from_slice(data);
    let Ok(sent) = http::split(&body) else { return };
    let receipt = Receipt {
        created_at_ms: 1_795_392_458_159,
        sent_at_ms: sent.sent_at_ms,
    };
    for json in sent.events {
        // A slice of the body, and not a copy: the record shares it.
        assert!(data.len() >= json.len());
        let Ok(parsed) = parse(json, &body, receipt) else {
            continue;
        };
        let record = parsed.record;
        assert!(json.len() <= MAX_EVENT_BYTES);
        assert_eq!(record.raw_text(), json);
        for id in [&parsed.session_id, &record.event.event_id] {
            assert!((1..=MAX_TEXT_BYTES).contains(&id.len()) && !id.contains('\0'));
        }
        let again = replay(json, receipt).expect("what was taken can be read back");
        assert_eq!(again, record.event);
    }
});
