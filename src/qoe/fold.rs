//! The fold: a session's events in order, one at a time, into what the summary says.
//!
//! `summary = fold(unique events in order)` is a pure function, so the order of arrival, duplicates
//! and batching cannot change it. A later event may reassign only the time of the state that was
//! still open; `session_ms`, `event_count` and the error counts never fall.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use super::clock::Clock;
use super::errors::Errors;
use super::identity::Identity;
use super::known::{Known, KnownSec};
use super::loss::{Checkpoint, Losses};
use super::order::{Tie, tie};
use super::parts::Parts;
use super::playhead::Playhead;
use super::quality::Quality;
use super::samples::Samples;
use super::seek::Seeks;
use super::state::State;
use super::summarize;
use super::{Event, SessionSummary};

/// The version of the rules in this module. A summary says by which one it was made; `refold`
/// rebuilds the older ones.
pub const FOLD_VERSION: i32 = 2;

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It was folded.
    InOrder,
    /// It sorts before the newest event folded, or is that event: the fold is unchanged, and no
    /// longer the session's. Fold the session from its rows.
    Late,
}

/// A session folded so far.
#[derive(Debug, Clone, Default)]
pub struct SessionFold {
    pub(super) event_count: i64,
    newest: Option<Newest>,
    pub(super) clock: Clock,

    pub(super) state: State,
    /// There was a play intent.
    pub(super) intent: bool,
    /// A first frame was shown.
    pub(super) started: bool,
    /// The startup's beginning was seen.
    pub(super) startup_seen: bool,
    /// A BUFFER_START has no BUFFER_END yet, and whether that wait belongs to a seek.
    pub(super) waiting: bool,
    pub(super) wait_is_seek: bool,
    /// When this state began, and where the playhead was.
    pub(super) since_ms: i64,
    pub(super) held_sec: KnownSec,
    /// Rule 5: a wait until then is a seek.
    pub(super) moved_until_ms: Known,
    pub(super) pause_count: u32,
    /// How the session ended, if it said so.
    pub(super) end: Option<End>,

    pub(super) parts: Parts,
    pub(super) playhead: Playhead,
    pub(super) seeks: Seeks,
    pub(super) losses: Losses,
    pub(super) quality: Quality,
    pub(super) samples: Samples,
    pub(super) errors: Errors,
    pub(super) identity: Arc<Identity>,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Ended,
    PageClose,
    SourceChange,
    Destroy,
    Error,
    IdleTimeout,
}

/// The place of the newest event folded; its time is the clock's.
#[derive(Debug, Clone)]
struct Newest {
    tie: Tie,
    event_id: Box<[u8]>,
}

/// Folds a session's events, whatever their order. Of events with one identity (event id and
/// timestamp) the one that sorts first counts.
#[must_use]
pub fn fold(mut events: Vec<Event>) -> SessionFold {
    events.sort_by(Event::order);
    let mut session = SessionFold::new();
    let mut seen = HashSet::with_capacity(events.len());
    for event in &events {
        if seen.insert((event.timestamp_ms, &event.event_id)) {
            // In order, since they are sorted and their identities differ.
            let _applied: Applied = session.apply(event);
        }
    }
    session
}

impl SessionFold {
    /// A session without events.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Unique events folded.
    #[must_use]
    pub fn event_count(&self) -> i64 {
        self.event_count
    }

    /// What the session is doing, as of its last event.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// Who watches what, where, as far as it is known.
    #[must_use]
    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// Folds one more event.
    pub fn apply(&mut self, event: &Event) -> Applied {
        if !self.is_next(event) {
            return Applied::Late;
        }
        let first = self.event_count == 0;
        let stretch_ms = if first {
            0
        } else {
            event.timestamp_ms.saturating_sub(self.clock.last_ms())
        };
        self.event_count = self.event_count.saturating_add(1);
        self.clock.observe(event, first);
        let fatal = self.errors.observe(event);

        let now = Checkpoint {
            parts: self.parts,
            started: self.started,
        };
        let hole = self.losses.observe(event, now);
        self.advance(event, hole, stretch_ms, fatal);

        self.playhead.note(event);
        self.samples.observe(event);
        if self.identity.learns_from(event) {
            Arc::make_mut(&mut self.identity).observe(event);
        }
        self.observe_quality(event);
        Applied::InOrder
    }

    /// What the summary says as of the last event, at which the open state ends.
    #[must_use]
    pub fn summary(&self) -> SessionSummary {
        summarize::summary(self)
    }

    /// Of the summary the parts and counts alone.
    pub(super) fn partition(&self) -> SessionSummary {
        summarize::partition(self)
    }

    /// The bitrate of the rendition on screen, kbps, once a first frame was shown.
    pub(super) fn shown_bitrate_kbps(&self) -> Option<i32> {
        self.quality.bitrate_kbps().filter(|_| self.started)
    }

    /// The rendition on screen. A hole may take back what was credited since the last anchor
    /// (rule 11), so only anchors change the rendition in a session that has them.
    fn observe_quality(&mut self, event: &Event) {
        let changed =
            !self.losses.may_take_back() && self.quality.observe(event, self.parts.playing_ms);
        if changed && self.state == State::Playing {
            self.playhead.settle();
        }
        if self.started {
            self.quality.show();
        }
    }

    /// Rule 1. Keeps the event's place if it is the next one.
    fn is_next(&mut self, event: &Event) -> bool {
        let place = (tie(event), event.event_id.as_bytes());
        let Some(newest) = &mut self.newest else {
            self.newest = Some(Newest {
                tie: place.0,
                event_id: place.1.into(),
            });
            return true;
        };
        let order = (event.timestamp_ms, place)
            .cmp(&(self.clock.last_ms(), (newest.tie, &newest.event_id)));
        if order != Ordering::Greater {
            return false;
        }
        newest.tie = place.0;
        if newest.event_id.len() == place.1.len() {
            newest.event_id.copy_from_slice(place.1);
        } else {
            newest.event_id = place.1.into();
        }
        true
    }
}
