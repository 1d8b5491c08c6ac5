//! Rewriting `viewerId` in an event's text. Everything else stays as it was sent, to the letter, but
//! for the white space between members.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Left;
use crate::storage::event::MAX_TEXT_BYTES;

/// The members of an object, as they are written.
struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an event")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

impl<'a> Members<'a> {
    /// The value of a member; the last one wins.
    fn value(&self, name: &str) -> Option<&'a RawValue> {
        let mut named = self.0.iter().rev().filter(|(key, _)| is(key, name));
        named.next().map(|(_, value)| *value)
    }
}

/// Whether a name is this one, also where it is spelled with escapes.
fn is(key: &RawValue, name: &str) -> bool {
    text(key).is_some_and(|key| key == name)
}

/// A text; none where it is something else, or half a surrogate pair is in it.
fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    if !value.get().contains('\\') {
        return serde_json::from_str::<&str>(value.get())
            .ok()
            .map(Cow::Borrowed);
    }
    serde_json::from_str(value.get()).ok().map(Cow::Owned)
}

/// Gives every `viewerId` the value that `replaced` makes of session and viewer. One that is no usable
/// id, or of which nothing is made, is left out.
pub(super) fn rewrite(
    event: &str,
    replaced: impl Fn(Option<&str>, &str) -> Option<String>,
) -> Left {
    let Ok(members) = serde_json::from_str::<Members<'_>>(event) else {
        return Left::Unreadable;
    };
    let session_id = members.value("sessionId").and_then(text);
    let mut rewritten = String::with_capacity(event.len() + 64);
    let mut is_rewritten = false;
    for (key, value) in &members.0 {
        let replacement;
        let value = if is(key, "viewerId") {
            is_rewritten = true;
            let id = text(value).filter(|id| (1..=MAX_TEXT_BYTES).contains(&id.len()));
            let made = id.and_then(|id| replaced(session_id.as_deref(), &id));
            let Some(made) = made else { continue };
            replacement = format!("\"{made}\"");
            replacement.as_str()
        } else {
            value.get()
        };
        rewritten.push(if rewritten.is_empty() { '{' } else { ',' });
        rewritten.push_str(key.get());
        rewritten.push(':');
        rewritten.push_str(value);
    }
    if !is_rewritten {
        return Left::AsSent;
    }
    rewritten.push_str(if rewritten.is_empty() { "{}" } else { "}" });
    Left::Rewritten(rewritten)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashed(event: &str) -> Left {
        rewrite(event, |session, viewer| {
            Some(format!("{}/{viewer}", session.unwrap_or("?")))
        })
    }

    #[test]
    fn every_spelling_of_the_name_is_rewritten_and_nothing_else() {
        for (event, left) in [
            (r#"{"viewerId":"ann"}"#, r#"{"viewerId":"?/ann"}"#),
            (
                r#"{ "viewerId" : "ann" , "sessionId":"s", "a": [1, {"viewerId":"b"}] }"#,
                r#"{"viewerId":"s/ann","sessionId":"s","a":[1, {"viewerId":"b"}]}"#,
            ),
            (
                r#"{"viewer\u0049d":"ann","x":1e2,"viewerId":"bob"}"#,
                r#"{"viewer\u0049d":"?/ann","x":1e2,"viewerId":"?/bob"}"#,
            ),
            (
                r#"{"\u0076iewerId":"\u0061nn"}"#,
                r#"{"\u0076iewerId":"?/ann"}"#,
            ),
            (r#"{"viewerId":12345,"a":1}"#, r#"{"a":1}"#),
            (r#"{"a":1,"viewerId":{"name":"ann"}}"#, r#"{"a":1}"#),
            (r#"{"viewerId":"\ud800"}"#, "{}"),
            (r#"{"viewerId":""}"#, "{}"),
            (
                r#"{"sessionId":"a","viewerId":"v","session\u0049d":"b"}"#,
                r#"{"sessionId":"a","viewerId":"b/v","session\u0049d":"b"}"#,
            ),
        ] {
            assert_eq!(hashed(event), Left::Rewritten(left.to_owned()), "{event}");
        }
    }

    #[test]
    fn a_dropped_id_leaves_no_trace() {
        let dropped = rewrite(r#"{"a":1,"viewerId":"ann","viewer\u0049d":2}"#, |_, _| None);
        assert_eq!(dropped, Left::Rewritten(r#"{"a":1}"#.to_owned()));
    }

    #[test]
    fn an_event_without_the_name_stays_as_it_was_sent() {
        for event in [
            "{}",
            r#"{ "ViewerId":"ann", "viewerId ":1, "\ud800":2 }"#,
            r#"{"custom":{"viewerId":"ann"}}"#,
        ] {
            assert_eq!(hashed(event), Left::AsSent, "{event}");
        }
    }

    #[test]
    fn what_is_no_object_cannot_be_read() {
        for event in [
            "\"viewerId: ann\"",
            "[{\"viewerId\":\"ann\"}]",
            "null",
            "1e400",
        ] {
            assert_eq!(hashed(event), Left::Unreadable, "{event}");
        }
    }
}
