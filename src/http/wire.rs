//! The shapes of a request's body and of its reply.

use std::fmt;

use bytes::Bytes;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::Problem;
use crate::storage::event::{MAX_TIMESTAMP_MS, Reason, Rejection};

/// Events in one request.
pub(super) const MAX_BATCH_EVENTS: usize = 500;

/// A request's events, each still as JSON.
#[derive(Debug)]
pub struct Request<'a> {
    /// Slices of the body.
    pub events: Vec<&'a str>,
    /// When the client sent them, by its own clock, epoch ms.
    pub sent_at_ms: Option<i64>,
    /// The write key, where the envelope has one.
    pub key: Option<String>,
}

/// Splits a body into its events: one event, an array of events, or an envelope with `events`.
pub fn split(body: &Bytes) -> Result<Request<'_>, Problem> {
    let text = str::from_utf8(body).map_err(|error| Problem::InvalidJson(error.to_string()))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    let request = match text.as_bytes().first() {
        Some(b'[') => Request {
            events: array(text)?,
            sent_at_ms: None,
            key: None,
        },
        Some(b'{') => object(text)?,
        _ => {
            let value: &RawValue = json(text)?;
            Request {
                events: vec![value.get()],
                sent_at_ms: None,
                key: None,
            }
        }
    };
    if request.events.len() > MAX_BATCH_EVENTS {
        return Err(Problem::BatchTooLarge(request.events.len()));
    }
    Ok(request)
}

fn json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Problem> {
    serde_json::from_str(text).map_err(|error| Problem::InvalidJson(error.to_string()))
}

fn array(text: &str) -> Result<Vec<&str>, Problem> {
    let events: Vec<&RawValue> = json(text)?;
    Ok(events.into_iter().map(RawValue::get).collect())
}

fn object(text: &str) -> Result<Request<'_>, Problem> {
    let envelope: Envelope<'_> = json(text)?;
    let (events, sent_at_ms) = (envelope.events, envelope.sent_at_ms);
    match events.map(RawValue::get) {
        Some(events) if events.starts_with('[') => Ok(Request {
            events: array(events)?,
            sent_at_ms,
            key: envelope.key,
        }),
        Some(_) => Err(Problem::EventsNotAnArray),
        None => Ok(Request {
            events: vec![text],
            sent_at_ms: None,
            key: None,
        }),
    }
}

/// The key of an envelope, also of one whose events are none.
pub(super) fn key(body: &[u8]) -> Option<String> {
    let envelope: Envelope<'_> = serde_json::from_slice(body).ok()?;
    envelope.events.and(envelope.key)
}

/// An object with `events`; of duplicate keys the last one wins.
struct Envelope<'a> {
    events: Option<&'a RawValue>,
    sent_at_ms: Option<i64>,
    key: Option<String>,
}

impl<'de> Deserialize<'de> for Envelope<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EnvelopeVisitor;
        impl<'de> Visitor<'de> for EnvelopeVisitor {
            type Value = Envelope<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an event or an envelope")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut envelope = Envelope {
                    events: None,
                    sent_at_ms: None,
                    key: None,
                };
                while let Some(key) = map.next_key()? {
                    match key {
                        Member::Events => envelope.events = Some(map.next_value()?),
                        Member::SentAt => envelope.sent_at_ms = epoch_ms(map.next_value()?),
                        Member::Key => envelope.key = key_text(map.next_value()?),
                        Member::Other => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(envelope)
            }
        }
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

/// A member of an envelope, or of an event that stands alone. Its name is read as bytes: half a
/// surrogate pair in it is valid JSON, and the event's own fault, not the body's.
enum Member {
    Events,
    SentAt,
    Key,
    Other,
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MemberVisitor;
        impl Visitor<'_> for MemberVisitor {
            type Value = Member;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_bytes<E>(self, key: &[u8]) -> Result<Member, E> {
                Ok(match key {
                    b"events" => Member::Events,
                    b"sentAt" => Member::SentAt,
                    b"key" => Member::Key,
                    _ => Member::Other,
                })
            }
        }
        deserializer.deserialize_bytes(MemberVisitor)
    }
}

/// What is no text is a key that nobody has.
fn key_text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).unwrap_or_else(|_| Some(value.get().to_owned()))
}

/// A time that is none is as good as none sent.
fn epoch_ms(value: &RawValue) -> Option<i64> {
    let number: f64 = serde_json::from_str(value.get()).ok()?;
    format!("{number:.0}")
        .parse()
        .ok()
        .filter(|ms| (0..=MAX_TIMESTAMP_MS).contains(ms))
}

/// A refused event in the reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RejectedReply {
    /// Its place in the request.
    pub index: usize,
    /// Its id, where it could be read.
    #[schema(value_type = Option<String>)]
    pub event_id: Option<Box<str>>,
    /// The code.
    pub reason: &'static str,
    /// What was wrong and what would be right.
    pub detail: String,
}

impl RejectedReply {
    pub(super) fn new(index: usize, rejection: &Rejection) -> Self {
        Self {
            index,
            event_id: rejection.event_id.clone(),
            reason: rejection.reason.code(),
            detail: rejection.detail.clone(),
        }
    }
}

/// The reply to a request of which every event has its fate.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Reply {
    /// Always true.
    pub(super) ok: bool,
    /// Events committed.
    pub(super) accepted: usize,
    /// Events that were committed already.
    pub(super) duplicates: usize,
    /// Events that cannot be used; they are kept with their reason, and must not be sent again.
    pub(super) rejected: Vec<RejectedReply>,
}

impl Rejection {
    /// A body that is no JSON counts as one event that is none.
    pub(super) fn invalid_json(detail: &str) -> Self {
        Self {
            reason: Reason::InvalidJson,
            detail: detail.to_owned(),
            event_id: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, events: &[&str], sent_at_ms: Option<i64>) {
        let body = Bytes::from(body.to_owned());
        let request = split(&body).unwrap();
        assert_eq!(request.events, events);
        assert_eq!(request.sent_at_ms, sent_at_ms);
    }

    #[test]
    fn every_shape_of_a_body_is_split_into_its_events() {
        check(r#" {"a":1} "#, &[r#"{"a":1}"#], None);
        check(r#"[{"a":1}, 2 ]"#, &[r#"{"a":1}"#, "2"], None);
        check("[]", &[], None);
        check("\u{feff}[]", &[], None);
        check("17", &["17"], None);
        check(
            r#"{"sentAt":17.0,"events":[{"a":1}],"key":"k"}"#,
            &[r#"{"a":1}"#],
            Some(17),
        );
        check(r#"{"sentAt":"now","events":[]}"#, &[], None);
        check(r#"{"events":5,"events":[1],"sentAt":-1}"#, &["1"], None);
    }

    #[test]
    fn only_an_envelope_has_a_key() {
        let key_of = |body: &'static str| split(&Bytes::from(body)).unwrap().key;
        let text = |key: &str| Some(key.to_owned());
        assert_eq!(key_of(r#"{"events":[],"key":"k"}"#), text("k"));
        assert_eq!(key_of(r#"{"key":"\u006b","events":[]}"#), text("k"));
        assert_eq!(key_of(r#"{"events":[],"key":null}"#), None);
        assert_eq!(key_of(r#"{"events":[],"key":17}"#), text("17"));
        assert_eq!(key_of(r#"{"eventId":"1","key":"k"}"#), None);
        assert_eq!(key_of("[]"), None);
        assert_eq!(key(br#"{"events":{},"key":"k"}"#), text("k"));
        assert_eq!(key(br#"{"events":[],"key":"k""#), None);
    }

    #[test]
    fn a_body_that_is_no_json_is_refused_whole() {
        for body in [
            "",
            "nonsense",
            "[1,",
            r#"{"a":}"#,
            r#"{"a":1} x"#,
            r#"[1] [2]"#,
        ] {
            let body = Bytes::from(body.to_owned());
            assert!(
                matches!(split(&body), Err(Problem::InvalidJson(_))),
                "{body:?}"
            );
        }
        let not_utf8 = Bytes::from_static(b"[\"\xff\"]");
        assert!(matches!(split(&not_utf8), Err(Problem::InvalidJson(_))));
        let no_array = Bytes::from_static(br#"{"events":{}}"#);
        assert!(matches!(split(&no_array), Err(Problem::EventsNotAnArray)));
    }

    #[test]
    fn too_many_events_are_refused_before_any_is_parsed() {
        let body = Bytes::from(format!("[{}0]", "0,".repeat(MAX_BATCH_EVENTS)));
        assert!(matches!(split(&body), Err(Problem::BatchTooLarge(501))));
    }
}
