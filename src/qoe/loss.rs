//! Rule 11: lost events. Our plugin numbers its events and sends cumulative totals with each, so
//! what a lost event said can be had from the next one.
//!
//! A stall's and a seek's events are stamped back to when they began but numbered when they were
//! sent, so they stand earlier in time than their number says. The other kinds are *anchors*: when
//! an anchor comes, in time order, every event with a lower number has come too, or never will. So
//! whether there is a hole is asked at anchors only, and the answer needs just the numbers seen
//! since the anchor before: those of a few stamped-back events. At a hole, all that was credited
//! since that anchor is taken back and the totals say what it was.
//!
//! An event that arrives later and fills the hole sorts before the newest one folded; the session
//! is then folded anew from its rows. So the figures depend on the ordered events alone.

use super::num;
use super::parts::Parts;
use super::{Event, EventKind, Totals};

/// Numbers kept beyond the anchor's. Past it they count as lost between these anchors, and the
/// totals decide: resolution is lost, time is not.
const MAX_AHEAD: usize = 64;

/// The numbers seen, and where to go back to.
#[derive(Debug, Clone, Default)]
pub(super) struct Losses {
    with_seq: i64,
    max_seq: Option<i64>,
    anchor: Option<Anchor>,
    /// As of the anchor; kept only while other events follow it.
    checkpoint: Option<Box<Checkpoint>>,
    /// Numbers above the anchor's that were seen already, sorted.
    ahead: Vec<i64>,
}

/// The last event that was not stamped back.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    seq: i64,
    at_ms: i64,
    totals: Option<Totals>,
}

/// The session as of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Checkpoint {
    pub(super) parts: Parts,
    /// A first frame was shown.
    pub(super) started: bool,
}

/// A hole ends at an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hole {
    /// What the totals of both ends tell of the stretch, if they do.
    pub(super) told: Option<Told>,
}

/// The stretch around a hole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    /// The session at its beginning.
    pub(super) before: Checkpoint,
    /// Its length, ms.
    pub(super) wall_ms: i64,
    /// How the totals grew in it.
    pub(super) growth: Growth,
}

/// Differences of totals, ms.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Growth {
    pub(super) startup_ms: i64,
    pub(super) playing_ms: i64,
    pub(super) rebuffer_ms: i64,
    pub(super) rebuffer_count: i64,
    pub(super) seek_ms: i64,
    pub(super) paused_ms: i64,
    pub(super) ended_ms: i64,
    pub(super) idle_ms: i64,
}

impl Growth {
    fn between(before: &Totals, after: &Totals) -> Self {
        let growth = |before: Option<i64>, after: Option<i64>| {
            after.map_or(0, |after| num::counter_growth(before.unwrap_or(0), after))
        };
        Self {
            startup_ms: growth(before.startup_ms, after.startup_ms),
            playing_ms: growth(before.playing_ms, after.playing_ms),
            rebuffer_ms: growth(before.rebuffer_ms, after.rebuffer_ms),
            rebuffer_count: growth(before.rebuffer_count, after.rebuffer_count),
            seek_ms: growth(before.seek_ms, after.seek_ms),
            paused_ms: growth(before.paused_ms, after.paused_ms),
            ended_ms: growth(before.ended_ms, after.ended_ms),
            idle_ms: growth(before.idle_ms, after.idle_ms),
        }
    }
}

impl Losses {
    /// Takes note of the event's number; `now` is the session as of the event before it. Tells of a
    /// hole that this event shows to be one.
    pub(super) fn observe(&mut self, event: &Event, now: Checkpoint) -> Option<Hole> {
        let seq = event.seq.filter(|seq| *seq >= 0);
        if let Some(seq) = seq {
            self.with_seq = self.with_seq.saturating_add(1);
            self.max_seq = self.max_seq.max(Some(seq));
        }
        let anchor_seq = self.anchor.map_or(-1, |anchor| anchor.seq);
        match seq.filter(|seq| *seq > anchor_seq) {
            Some(seq) if !stamped_back(event.kind) => {
                let hole = self.hole_before(seq, anchor_seq, event, now);
                self.anchor_at(seq, event);
                hole
            }
            ahead => {
                self.pass(ahead, now);
                None
            }
        }
    }

    /// What was credited since the last anchor may have to be taken back.
    pub(super) fn may_take_back(&self) -> bool {
        self.checkpoint.is_some()
    }

    fn anchor_at(&mut self, seq: i64, event: &Event) {
        self.anchor = Some(Anchor {
            seq,
            at_ms: event.timestamp_ms,
            totals: event.totals.as_deref().copied(),
        });
        self.checkpoint = None;
        // A number above it belongs to an event sent later and stamped back before it.
        self.ahead.retain(|ahead| *ahead > seq);
        if self.ahead.is_empty() {
            self.ahead = Vec::new();
        }
    }

    /// An event that is no anchor.
    fn pass(&mut self, ahead: Option<i64>, now: Checkpoint) {
        if self.anchor.is_some() && self.checkpoint.is_none() {
            self.checkpoint = Some(Box::new(now));
        }
        let Some(seq) = ahead else { return };
        if let (Err(at), true) = (self.ahead.binary_search(&seq), self.ahead.len() < MAX_AHEAD) {
            self.ahead.reserve_exact(1);
            self.ahead.insert(at, seq);
        }
    }

    fn hole_before(
        &self,
        seq: i64,
        anchor_seq: i64,
        event: &Event,
        now: Checkpoint,
    ) -> Option<Hole> {
        let between = seq.saturating_sub(anchor_seq).saturating_sub(1);
        let seen = self.ahead.iter().filter(|ahead| **ahead < seq).count();
        if i64::try_from(seen).is_ok_and(|seen| seen >= between) {
            return None;
        }
        let told = self.anchor.and_then(|anchor| {
            Some(Told {
                before: self.checkpoint.as_deref().copied().unwrap_or(now),
                wall_ms: event.timestamp_ms.saturating_sub(anchor.at_ms),
                growth: Growth::between(&anchor.totals?, event.totals.as_deref()?),
            })
        });
        Some(Hole { told })
    }

    /// Events with seq ÷ (highest seq + 1).
    pub(super) fn completeness(&self) -> Option<f64> {
        let expected = self.max_seq?.saturating_add(1);
        num::ratio(self.with_seq, expected)
    }
}

/// Kinds that are stamped when something began and sent when it was over.
fn stamped_back(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::BufferStart | EventKind::BufferEnd | EventKind::Seek
    )
}
