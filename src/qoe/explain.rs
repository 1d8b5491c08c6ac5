//! Why a figure is what it is: the session's timeline, event by event.
//!
//! This is no second fold. It applies the events to the one there is and tells by how much the
//! summary's parts moved with each. The time between two events is known when the second one comes,
//! so a stretch stands with the event that opened it. The summary ends the open state at its last
//! event; when a later event shows that it was something else, the part it was in loses what another
//! part gains, and the stretch shows both. So a stretch's changes always add up to its length.

use std::collections::HashSet;

use super::part::{Count, Part, PartTimes};
use super::readings::{self, Readings};
use super::{Applied, Event, SessionFold, SessionSummary, State};

/// Folds a session and tells what each event changed.
#[derive(Debug, Default)]
pub struct Explainer {
    session: SessionFold,
    before: SessionSummary,
}

/// What an event changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Since the session's first event, ms.
    pub at_ms: i64,
    /// Where the event led.
    pub state: State,
    /// What the event changed in the counts.
    pub counted: Vec<(Count, i64)>,
    /// Since the event before, ms; 0 for the first one.
    pub lasted_ms: i64,
    /// What that stretch changed in the parts; the changes add up to its length.
    pub fed: PartTimes,
    /// Of the change of `Part::Playing`: stalls too short to be a rebuffer, ms.
    pub micro_stall_ms: i64,
    /// What the event shows of the player.
    pub readings: Readings,
}

impl Explainer {
    /// The next event in the order of the fold. Nothing is told of one that is late, see
    /// [`SessionFold::apply`].
    pub fn apply(&mut self, event: &Event) -> Option<Told> {
        let dropped_before = self.session.samples.dropped_frames();
        if self.session.apply(event) == Applied::Late {
            return None;
        }
        let after = self.session.partition();
        let before = std::mem::replace(&mut self.before, after);
        let after = &self.before;
        Some(Told {
            at_ms: after.session_ms,
            state: self.session.state(),
            counted: changes(Count::ALL, |count| count.of(after) - count.of(&before)),
            lasted_ms: after.session_ms - before.session_ms,
            fed: PartTimes::between(&before, after),
            micro_stall_ms: after.micro_stall_ms - before.micro_stall_ms,
            readings: readings::of(event, &self.session, dropped_before),
        })
    }

    /// The session as folded so far.
    #[must_use]
    pub fn session(&self) -> &SessionFold {
        &self.session
    }
}

/// An event, and the stretch from it to the next one.
#[derive(Debug, Clone, PartialEq)]
pub struct Step<'a> {
    /// The event.
    pub event: &'a Event,
    /// Since the session's first event, ms.
    pub at_ms: i64,
    /// Where the event led.
    pub state: State,
    /// What the event changed in the counts.
    pub counted: Vec<(Count, i64)>,
    /// Until the next event, ms; 0 for the last one.
    pub lasted_ms: i64,
    /// What the stretch changed in the parts, as the next event shows it. Negative is what an
    /// earlier stretch had to be taken for until then. The changes add up to `lasted_ms`.
    pub fed: Vec<(Part, i64)>,
    /// Of the change of `Part::Playing`: stalls too short to be a rebuffer, ms.
    pub micro_stall_ms: i64,
}

/// The timeline of a session, whatever the order of its events; as in [`super::fold()`], of events
/// with one identity the one that sorts first counts.
#[must_use]
pub fn explain(events: &[Event]) -> Vec<Step<'_>> {
    let mut ordered: Vec<&Event> = events.iter().collect();
    ordered.sort_by(|one, other| one.order(other));
    let mut seen = HashSet::with_capacity(ordered.len());
    ordered.retain(|event| seen.insert((event.timestamp_ms, &event.event_id)));

    let mut explainer = Explainer::default();
    let mut steps: Vec<Step<'_>> = Vec::with_capacity(ordered.len());
    for event in ordered {
        // In order, since they are sorted and their identities differ.
        let Some(told) = explainer.apply(event) else {
            continue;
        };
        if let Some(open) = steps.last_mut() {
            // The next event has come: it shows what the stretch was.
            open.lasted_ms = told.lasted_ms;
            open.fed = told.fed.iter().collect();
            open.micro_stall_ms = told.micro_stall_ms;
        }
        steps.push(Step {
            event,
            at_ms: told.at_ms,
            state: told.state,
            counted: told.counted,
            lasted_ms: 0,
            fed: Vec::new(),
            micro_stall_ms: 0,
        });
    }
    steps
}

fn changes<T: Copy, const N: usize>(all: [T; N], change: impl Fn(T) -> i64) -> Vec<(T, i64)> {
    let changes = all.into_iter().map(|one| (one, change(one)));
    changes.filter(|(_, by)| *by != 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::qoe::fold;
    use crate::qoe::tests::events;

    /// `at state lasted: part change …, count change …` for each event.
    fn check(timeline: &str, expected: &[&str]) {
        let events = events(timeline);
        let steps = explain(&events);
        let lines: Vec<String> = steps.iter().map(line).collect();
        assert_eq!(lines, expected, "{timeline}");
        let summary = fold(events.clone()).summary();
        for part in Part::ALL {
            assert_eq!(sum(&steps, part), part.of(&summary), "{part:?}");
        }
        for step in &steps {
            let fed: i64 = step.fed.iter().map(|(_, ms)| ms).sum();
            assert_eq!(fed, step.lasted_ms, "{step:?}");
        }
    }

    fn sum(steps: &[Step<'_>], part: Part) -> i64 {
        let fed = steps.iter().flat_map(|step| &step.fed);
        fed.filter(|fed| fed.0 == part).map(|fed| fed.1).sum()
    }

    fn line(step: &Step<'_>) -> String {
        let fed = step.fed.iter().map(|(part, ms)| (part.column(), *ms));
        let micro = Some(("micro_stall_ms", step.micro_stall_ms)).filter(|micro| micro.1 != 0);
        let counted = step.counted.iter().map(|(count, n)| (count.column(), *n));
        let changes = fed.chain(micro).chain(counted);
        let changes: Vec<String> = changes.map(|(name, by)| format!("{name} {by}")).collect();
        let state = step.state.name();
        format!(
            "{} {state} {}: {}",
            step.at_ms,
            step.lasted_ms,
            changes.join(", ")
        )
    }

    #[test]
    fn each_stretch_stands_with_the_event_that_opened_it() {
        check(
            "0 play@0; 0 waiting@0; 800 playing@0; 10800 waiting@10; 12800 playing@10; 20800 pause@18 buf=3",
            &[
                "0 starting 0: ",
                "0 starting 800: startup_ms 800",
                "800 playing 10000: playing_ms 10000",
                "10800 rebuffering 2000: rebuffer_ms 2000",
                "12800 playing 8000: playing_ms 8000, rebuffer_count 1",
                "20800 paused 0: pause_count 1",
            ],
        );
    }

    #[test]
    fn what_a_later_event_reassigns_is_taken_from_where_it_was() {
        // Nobody knows that the wait is a startup until the frame comes, nor that 100 ms of a stall
        // are more than a hiccup until it has lasted 250.
        check(
            "0 play@0; 300 quality@0 kbps=500; 800 playing@0; 1800 waiting@1; 1900 quality@1 kbps=900; 3800 playing@1",
            &[
                "0 starting 300: no_start_ms 300",
                "300 starting 500: startup_ms 800, no_start_ms -300",
                "800 playing 1000: playing_ms 1000",
                "1800 rebuffering 100: playing_ms 100, micro_stall_ms 100",
                "1900 rebuffering 1900: playing_ms -100, rebuffer_ms 2000, micro_stall_ms -100, micro_stall_count 1",
                "3800 playing 0: micro_stall_count -1, rebuffer_count 1",
            ],
        );
    }

    #[test]
    fn a_first_frame_that_is_dated_back_splits_the_stretch() {
        check(
            "0 play@0; 5000 pause@4 buf=3",
            &[
                "0 starting 5000: startup_ms 1000, playing_ms 4000",
                "5000 paused 0: pause_count 1",
            ],
        );
    }

    #[test]
    fn a_playhead_that_stood_still_shows_as_gap() {
        check(
            "0 play@0; 0 waiting@0; 500 playing@0; 60500 pause@10 buf=3",
            &[
                "0 starting 0: ",
                "0 starting 500: startup_ms 500",
                "500 playing 60000: playing_ms 11000, gap_ms 49000",
                "60500 paused 0: pause_count 1",
            ],
        );
    }

    #[test]
    fn a_session_without_events_has_no_timeline() {
        assert_eq!(explain(&[]), []);
    }
}
