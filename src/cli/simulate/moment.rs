//! What a player does and what can be read off it while it does: the vocabulary shared by the
//! simulated player and the two clients that report on it. Times are ms since the source was
//! loaded, positions are seconds of media time.

use serde::Serialize;

use super::population::Rendition;

/// What the player is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Idle,
    Starting,
    Playing,
    Rebuffering,
    Seeking,
    Paused,
    Ended,
}

/// Where the session's time went so far; all but the count add up to the time since the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Totals {
    pub(super) startup_ms: i64,
    pub(super) playing_ms: i64,
    pub(super) rebuffer_ms: i64,
    pub(super) rebuffer_count: i64,
    pub(super) seek_ms: i64,
    pub(super) paused_ms: i64,
    pub(super) ended_ms: i64,
    pub(super) idle_ms: i64,
}

/// Why the playhead waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    Startup,
    /// The buffer ran dry.
    Stall,
    Seek,
    /// The buffer ran dry after a fatal error: it will not fill again.
    Failure,
}

/// Who paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pauser {
    User,
    /// The browser, for a hidden page.
    Browser,
    /// The element itself, just before `ended`.
    End,
}

/// What happened in a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum What {
    Load,
    Play(&'static str),
    Waiting(Wait),
    /// The wait that began at `since_ms` is over and the playhead moves.
    Playing {
        wait: Wait,
        since_ms: i64,
    },
    /// Something else took over from a stall: its name.
    StallCut {
        since_ms: i64,
        by: &'static str,
    },
    Seeking {
        from_sec: f64,
        to_sec: f64,
        until_ms: i64,
    },
    Pause(Pauser),
    /// Another rendition is on screen.
    Shown {
        previous: Option<&'static Rendition>,
    },
    Error {
        details: &'static str,
        fatal: bool,
    },
    Heartbeat,
    Visibility {
        hidden: bool,
    },
    RateChange,
    Ended,
    /// The session ends in good order.
    Close(&'static str),
}

/// What could be read off the player.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Snapshot {
    pub(super) at_ms: i64,
    pub(super) state: State,
    pub(super) position_sec: f64,
    pub(super) rate: f64,
    pub(super) totals: Totals,
    pub(super) rendition: Option<&'static Rendition>,
    pub(super) buffer_sec: f64,
    pub(super) decoded_frames: i64,
    pub(super) dropped_frames: i64,
    pub(super) throughput_kbps: f64,
    pub(super) interactions: i64,
}

/// Something a client may notice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moment {
    pub(super) what: What,
    pub(super) seen: Snapshot,
}
