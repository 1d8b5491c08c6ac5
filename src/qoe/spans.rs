//! A session's states over time: neighbouring stretches of one state as one span.
//!
//! The fold tells of a stretch when its end is seen, and may later find that it was something else
//! (see [`super::explain()`]). A span says what its time was known to be in the end, so what a later
//! stretch took back is taken from the spans that had it.

use super::State;
use super::explain::Told;
use super::part::{Part, PartTimes};

/// A time in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its beginning since the session's first event, ms.
    pub at_ms: i64,
    /// Its length, ms; more than 0.
    pub lasted_ms: i64,
    /// The state.
    pub state: State,
    /// Which parts of the summary its time is in: none is negative, and they add up to its length.
    pub fed: PartTimes,
}

/// Gathers spans. Those of all events add up to the summary: lengths to `session_ms`, and each part.
#[derive(Debug, Default)]
pub struct Spans {
    spans: Vec<Span>,
    open: State,
    end_ms: i64,
}

impl Spans {
    /// The next event has come.
    pub fn add(&mut self, told: &Told) {
        let state = std::mem::replace(&mut self.open, told.state);
        let mut fed = told.fed;
        let mut played = PartTimes::default();
        if matches!(state, State::Starting | State::Seeking) {
            // Rules 3 and 8: the frame, or the seek's end, lay before the event that shows it.
            let played_ms = fed.take(Part::Playing, told.lasted_ms);
            played.put(Part::Playing, played_ms);
        }
        let played_ms = played.of(Part::Playing);
        self.push(state, told.lasted_ms - played_ms, fed);
        self.push(State::Playing, played_ms, played);
    }

    /// The spans, in order and without holes.
    #[must_use]
    pub fn finish(self) -> Vec<Span> {
        let mut told = self.spans;
        settle(&mut told);
        let mut merged = Self::default();
        // What has no length has fed nothing, now that everything is settled.
        told.retain(|span| span.lasted_ms > 0);
        for span in told {
            merged.push(span.state, span.lasted_ms, span.fed);
        }
        merged.spans
    }

    fn push(&mut self, state: State, lasted_ms: i64, fed: PartTimes) {
        if lasted_ms == 0 && fed.is_zero() {
            return;
        }
        let at_ms = self.end_ms;
        self.end_ms = at_ms.saturating_add(lasted_ms);
        match self.spans.last_mut() {
            Some(last) if last.state == state => {
                last.lasted_ms = last.lasted_ms.saturating_add(lasted_ms);
                last.fed.add(&fed);
            }
            _ => self.spans.push(Span {
                at_ms,
                lasted_ms,
                state,
                fed,
            }),
        }
    }
}

/// Goes from the last span to the first and carries what earlier spans have to give up, which is
/// negative, and what they get for it. No part is ever negative in a summary, so nothing is left to
/// carry in the end.
fn settle(spans: &mut [Span]) {
    let mut carried = PartTimes::default();
    for span in spans.iter_mut().rev() {
        let fed = &mut span.fed;
        let mut missing_ms: i64 = 0;
        for part in Part::ALL {
            let ms = fed.of(part).min(0).saturating_neg();
            fed.put(part, ms);
            carried.put(part, ms.saturating_neg());
            missing_ms = missing_ms.saturating_add(ms);
        }
        exchange(fed, &mut carried, missing_ms);
        if carried.is_zero() {
            continue;
        }
        let mut taken_ms: i64 = 0;
        for part in Part::ALL {
            let ms = fed.take(part, carried.of(part).saturating_neg());
            carried.put(part, ms);
            taken_ms = taken_ms.saturating_add(ms);
        }
        exchange(&mut carried, fed, taken_ms);
    }
}

/// Moves time of whatever parts.
fn exchange(from: &mut PartTimes, to: &mut PartTimes, mut ms: i64) {
    for part in Part::ALL {
        let moved = from.take(part, ms);
        to.put(part, moved);
        ms -= moved;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::qoe::tests::events;
    use crate::qoe::{Event, Explainer};

    /// `at state lasted: part time, …` for each span.
    fn check(timeline: &str, expected: &[&str]) {
        let mut events = events(timeline);
        events.sort_by(Event::order);
        let (mut explainer, mut spans) = (Explainer::default(), Spans::default());
        for event in &events {
            spans.add(&explainer.apply(event).unwrap());
        }
        let lines = spans.finish().into_iter().map(|span| {
            let fed = span
                .fed
                .iter()
                .map(|(part, ms)| format!("{} {ms}", part.column()));
            let fed = fed.collect::<Vec<_>>().join(", ");
            format!(
                "{} {} {}: {fed}",
                span.at_ms,
                span.state.name(),
                span.lasted_ms
            )
        });
        assert_eq!(lines.collect::<Vec<_>>(), expected, "{timeline}");
    }

    #[test]
    fn stretches_of_one_state_are_one_span() {
        check(
            "0 play@0; 0 waiting@0; 800 playing@0; 5800 beat@5; 10800 waiting@10; 12800 playing@10; 20800 pause@18 buf=3",
            &[
                "0 starting 800: startup_ms 800",
                "800 playing 10000: playing_ms 10000",
                "10800 rebuffering 2000: rebuffer_ms 2000",
                "12800 playing 8000: playing_ms 8000",
            ],
        );
    }

    #[test]
    fn what_is_reassigned_is_so_from_its_beginning() {
        // Of the wait of 800 ms the first 300 were no start until the frame came.
        check(
            "0 play@0; 300 quality@0 kbps=500; 800 playing@0; 1800 waiting@1; 1900 quality@1 kbps=900; 3800 playing@1",
            &[
                "0 starting 800: startup_ms 800",
                "800 playing 1000: playing_ms 1000",
                "1800 rebuffering 2000: rebuffer_ms 2000",
            ],
        );
    }

    #[test]
    fn what_is_reassigned_in_another_state_is_taken_from_there() {
        // A wait that was given up counts as idle once a frame comes without an intent.
        check(
            "0 play@0; 600 pause@0 buf=3; 1000 frame@0; 3000 beat@2",
            &[
                "0 starting 600: idle_ms 600",
                "600 idle 400: idle_ms 400",
                "1000 playing 2000: playing_ms 2000",
            ],
        );
    }

    #[test]
    fn a_seek_and_a_startup_end_where_playing_began() {
        // The seek of 1.5 s is stamped when it began; the next event comes 9 s later.
        check(
            "ours: 0 play@0; 500 frame@0; 2500 seek@60 left=2 to=60 for=1500; 11500 beat@67.5",
            &[
                "0 starting 500: startup_ms 500",
                "500 playing 2000: playing_ms 2000",
                "2500 seeking 1500: seek_ms 1500",
                "4000 playing 7500: playing_ms 7500",
            ],
        );
        // Autoplay: at 5 s the playhead is at 4 s, so the frame was shown at 1 s.
        check(
            "0 play@0; 5000 pause@4 buf=3; 6000 play@4",
            &[
                "0 starting 1000: startup_ms 1000",
                "1000 playing 4000: playing_ms 4000",
                "5000 paused 1000: paused_ms 1000",
            ],
        );
    }

    #[test]
    fn a_session_without_time_has_no_spans() {
        check("", &[]);
        check("0 play@0; 0 waiting@0", &[]);
    }
}
