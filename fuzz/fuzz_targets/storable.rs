//! What may be stored, against a second opinion: serde_json reads the whole event, every string, key
//! and number of it. The checker works on the text alone.

#![no_main]

use std::fmt;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use video_telemetry::storage::event::{Reason, Receipt, parse};

/// Levels of nesting that are stored, the event's own included.
const MAX_DEPTH: usize = 32;

fuzz_target!(|data: &[u8]| {
    let Ok(value) = std::str::from_utf8(data) else {
        return;
    };
    // The rest of the event is as it should be: what decides is the value.
    let event = format!(
        r#"{{"x":{value},"sessionId":"s","eventId":"e","eventType":"PLAY","timestamp":1}}"#
    );
    // Only well-formed JSON comes from the splitter of bodies.
    if serde_json::from_str::<&RawValue>(&event).is_err() {
        return;
    }
    let raw = Bytes::from(event);
    let text = std::str::from_utf8(&raw).expect("it was text before");
    let receipt = Receipt {
        created_at_ms: 1,
        sent_at_ms: None,
    };
    let verdict = parse(text, &raw, receipt);
    let second = serde_json::from_str::<Seen>(text);
    match (verdict, second) {
        (Ok(_), Ok(seen)) => assert!(seen.storable(), "let through: {text}"),
        (Ok(_), Err(error)) => panic!("let through, and not readable, {error}: {text}"),
        (Err(rejection), Ok(seen)) => match rejection.reason {
            Reason::UnstorableString => assert!(seen.nul, "refused: {text}"),
            Reason::NestingTooDeep => assert!(seen.depth > MAX_DEPTH, "refused: {text}"),
            // Of the value of a number its digits cannot be told, nor of an event its length.
            _ => {}
        },
        (Err(_), Err(_)) => {}
    }
});

/// What was seen in a value, duplicate keys included: PostgreSQL reads them all.
#[derive(Default)]
struct Seen {
    depth: usize,
    nul: bool,
    infinite: bool,
}

impl Seen {
    fn storable(&self) -> bool {
        self.depth <= MAX_DEPTH && !self.nul && !self.infinite
    }

    fn text(text: &str) -> Self {
        Self {
            nul: text.contains('\0'),
            ..Self::default()
        }
    }

    fn add(&mut self, inner: &Self) {
        self.depth = self.depth.max(inner.depth + 1);
        self.nul |= inner.nul;
        self.infinite |= inner.infinite;
    }
}

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Looking)
    }
}

struct Looking;

impl<'de> Visitor<'de> for Looking {
    type Value = Seen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Seen, E> {
        Ok(Seen::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Seen, E> {
        Ok(Seen::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Seen, E> {
        Ok(Seen::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Seen, E> {
        Ok(Seen::default())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Seen, E> {
        Ok(Seen {
            infinite: !number.is_finite(),
            ..Seen::default()
        })
    }

    fn visit_str<E>(self, text: &str) -> Result<Seen, E> {
        Ok(Seen::text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Seen, A::Error> {
        let mut seen = Seen {
            depth: 1,
            ..Seen::default()
        };
        while let Some(item) = items.next_element()? {
            seen.add(&item);
        }
        Ok(seen)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Seen, A::Error> {
        let mut seen = Seen {
            depth: 1,
            ..Seen::default()
        };
        while let Some(key) = members.next_key::<String>()? {
            seen.add(&Seen::text(&key));
            seen.add(&members.next_value()?);
        }
        Ok(seen)
    }
}
