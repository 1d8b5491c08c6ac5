//! The states table: which state an event leads to. Pure: no time passes here.

use super::{EventKind as K, Reason};

/// What the session is doing. `Parts::credit` says which part its time goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum State {
    /// No play intent yet, or taken back before the first frame.
    #[default]
    Idle,
    /// From play intent to the first frame.
    Starting,
    /// The playhead advances.
    Playing,
    /// Stalled after the first frame.
    Rebuffering,
    /// From a seek until playing again.
    Seeking,
    /// Paused after the first frame.
    Paused,
    /// The stream has ended.
    Ended,
    /// A fatal error stopped playback.
    Failed,
    /// After SESSION_END.
    Closed,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Idle,
        Self::Starting,
        Self::Playing,
        Self::Rebuffering,
        Self::Seeking,
        Self::Paused,
        Self::Ended,
        Self::Failed,
        Self::Closed,
    ];

    /// The state's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Starting => "starting",
            Self::Playing => "playing",
            Self::Rebuffering => "rebuffering",
            Self::Seeking => "seeking",
            Self::Paused => "paused",
            Self::Ended => "ended",
            Self::Failed => "failed",
            Self::Closed => "closed",
        }
    }
}

/// What the table needs to know besides state and kind: yes-or-no answers about the event and what
/// came before it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Signs {
    /// The event is a PLAYER_ERROR after which playback cannot go on.
    pub(super) fatal: bool,
    /// A first frame was shown.
    pub(super) started: bool,
    /// Rule 4: a six-event seek stands before this BUFFER_START.
    pub(super) jumped: bool,
    /// Rule 5: this wait follows a PLAY before which the playhead was moved.
    pub(super) moved_before_play: bool,
    /// The playhead is more than 1 s from where this state began.
    pub(super) far: bool,
    /// Rule 6: a six-event PAUSE with an empty buffer.
    pub(super) at_stream_end: bool,
    /// Rule 9: a fatal error came while playing, and what was buffered has run out.
    pub(super) doomed: bool,
    /// A BUFFER_START has no BUFFER_END yet.
    pub(super) waiting: bool,
    /// That wait belongs to a seek.
    pub(super) wait_is_seek: bool,
    /// Rule 8: an explicit SEEK has not reached its end.
    pub(super) seek_open: bool,
}

/// The state after an event, by the table of docs/METRICS.md. What it does not name leaves the
/// state alone and only shows life.
pub(super) fn next(state: State, kind: K, reason: Option<Reason>, signs: &Signs) -> State {
    use State::{Closed, Ended, Failed, Idle, Paused, Playing, Rebuffering, Seeking, Starting};
    match (state, kind) {
        (_, K::SessionEnd) => Closed,
        (_, K::PlayerError) if !signs.fatal => state,

        (Idle, K::Play) => Starting,
        (Idle, K::FirstFrame) => Playing,
        (Idle, K::BufferEnd) if plays_on(reason) => Playing,
        (Idle, K::Ended) => Ended,
        (Idle, K::PlayerError) => Failed,

        (Starting, K::FirstFrame) => Playing,
        (Starting, K::BufferEnd) if plays_on(reason) => Playing,
        (Starting, K::Pause) => Idle,
        (Starting, K::Ended) => Ended,
        (Starting, K::PlayerError) => Failed,

        (Playing, K::BufferStart) if signs.doomed => Failed,
        (Playing, K::BufferStart) if signs.jumped || signs.moved_before_play => Seeking,
        (Playing, K::BufferStart) => Rebuffering,
        (Playing, K::Seek) => Seeking,
        (Playing, K::Pause) if signs.at_stream_end => Ended,
        (Playing, K::Pause) => Paused,
        (Playing, K::Ended) => Ended,
        // A fatal error leaves PLAYING alone: what is buffered still plays (rule 9).
        (Rebuffering, K::BufferStart) if signs.far => Seeking,
        (Rebuffering, K::BufferEnd) => after_wait(reason),
        (Rebuffering, K::Seek) => Seeking,
        (Rebuffering, K::Pause) => Paused,
        (Rebuffering, K::Ended) => Ended,
        (Rebuffering, K::PlayerError) => Failed,

        (Seeking, K::BufferEnd) if plays_on(reason) => Playing,
        (Seeking, K::Pause) => Paused,
        (Seeking, K::Ended) => Ended,
        (Seeking, K::PlayerError) => Failed,

        (Paused, K::Play) if signs.seek_open => Seeking,
        (Paused, K::Play) if signs.waiting && (signs.far || signs.wait_is_seek) => Seeking,
        (Paused, K::Play) if signs.waiting => Rebuffering,
        (Paused, K::Play | K::FirstFrame) => Playing,
        (Paused, K::Ended) => Ended,
        (Paused, K::PlayerError) => Failed,

        (Ended, K::Play) if signs.seek_open => Seeking,
        (Ended | Failed | Closed, K::Play) if signs.started => Playing,
        (Ended | Failed | Closed, K::Play) => Starting,
        (Failed | Closed, K::FirstFrame) => Playing,
        (Failed | Closed, K::BufferEnd) if plays_on(reason) => Playing,
        (Failed, K::Ended) => Ended,

        _ => state,
    }
}

/// Rule 10: where a BUFFER_END leads.
fn after_wait(reason: Option<Reason>) -> State {
    match reason {
        Some(Reason::Error) => State::Failed,
        Some(Reason::Pause) => State::Paused,
        Some(Reason::Ended) => State::Ended,
        _ => State::Playing,
    }
}

/// Rule 10, outside of REBUFFERING: a wait that an error, a pause, the end or a seek took over says
/// nothing about a frame; the event that took over tells.
fn plays_on(reason: Option<Reason>) -> bool {
    !matches!(reason, Some(Reason::Seek)) && after_wait(reason) == State::Playing
}
