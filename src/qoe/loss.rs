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
    /// Only while stamped-back events follow the anchor.
    since: Option<Box<Since>>,
}

/// The last event that was not stamped back.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    seq: i64,
    at_ms: i64,
    totals: Option<Totals>,
}

/// What followed it.
#[derive(Debug, Clone, Default)]
struct Since {
    parts: Parts,
    started: bool,
    /// Sorted.
    seqs: Vec<i64>,
}

/// A hole ends at this event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hole {
    /// The parts and whether there was a first frame, as of the anchor before the hole.
    pub(super) parts: Parts,
    pub(super) started: bool,
    /// Wall time since that anchor, ms.
    pub(super) wall_ms: i64,
    /// How the totals grew, when both ends tell.
    pub(super) growth: Option<Growth>,
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
    /// Takes note of the event's number. `parts` and `started` are as of the event before it. Tells
    /// of a hole that this event shows to be one.
    pub(super) fn observe(&mut self, event: &Event, parts: &Parts, started: bool) -> Option<Hole> {
        let seq = event.seq.filter(|seq| *seq >= 0)?;
        self.with_seq = self.with_seq.saturating_add(1);
        self.max_seq = self.max_seq.max(Some(seq));
        if stamped_back(event.kind) || self.anchor.is_some_and(|anchor| seq <= anchor.seq) {
            self.remember(seq, parts, started);
            return None;
        }
        let hole = self.hole_before(seq, event, parts, started);
        self.anchor = Some(Anchor {
            seq,
            at_ms: event.timestamp_ms,
            totals: event.totals.as_deref().copied(),
        });
        // Stamped-back events may have been sent after this one; their numbers still count.
        self.since = None;
        hole
    }

    fn remember(&mut self, seq: i64, parts: &Parts, started: bool) {
        let since = self.since.get_or_insert_with(|| {
            Box::new(Since {
                parts: *parts,
                started,
                seqs: Vec::new(),
            })
        });
        if let (Err(at), true) = (since.seqs.binary_search(&seq), since.seqs.len() < MAX_AHEAD) {
            since.seqs.insert(at, seq);
        }
    }

    fn hole_before(
        &self,
        seq: i64,
        event: &Event,
        parts: &Parts,
        started: bool,
    ) -> Option<Hole> {
        let anchor_seq = self.anchor.map_or(-1, |anchor| anchor.seq);
        let between = seq.saturating_sub(anchor_seq).saturating_sub(1);
        let seen = self.since.iter().flat_map(|since| since.seqs.iter());
        let seen_between = seen.filter(|s| (anchor_seq..seq).contains(*s)).count();
        if i64::try_from(seen_between).unwrap_or(i64::MAX) >= between {
            return None;
        }
        let totals = self.anchor.and_then(|anchor| anchor.totals);
        let since = self.since.as_deref();
        Some(Hole {
            parts: since.map_or(*parts, |since| since.parts),
            started: since.map_or(started, |since| since.started),
            wall_ms: self.anchor.map_or(0, |anchor| {
                event.timestamp_ms.saturating_sub(anchor.at_ms)
            }),
            growth: totals
                .zip(event.totals.as_deref())
                .map(|(before, after)| Growth::between(&before, after)),
        })
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
