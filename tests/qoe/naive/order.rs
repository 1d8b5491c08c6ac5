//! Rule 1: (timestamp, tie, eventId), each event once.

use video_telemetry::qoe::{Event, EventKind};

/// Causes before effects. A BUFFER_END of an earlier wait stands before BUFFER_START.
const CAUSES: [EventKind; 15] = [
    EventKind::SessionStart,
    EventKind::Play,
    EventKind::FirstFrame,
    EventKind::Seek,
    EventKind::BufferStart,
    EventKind::BufferEnd,
    EventKind::QualityChange,
    EventKind::RateChange,
    EventKind::PlayerError,
    EventKind::Heartbeat,
    EventKind::Visibility,
    EventKind::Pause,
    EventKind::Ended,
    EventKind::SessionEnd,
    EventKind::Unknown,
];

/// Selection sort over the keys; of events with one identity the first one stays.
pub(crate) fn unique_in_order(events: &[Event]) -> Vec<Event> {
    let mut keyed: Vec<_> = events.iter().map(|event| (key(event), event)).collect();
    let mut sorted: Vec<Event> = Vec::new();
    while let Some(least) = (0..keyed.len()).min_by_key(|at| keyed.get(*at).map(|(key, _)| key)) {
        let (_, event) = keyed.remove(least);
        let known = sorted.iter().any(|other| {
            other.timestamp_ms == event.timestamp_ms && other.event_id == event.event_id
        });
        if !known {
            sorted.push(event.clone());
        }
    }
    sorted
}

type Key = (i64, (bool, Option<i64>, usize), Vec<u8>);

/// Choice: within a millisecond our plugin's events come first, then those without a count.
fn key(event: &Event) -> Key {
    let rank = CAUSES.iter().position(|kind| *kind == event.kind);
    let earlier = event
        .buffer_start_ms
        .is_some_and(|began| began < event.timestamp_ms);
    let rank = match event.kind {
        EventKind::BufferEnd if earlier => 2 * 3 + 1,
        _ => 2 * rank.unwrap_or(CAUSES.len()),
    };
    let tie = match event.seq {
        Some(seq) => (false, Some(seq), 0),
        None => (true, event.interaction_count, rank),
    };
    (event.timestamp_ms, tie, event.event_id.as_bytes().to_vec())
}
