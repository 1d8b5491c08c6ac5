//! Why a figure is what it is: the session's timeline, event by event.
//!
//! This is no second fold. It applies the events to the one there is and tells by how much the
//! summary's parts moved with each. The time between two events is known when the second one comes,
//! so a stretch stands with the event that opened it. The summary ends the open state at its last
//! event; when a later event shows that it was something else, the part it was in loses what another
//! part gains, and the stretch shows both. So a stretch's changes always add up to its length.

use std::collections::HashSet;

use super::{Event, SessionFold, SessionSummary, State};

/// A part of the partition: one of the summary's columns that add up to `session_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(
    missing_docs,
    reason = "the parts are those of the summary, see SessionSummary"
)]
pub enum Part {
    Startup,
    NoStart,
    Playing,
    Rebuffer,
    Seek,
    Paused,
    Ended,
    Idle,
    Gap,
}

impl Part {
    /// All parts, in the order of the summary's columns.
    pub const ALL: [Self; 9] = [
        Self::Startup,
        Self::NoStart,
        Self::Playing,
        Self::Rebuffer,
        Self::Seek,
        Self::Paused,
        Self::Ended,
        Self::Idle,
        Self::Gap,
    ];

    /// The column of the summary that holds it.
    #[must_use]
    pub fn column(self) -> &'static str {
        match self {
            Self::Startup => "startup_ms",
            Self::NoStart => "no_start_ms",
            Self::Playing => "playing_ms",
            Self::Rebuffer => "rebuffer_ms",
            Self::Seek => "seek_ms",
            Self::Paused => "paused_ms",
            Self::Ended => "ended_ms",
            Self::Idle => "idle_ms",
            Self::Gap => "gap_ms",
        }
    }

    /// Its time in a summary, ms.
    #[must_use]
    pub fn of(self, summary: &SessionSummary) -> i64 {
        match self {
            Self::Startup => summary.startup_ms.unwrap_or(0),
            Self::NoStart => summary.no_start_ms,
            Self::Playing => summary.playing_ms,
            Self::Rebuffer => summary.rebuffer_ms,
            Self::Seek => summary.seek_ms,
            Self::Paused => summary.paused_ms,
            Self::Ended => summary.ended_ms,
            Self::Idle => summary.idle_ms,
            Self::Gap => summary.gap_ms,
        }
    }
}

/// What an event counts towards: one of the summary's counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(
    missing_docs,
    reason = "the counts are those of the summary, see SessionSummary"
)]
pub enum Count {
    MicroStalls,
    Rebuffers,
    Seeks,
    Pauses,
    Errors,
    FatalErrors,
}

impl Count {
    /// All counts, in the order of the summary's columns.
    pub const ALL: [Self; 6] = [
        Self::MicroStalls,
        Self::Rebuffers,
        Self::Seeks,
        Self::Pauses,
        Self::Errors,
        Self::FatalErrors,
    ];

    /// The column of the summary that holds it.
    #[must_use]
    pub fn column(self) -> &'static str {
        match self {
            Self::MicroStalls => "micro_stall_count",
            Self::Rebuffers => "rebuffer_count",
            Self::Seeks => "seek_count",
            Self::Pauses => "pause_count",
            Self::Errors => "error_count",
            Self::FatalErrors => "fatal_error_count",
        }
    }

    /// Its value in a summary.
    #[must_use]
    pub fn of(self, summary: &SessionSummary) -> i64 {
        match self {
            Self::MicroStalls => summary.micro_stall_count,
            Self::Rebuffers => summary.rebuffer_count,
            Self::Seeks => summary.seek_count,
            Self::Pauses => summary.pause_count,
            Self::Errors => summary.error_count,
            Self::FatalErrors => summary.fatal_error_count,
        }
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

    let mut session = SessionFold::new();
    let mut before = session.summary();
    let mut steps: Vec<Step<'_>> = Vec::with_capacity(ordered.len());
    for event in ordered {
        session.apply(event);
        let after = session.summary();
        if let Some(open) = steps.last_mut() {
            close(open, &before, &after);
        }
        steps.push(Step {
            event,
            at_ms: after.session_ms,
            state: session.state(),
            counted: changes(Count::ALL, |count| count.of(&after) - count.of(&before)),
            lasted_ms: 0,
            fed: Vec::new(),
            micro_stall_ms: 0,
        });
        before = after;
    }
    steps
}

/// The next event has come: it shows what the stretch was.
fn close(open: &mut Step<'_>, before: &SessionSummary, after: &SessionSummary) {
    open.lasted_ms = after.session_ms - before.session_ms;
    open.fed = changes(Part::ALL, |part| part.of(after) - part.of(before));
    open.micro_stall_ms = after.micro_stall_ms - before.micro_stall_ms;
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
