//! Rule 13: what a later event may still change.

use proptest::prelude::*;
use video_telemetry::qoe::{Event, EventKind, SessionFold, State};

use crate::properties::{in_order, parts};
use crate::streams;

proptest! {
    #![proptest_config(crate::cases(300))]

    #[test]
    fn a_later_event_only_reassigns_time_of_the_open_state(events in streams::any_stream()) {
        let events = in_order(&events);
        let mut session = SessionFold::new();
        let mut open = Open::default();
        for event in &events {
            let before = session.summary();
            let state = session.state();
            session.apply(event);
            let after = session.summary();
            let mut lost_ms = 0;
            for ((name, was_ms), (_, is_ms)) in parts(&before).into_iter().zip(parts(&after)) {
                let may_shrink = open.hole_may_reach_back || match state {
                    State::Starting => name == "before",
                    State::Playing => name == "gap" || name == "playing",
                    // An open stall under 250 ms is playing for now.
                    State::Rebuffering => name == "rebuffer" || name == "playing",
                    _ => false,
                };
                prop_assert!(is_ms >= was_ms || may_shrink, "{name} shrank: {before:#?} {after:#?}");
                lost_ms += (was_ms - is_ms).max(0);
            }
            prop_assert!(lost_ms <= before.session_ms - open.reaches_back_to_ms(), "{before:#?} {after:#?}");
            open.observe(event, &events, state != session.state());
        }
    }
}

/// What a later event may still reassign: the open state, and over a hole what was since the last
/// event that is not stamped back, with the state that was open there (rule 11). Session times, ms.
#[derive(Default)]
struct Open {
    since_ms: i64,
    anchor_seq: Option<i64>,
    anchor_since_ms: i64,
    hole_may_reach_back: bool,
}

impl Open {
    fn reaches_back_to_ms(&self) -> i64 {
        if self.hole_may_reach_back {
            self.since_ms.min(self.anchor_since_ms)
        } else {
            self.since_ms
        }
    }

    fn observe(&mut self, event: &Event, events: &[Event], entered: bool) {
        let back = [
            EventKind::BufferStart,
            EventKind::BufferEnd,
            EventKind::Seek,
        ];
        let number = event.seq.filter(|seq| *seq > self.anchor_seq.unwrap_or(-1));
        let anchor = number.filter(|_| !back.contains(&event.kind));
        if anchor.is_some() && self.hole_may_reach_back {
            self.since_ms = self.anchor_since_ms;
        } else if entered {
            let before = events
                .iter()
                .rfind(|other| other.timestamp_ms < event.timestamp_ms);
            let first_ms = events.first().map_or(0, |first| first.timestamp_ms);
            // Rule 3 and rule 8 may date the new state back to before the event.
            self.since_ms = before.map_or(0, |before| before.timestamp_ms - first_ms);
        }
        if anchor.is_some() {
            self.anchor_seq = anchor;
            self.anchor_since_ms = self.since_ms;
        }
        self.hole_may_reach_back = anchor.is_none() && self.anchor_seq.is_some();
    }
}
