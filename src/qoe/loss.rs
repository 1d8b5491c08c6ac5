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

use super::known::Known;
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
    max_seq: Known,
    /// The last event that was not stamped back: its number, time (ms) and totals.
    anchor_seq: Known,
    anchor_ms: i64,
    anchor_totals: Option<Box<Sums>>,
    /// Only while there are stamped-back events about.
    since: Option<Box<Since>>,
}

/// What is kept because of events that are no anchors.
#[derive(Debug, Clone, Default)]
struct Since {
    /// As of the anchor; only while other events follow it.
    checkpoint: Option<Checkpoint>,
    /// Numbers above the anchor's that were seen already, sorted.
    ahead: Vec<i64>,
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
    pub(super) growth: Sums,
}

/// Totals, or how they grew: ms, but for the count. What was not sent is 0 here, and grows by 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sums {
    pub(super) startup_ms: i64,
    pub(super) playing_ms: i64,
    pub(super) rebuffer_ms: i64,
    pub(super) rebuffer_count: i64,
    pub(super) seek_ms: i64,
    pub(super) paused_ms: i64,
    pub(super) ended_ms: i64,
    pub(super) idle_ms: i64,
}

impl Sums {
    fn of(totals: &Totals) -> Self {
        Self {
            startup_ms: totals.startup_ms.unwrap_or(0),
            playing_ms: totals.playing_ms.unwrap_or(0),
            rebuffer_ms: totals.rebuffer_ms.unwrap_or(0),
            rebuffer_count: totals.rebuffer_count.unwrap_or(0),
            seek_ms: totals.seek_ms.unwrap_or(0),
            paused_ms: totals.paused_ms.unwrap_or(0),
            ended_ms: totals.ended_ms.unwrap_or(0),
            idle_ms: totals.idle_ms.unwrap_or(0),
        }
    }

    fn growth_to(&self, after: &Self) -> Self {
        let growth = num::counter_growth;
        Self {
            startup_ms: growth(self.startup_ms, after.startup_ms),
            playing_ms: growth(self.playing_ms, after.playing_ms),
            rebuffer_ms: growth(self.rebuffer_ms, after.rebuffer_ms),
            rebuffer_count: growth(self.rebuffer_count, after.rebuffer_count),
            seek_ms: growth(self.seek_ms, after.seek_ms),
            paused_ms: growth(self.paused_ms, after.paused_ms),
            ended_ms: growth(self.ended_ms, after.ended_ms),
            idle_ms: growth(self.idle_ms, after.idle_ms),
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
            self.max_seq.max(seq);
        }
        let anchor_seq = self.anchor_seq.get().unwrap_or(-1);
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
        self.checkpoint().is_some()
    }

    fn checkpoint(&self) -> Option<Checkpoint> {
        self.since.as_deref()?.checkpoint
    }

    fn anchor_at(&mut self, seq: i64, event: &Event) {
        self.anchor_seq = seq.into();
        self.anchor_ms = event.timestamp_ms;
        let totals = event.totals.as_deref().map(Sums::of);
        match (&mut self.anchor_totals, totals) {
            (Some(known), Some(totals)) => **known = totals,
            (known, totals) => *known = totals.map(Box::new),
        }
        if let Some(since) = &mut self.since {
            since.checkpoint = None;
            // A number above it belongs to an event sent later and stamped back before it.
            since.ahead.retain(|ahead| *ahead > seq);
        }
        self.since.take_if(|since| since.ahead.is_empty());
    }

    /// An event that is no anchor.
    fn pass(&mut self, ahead: Option<i64>, now: Checkpoint) {
        let anchored = self.anchor_seq.get().is_some();
        if !anchored && ahead.is_none() {
            return;
        }
        let since = self.since.get_or_insert_default();
        if anchored && since.checkpoint.is_none() {
            since.checkpoint = Some(now);
        }
        let Some(seq) = ahead else { return };
        let seqs = &mut since.ahead;
        if let (Err(at), true) = (seqs.binary_search(&seq), seqs.len() < MAX_AHEAD) {
            seqs.reserve_exact(1);
            seqs.insert(at, seq);
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
        let ahead = self.since.iter().flat_map(|since| &since.ahead);
        let seen = ahead.filter(|ahead| **ahead < seq).count();
        if i64::try_from(seen).is_ok_and(|seen| seen >= between) {
            return None;
        }
        let ends = self.anchor_totals.as_deref().zip(event.totals.as_deref());
        let told = ends.map(|(before, after)| Told {
            before: self.checkpoint().unwrap_or(now),
            wall_ms: event.timestamp_ms.saturating_sub(self.anchor_ms),
            growth: before.growth_to(&Sums::of(after)),
        });
        Some(Hole { told })
    }

    /// Events with seq ÷ (highest seq + 1).
    pub(super) fn completeness(&self) -> Option<f64> {
        let expected = self.max_seq.get()?.saturating_add(1);
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
