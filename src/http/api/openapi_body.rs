//! What a player sends, as JSON Schema. A field that is optional has no type here, since one of another
//! type than the player should send counts as not sent, and the event is kept all the same.

use serde_json::{Value, json};

use super::super::wire::MAX_BATCH_EVENTS;
use crate::storage::event::MAX_TIMESTAMP_MS;

/// What optional fields of an event tell.
const FIELDS: [(&str, &str); 18] = [
    ("viewerId", "Who watches: text of 1 to 200 bytes"),
    ("playbackPositionSec", "The playhead, s"),
    ("quality", "{bitrateKbps, width, height, resolution}"),
    (
        "buffering",
        "{startedAt, endedAt, durationMs}, epoch ms and ms",
    ),
    ("network", "{downlinkMbps, rttMs, effectiveType}"),
    ("device", "{browser, os, screenWidth, screenHeight}"),
    (
        "player",
        "{name, version, decodedFrames, droppedFrames, fps, bufferLengthSec, width, height}: frames \
         are cumulative, decoded ones include dropped ones",
    ),
    (
        "engagement",
        "{totalWatchTime, totalPauseTime, interactionCount}, cumulative, ms",
    ),
    (
        "error",
        "{type, details, fatal, httpStatus}, with PLAYER_ERROR",
    ),
    (
        "seq",
        "The event's number within its session, from 0, one more each time",
    ),
    (
        "state",
        "starting, playing, rebuffering, seeking, paused, ended or idle",
    ),
    (
        "totals",
        "{startupMs, playingMs, rebufferMs, rebufferCount, seekMs, pausedMs, endedMs, idleMs}, \
         cumulative: with seq they let figures survive lost events",
    ),
    ("reason", "Why: of PLAY, BUFFER_END, PAUSE, SESSION_END"),
    ("seek", "{fromSec, toSec, durationMs}, with SEEK"),
    (
        "video",
        "{id, title, durationSec, live}, with SESSION_START",
    ),
    (
        "custom",
        "Up to 20 dimensions of the site's own, text, number, true or false; with SESSION_START",
    ),
    ("playbackRate", "With RATE_CHANGE"),
    ("hidden", "With VISIBILITY"),
];

/// What `POST /telemetry` takes.
pub(super) fn request_body() -> Value {
    json!({
        "required": true,
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Telemetry"},
                "example": {"sentAt": 1_795_392_460_900_i64, "events": [
                    {"sessionId": "look", "eventId": "1", "eventType": "PLAY", "timestamp": 1_795_392_460_000_i64},
                ]},
            },
            "text/plain": {
                "schema": {
                    "type": "string",
                    "description": "The same as text: a page that closes may send no other type to another origin",
                    "contentMediaType": "application/json",
                },
            },
        },
    })
}

/// The components that it refers to, by name.
pub(super) fn schemas() -> [(&'static str, Value); 3] {
    [
        ("Telemetry", telemetry()),
        ("Batch", batch()),
        ("Event", event()),
    ]
}

fn telemetry() -> Value {
    json!({
        "description": "One event, an array of events, or an envelope",
        "anyOf": [
            {"$ref": "#/components/schemas/Event"},
            {"$ref": "#/components/schemas/Batch"},
            {
                "type": "object",
                "required": ["events"],
                "properties": {
                    "events": {"$ref": "#/components/schemas/Batch"},
                    "sentAt": {"description": "When it was sent, by the client's clock, epoch ms"},
                    "key": {"description": "The write key, where no header has it"},
                },
            },
        ],
    })
}

fn batch() -> Value {
    json!({
        "description": "Each event is judged by itself; it is an error when none of them can be used",
        "type": "array",
        "maxItems": MAX_BATCH_EVENTS,
        "anyOf": [{"maxItems": 0}, {"contains": {"$ref": "#/components/schemas/Event"}}],
    })
}

fn event() -> Value {
    let id = |what: &str| {
        json!({
            "description": format!("{what}, 1 to 200 bytes"),
            "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[^\\u0000]*$",
        })
    };
    let mut event = json!({
        "description": "What happened in a player, at most 32 KiB. Unknown fields are kept; a field of another type than here told counts as not sent",
        "type": "object",
        "required": ["sessionId", "eventId", "eventType", "timestamp"],
        "properties": {
            "sessionId": id("The playback session"),
            "eventId": id("Unique within the session, the same on every retry"),
            "eventType": {
                "description": "PLAY PAUSE BUFFER_START BUFFER_END QUALITY_CHANGE PLAYER_ERROR SESSION_START FIRST_FRAME SEEK HEARTBEAT VISIBILITY RATE_CHANGE ENDED SESSION_END; any other one only shows that the player lives",
                "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[^\\u0000]*$",
            },
            "timestamp": {
                "description": "When it happened, client epoch ms",
                "type": "number", "minimum": 0, "maximum": MAX_TIMESTAMP_MS,
            },
        },
    });
    if let Some(properties) = event.get_mut("properties").and_then(Value::as_object_mut) {
        for (name, description) in FIELDS {
            properties.insert(name.to_owned(), json!({"description": description}));
        }
    }
    event
}
