//! One event between its JSON and its row: the only parser, used at ingest and when rows are read
//! back, so that replay and live cannot differ.
//!
//! It decides per event: a record that can be stored, or a rejection with a reason. Only what makes
//! an event unusable rejects it; a wrongly typed optional field is NULL and stays in `raw_json`.

mod custom;
mod loose;
mod parse;
mod sections;
mod storable;

use bytes::Bytes;

use crate::qoe;

pub use parse::{parse, readable_session_id, replay};

/// Ids, and texts that become dimensions, are at most this long.
pub const MAX_TEXT_BYTES: usize = 200;
/// An event's JSON is at most this long.
pub const MAX_EVENT_BYTES: usize = 32 * 1024;
/// The last millisecond of the year 9999.
pub const MAX_TIMESTAMP_MS: i64 = 253_402_300_799_999;

/// Why an event was refused. The codes are part of the wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The body is not JSON at all.
    InvalidJson,
    /// The event is not a JSON object.
    NotAnObject,
    /// sessionId is absent or null.
    MissingSessionId,
    /// sessionId is no text of 1–200 bytes.
    InvalidSessionId,
    /// eventId is absent or null.
    MissingEventId,
    /// eventId is no text of 1–200 bytes.
    InvalidEventId,
    /// eventType is absent or null.
    MissingEventType,
    /// eventType is no text of 1–200 bytes.
    InvalidEventType,
    /// timestamp is absent or null.
    MissingTimestamp,
    /// timestamp is no number in 0 … `MAX_TIMESTAMP_MS`.
    InvalidTimestamp,
    /// A string holds NUL or half a surrogate pair.
    UnstorableString,
    /// More than 32 levels of nesting.
    NestingTooDeep,
    /// More than 32 KiB.
    EventTooLarge,
    /// A number does not fit a double.
    NumberOutOfRange,
    /// The session has its 100 000 events.
    SessionFull,
    /// The session was erased.
    Erased,
    /// PostgreSQL refused the row for what is in it.
    Unstorable,
    /// The session is sealed, or the event lies before all that is kept.
    Expired,
}

impl Reason {
    /// Every reason there is, for counters that start at zero.
    pub const ALL: [Reason; 18] = [
        Reason::InvalidJson,
        Reason::NotAnObject,
        Reason::MissingSessionId,
        Reason::InvalidSessionId,
        Reason::MissingEventId,
        Reason::InvalidEventId,
        Reason::MissingEventType,
        Reason::InvalidEventType,
        Reason::MissingTimestamp,
        Reason::InvalidTimestamp,
        Reason::UnstorableString,
        Reason::NestingTooDeep,
        Reason::EventTooLarge,
        Reason::NumberOutOfRange,
        Reason::SessionFull,
        Reason::Erased,
        Reason::Unstorable,
        Reason::Expired,
    ];

    /// The code in replies, rows and metrics.
    pub fn code(self) -> &'static str {
        match self {
            Reason::InvalidJson => "invalid_json",
            Reason::NotAnObject => "not_an_object",
            Reason::MissingSessionId => "missing_session_id",
            Reason::InvalidSessionId => "invalid_session_id",
            Reason::MissingEventId => "missing_event_id",
            Reason::InvalidEventId => "invalid_event_id",
            Reason::MissingEventType => "missing_event_type",
            Reason::InvalidEventType => "invalid_event_type",
            Reason::MissingTimestamp => "missing_timestamp",
            Reason::InvalidTimestamp => "invalid_timestamp",
            Reason::UnstorableString => "unstorable_string",
            Reason::NestingTooDeep => "nesting_too_deep",
            Reason::EventTooLarge => "event_too_large",
            Reason::NumberOutOfRange => "number_out_of_range",
            Reason::SessionFull => "session_full",
            Reason::Erased => "erased",
            Reason::Unstorable => "unstorable",
            Reason::Expired => "expired",
        }
    }
}

/// An event that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The code.
    pub reason: Reason,
    /// What was wrong and what would be right, for a person.
    pub detail: String,
    /// The event's id, where it could be read.
    pub event_id: Option<Box<str>>,
}

/// When and by whom a request's events were received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The server's clock, epoch ms.
    pub created_at_ms: i64,
    /// The client's clock when it sent the batch, epoch ms.
    pub sent_at_ms: Option<i64>,
}

/// A parsed event with the session it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedEvent {
    /// The client's name of the session.
    pub session_id: Box<str>,
    /// The rest.
    pub record: EventRecord,
}

/// An event ready to be stored and folded.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRecord {
    /// What the fold needs, and most columns.
    pub event: qoe::Event,
    /// The columns that the fold does not use.
    pub extra: ExtraColumns,
    /// The JSON as sent; valid UTF-8.
    pub raw: Bytes,
}

impl EventRecord {
    /// The JSON as sent.
    pub fn raw_text(&self) -> &str {
        // The parser was given a &str of these very bytes.
        str::from_utf8(&self.raw).unwrap_or_default()
    }
}

/// Columns of `telemetry_events` for analysts only.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExtraColumns {
    /// The type as sent, known or not.
    pub event_type: Box<str>,
    /// Name of the rendition.
    pub resolution: Option<Box<str>>,
    /// `buffering.endedAt`, client epoch ms.
    pub buffer_end_ms: Option<i64>,
    /// `buffering.durationMs`, ms.
    pub buffer_duration_ms: Option<i64>,
    /// `network.effectiveType`.
    pub network_effective_type: Option<Box<str>>,
}

/// Cuts a text at `MAX_TEXT_BYTES`, between characters.
fn bounded(text: &str) -> Box<str> {
    text.get(..text.floor_char_boundary(MAX_TEXT_BYTES))
        .unwrap_or(text)
        .into()
}
