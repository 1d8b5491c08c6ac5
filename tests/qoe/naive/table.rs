//! The states table of metrics.md, row by row as it stands there.

use video_telemetry::qoe::{EventKind as K, Reason, State};

/// What the cells with a condition ask.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) fatal: bool,
    pub(crate) started: bool,
    /// Rule 4 or 5: the wait is a seek.
    pub(crate) sought: bool,
    /// Rule 6.
    pub(crate) stream_end: bool,
    /// Rule 9.
    pub(crate) doomed: bool,
    /// The playhead is more than 1 s from where the state began.
    pub(crate) far: bool,
    /// A BUFFER_START is remembered, and whether it belongs to a seek.
    pub(crate) wait: Option<bool>,
    /// Rule 8: an explicit seek is still open.
    pub(crate) seek_open: bool,
}

/// Cells without a condition: a state and what leads where.
const CELLS: &[(State, &[(K, State)])] = &[
    (
        State::Idle,
        &[
            (K::Play, State::Starting),
            (K::FirstFrame, State::Playing),
            (K::BufferEnd, State::Playing),
            (K::Ended, State::Ended),
            (K::PlayerError, State::Failed),
        ],
    ),
    (
        State::Starting,
        &[
            (K::FirstFrame, State::Playing),
            (K::BufferEnd, State::Playing),
            (K::Pause, State::Idle),
            (K::Ended, State::Ended),
            (K::PlayerError, State::Failed),
        ],
    ),
    (
        State::Playing,
        &[
            (K::BufferStart, State::Rebuffering),
            (K::Seek, State::Seeking),
            (K::Pause, State::Paused),
            (K::Ended, State::Ended),
        ],
    ),
    (
        State::Rebuffering,
        &[
            (K::BufferEnd, State::Playing),
            (K::Seek, State::Seeking),
            (K::Pause, State::Paused),
            (K::Ended, State::Ended),
            (K::PlayerError, State::Failed),
        ],
    ),
    (
        State::Seeking,
        &[
            (K::BufferEnd, State::Playing),
            (K::Pause, State::Paused),
            (K::Ended, State::Ended),
            (K::PlayerError, State::Failed),
        ],
    ),
    (
        State::Paused,
        &[
            (K::Play, State::Playing),
            (K::FirstFrame, State::Playing),
            (K::Ended, State::Ended),
            (K::PlayerError, State::Failed),
        ],
    ),
    (State::Ended, &[(K::Play, State::Playing)]),
    (
        State::Failed,
        &[
            (K::Play, State::Playing),
            (K::FirstFrame, State::Playing),
            (K::BufferEnd, State::Playing),
            (K::Ended, State::Ended),
        ],
    ),
    (
        State::Closed,
        &[
            (K::Play, State::Playing),
            (K::FirstFrame, State::Playing),
            (K::BufferEnd, State::Playing),
        ],
    ),
];

/// Where an event leads; the state itself where the table has a dash.
pub(crate) fn leads_to(from: State, kind: K, reason: Option<Reason>, asked: &Asked) -> State {
    if kind == K::SessionEnd {
        return State::Closed;
    }
    if let Some(to) = conditional(from, kind, reason, asked) {
        return to;
    }
    let row = CELLS.iter().find(|(state, _)| *state == from);
    let cell = row.and_then(|(_, cells)| cells.iter().find(|cell| cell.0 == kind));
    cell.map_or(from, |cell| cell.1)
}

/// The cells with a semicolon or a rule's number in them.
fn conditional(from: State, kind: K, reason: Option<Reason>, asked: &Asked) -> Option<State> {
    let sought_wait = asked.wait.is_some_and(|of_seek| of_seek || asked.far);
    let to = match (from, kind) {
        (_, K::PlayerError) if !asked.fatal => from,
        // Choice: what ended before a first frame starts anew.
        (State::Ended | State::Failed | State::Closed, K::Play) if !asked.started => {
            State::Starting
        }
        (State::Paused | State::Ended, K::Play) if asked.seek_open => State::Seeking,
        (State::Paused, K::Play) if sought_wait => State::Seeking,
        (State::Paused, K::Play) if asked.wait.is_some() => State::Rebuffering,
        (State::Playing, K::BufferStart) if asked.doomed => State::Failed,
        (State::Playing, K::BufferStart) if asked.sought => State::Seeking,
        (State::Playing, K::Pause) if asked.stream_end => State::Ended,
        (State::Rebuffering, K::BufferStart) if asked.far => State::Seeking,
        (_, K::BufferEnd) => return by_reason(from, reason),
        _ => return None,
    };
    Some(to)
}

/// Rule 10. Choice: only a wait that was seen leads where its reason says; in other states a reason
/// that names another cause says nothing of a frame.
fn by_reason(from: State, reason: Option<Reason>) -> Option<State> {
    let to = match reason? {
        Reason::Error => State::Failed,
        Reason::Pause => State::Paused,
        Reason::Ended => State::Ended,
        Reason::Seek if from != State::Rebuffering => from,
        _ => return None,
    };
    Some(if from == State::Rebuffering { to } else { from })
}
