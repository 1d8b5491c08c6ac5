//! Rule 1: the total order of a session's events. It depends on the events alone, never on the
//! order of arrival or on how the client cut them into requests.

use std::cmp::Ordering;

use super::{Event, EventKind};

/// What decides between events of one millisecond, in the order of its fields. Those with `seq`
/// come first, so that mixing the two families still gives a total order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tie {
    family: Family,
    /// `seq`, or `engagement.interactionCount`.
    number: i64,
    /// Cause before effect; 0 with `seq`.
    cause: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    Ours,
    Uncounted,
    Counted,
}

/// The event's place among those of its millisecond.
pub(super) fn tie(event: &Event) -> Tie {
    let (family, number, cause) = match (event.seq, event.interaction_count) {
        (Some(seq), _) => (Family::Ours, seq, 0),
        (None, None) => (Family::Uncounted, 0, cause_rank(event)),
        (None, Some(count)) => (Family::Counted, count, cause_rank(event)),
    };
    Tie {
        family,
        number,
        cause,
    }
}

/// Causes before effects: PLAY and BUFFER_START share a millisecond in almost every original session.
fn cause_rank(event: &Event) -> u8 {
    match event.kind {
        EventKind::SessionStart => 0,
        EventKind::Play => 1,
        EventKind::FirstFrame => 2,
        EventKind::Seek => 3,
        // It ends a wait that began earlier, so it stands before the next wait's start.
        EventKind::BufferEnd if ends_an_earlier_wait(event) => 4,
        EventKind::BufferStart => 5,
        EventKind::BufferEnd => 6,
        EventKind::QualityChange => 7,
        EventKind::RateChange => 8,
        EventKind::PlayerError => 9,
        EventKind::Heartbeat => 10,
        EventKind::Visibility => 11,
        EventKind::Pause => 12,
        EventKind::Ended => 13,
        EventKind::SessionEnd => 14,
        EventKind::Unknown => 15,
    }
}

fn ends_an_earlier_wait(event: &Event) -> bool {
    event
        .buffer_start_ms
        .is_some_and(|start| start < event.timestamp_ms)
}

impl Event {
    /// Rule 1: (timestamp, tie, eventId by bytes). Events of one identity compare equal only when
    /// their tie is the same too; [`super::fold()`] drops such duplicates.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        let by_time = self.timestamp_ms.cmp(&other.timestamp_ms);
        by_time
            .then_with(|| tie(self).cmp(&tie(other)))
            .then_with(|| self.event_id.as_bytes().cmp(other.event_id.as_bytes()))
    }
}
