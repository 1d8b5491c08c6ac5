//! Events as JSON texts: those at the bounds of what is taken, and every one that is refused.

use crate::answers::least_event;

/// The least event with one member set to a JSON text.
pub fn with(member: &str, json: &str) -> String {
    let mut event = least_event("table", "e1");
    event.as_object_mut().unwrap().remove(member);
    let rest = event.to_string();
    format!("{{{member:?}:{json},{}", &rest[1..])
}

pub fn without(member: &str) -> String {
    let mut event = least_event("table", "e1");
    event.as_object_mut().unwrap().remove(member);
    event.to_string()
}

pub fn text(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes))
}

/// An event whose own depth is 1 and whose deepest part has this depth.
pub fn nested(depth: usize) -> String {
    with(
        "deep",
        &format!("{}{}", "[".repeat(depth - 1), "]".repeat(depth - 1)),
    )
}

pub fn sized(bytes: usize) -> String {
    let event = with("pad", "\"\"");
    let pad = "p".repeat(bytes - event.len());
    event.replacen("\"pad\":\"\"", &format!("\"pad\":{pad:?}"), 1)
}

/// Every way an event is refused: the event, and the reason's code.
pub fn refused() -> Vec<(String, &'static str)> {
    let mut table: Vec<(String, &'static str)> = Vec::new();
    for json in ["17", "\"text\"", "null", "true", "[]", "[{}]", "-1.5"] {
        table.push((json.to_owned(), "not_an_object"));
    }
    for (member, missing, invalid) in [
        ("sessionId", "missing_session_id", "invalid_session_id"),
        ("eventId", "missing_event_id", "invalid_event_id"),
        ("eventType", "missing_event_type", "invalid_event_type"),
    ] {
        table.push((without(member), missing));
        table.push((with(member, "null"), missing));
        for unusable in ["\"\"", "17", "true", "[\"e\"]", "{}"] {
            table.push((with(member, unusable), invalid));
        }
        table.push((with(member, &text(201)), invalid));
        // 67 characters of 3 bytes each.
        table.push((with(member, &format!("\"{}\"", "€".repeat(67))), invalid));
    }
    table.push((without("timestamp"), "missing_timestamp"));
    table.push((with("timestamp", "null"), "missing_timestamp"));
    for unusable in [
        "-1",
        "253402300800000",
        "\"1795392458159\"",
        "true",
        "[]",
        "{}",
        "1e300",
        "18446744073709551616",
        "-0.6",
    ] {
        table.push((with("timestamp", unusable), "invalid_timestamp"));
    }
    table.extend(unstorable());
    table
}

/// What PostgreSQL's jsonb refuses or chokes on, wherever it stands.
fn unstorable() -> Vec<(String, &'static str)> {
    let mut table: Vec<(String, &'static str)> = Vec::new();
    for string in [
        r#""\u0000""#,
        r#""a\u0000b""#,
        r#""\ud800""#,
        r#""\udc00""#,
        r#""\ud800\ud800""#,
        r#""\udc00\ud800""#,
        r#""\ud83dx""#,
    ] {
        table.push((with("eventId", string), "unstorable_string"));
        table.push((
            with("unknown", &format!("[{{\"a\":{string}}}]")),
            "unstorable_string",
        ));
        table.push((
            with("unknown", &format!("{{{string}:1}}")),
            "unstorable_string",
        ));
        let member = string.trim_matches('"');
        table.push((with(member, "1").replace("\\\\", "\\"), "unstorable_string"));
    }
    for number in [
        "1e400",
        "-1e400",
        "1e131072",
        "1e-400",
        "-1e-400",
        "0e-20000",
        "0.0e-16384",
        "1e99999999999",
        "0e99999999999",
        "0e-99999999999",
    ] {
        table.push((with("unknown", number), "number_out_of_range"));
        table.push((
            with("player", &format!("{{\"fps\":{number}}}")),
            "number_out_of_range",
        ));
    }
    let digits = "1".repeat(20_000);
    table.push((
        with("unknown", &format!("0.{digits}")),
        "number_out_of_range",
    ));
    table.push((nested(33), "nesting_too_deep"));
    table.push((nested(10_000), "nesting_too_deep"));
    table.push((sized(32 * 1024 + 1), "event_too_large"));
    table
}
