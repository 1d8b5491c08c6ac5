//! Rule 11: over a hole. What was credited since the anchor before it is taken back, the totals say
//! how the wall time was spent, and the event names the state. So a lost event costs resolution,
//! never time.

use super::fold::SessionFold;
use super::loss::{Sums, Told};
use super::parts::{MICRO_STALL_MS, Parts};
use super::state::State;
use super::{Event, EventKind, PlayerState};

impl SessionFold {
    /// Credits the stretch around a hole by the totals, clamped to its wall time; the rest is gap.
    pub(super) fn bridge(&mut self, event: &Event, told: &Told, fatal: bool) {
        let growth = &told.growth;
        self.parts = told.before.parts;
        self.started = told.before.started;
        let playing_ms = self.parts.playing_ms;
        spend(&mut self.parts, growth, told.wall_ms, self.started);
        let to = self.named_state(event, fatal).unwrap_or(self.state);
        settle_stalls(&mut self.parts, told, event, to == State::Rebuffering);
        if growth.seek_ms > 0 {
            let from_ms = event.timestamp_ms.saturating_sub(told.wall_ms);
            self.seeks.lost_since(from_ms);
        }
        self.intent |= growth.startup_ms > 0 || growth.playing_ms > 0;
        self.adopt(event, growth.startup_ms, fatal);
        self.keep_in_mind(event, fatal);
        if event.kind == EventKind::SessionEnd {
            self.enter(State::Closed, event.timestamp_ms, event);
        }
        // Which renditions it was played at, only an unchanged one tells.
        if !self.quality.same_after(event) {
            self.quality.settle(playing_ms);
            self.quality.settle_unknown(self.parts.playing_ms);
        }
    }

    /// The state is the one the event names.
    pub(super) fn adopt(&mut self, event: &Event, startup_ms: i64, fatal: bool) {
        let at_ms = event.timestamp_ms;
        let from = self.state;
        let to = self.named_state(event, fatal).unwrap_or(from);
        if !self.started && shows_frames(to, event) {
            self.started = true;
            self.intent = true;
            self.startup_seen = from == State::Starting || startup_ms > 0;
        }
        if to != State::Seeking {
            self.seeks.close(at_ms);
            if from == State::Seeking {
                self.seeks.end(at_ms);
            }
        } else if from != State::Seeking {
            self.seeks.begin(at_ms);
        }
        if to == State::Paused && from != State::Paused {
            self.pause_count = self.pause_count.saturating_add(1);
        }
        if to != State::Rebuffering && (self.parts.stall_ms > 0 || self.parts.stall_counted) {
            self.parts.close_stall();
        }
        self.intent |= to == State::Starting;
        if to == State::Playing {
            self.undoom_after(from);
        }
        if to != State::Closed {
            self.end = None;
        }
        self.state = to;
        self.since_ms = at_ms;
        self.waiting = to == State::Rebuffering;
        self.wait_is_seek = false;
        self.playhead.forget();
        self.playhead.observe(event);
        self.held_sec = self.playhead.seen_sec().into();
    }

    /// Our plugin's name for a state, in the terms of the table.
    fn named_state(&self, event: &Event, fatal: bool) -> Option<State> {
        let failing = fatal || self.errors.failing(self.parts.playing_ms);
        Some(match event.state? {
            PlayerState::Starting if !self.started => State::Starting,
            PlayerState::Starting | PlayerState::Playing => State::Playing,
            PlayerState::Rebuffering => State::Rebuffering,
            PlayerState::Seeking => State::Seeking,
            PlayerState::Idle if !self.started => State::Idle,
            PlayerState::Idle | PlayerState::Paused => State::Paused,
            PlayerState::Ended if failing => State::Failed,
            PlayerState::Ended => State::Ended,
        })
    }
}

/// A first frame lies behind: the state is one that comes after it, or something was played.
fn shows_frames(state: State, event: &Event) -> bool {
    use State::{Paused, Playing, Rebuffering, Seeking};
    let played = event
        .totals
        .as_deref()
        .and_then(|totals| totals.playing_ms)
        .is_some_and(|ms| ms > 0);
    played || matches!(state, Playing | Rebuffering | Seeking | Paused)
}

/// Spends the wall time by the totals, each at most what is left.
fn spend(parts: &mut Parts, growth: &Sums, wall_ms: i64, started: bool) {
    let mut left_ms = wall_ms.max(0);
    let mut take = |part: &mut i64, ms: i64| {
        let ms = ms.clamp(0, left_ms);
        left_ms -= ms;
        *part = part.saturating_add(ms);
    };
    if !started {
        take(&mut parts.starting_ms, growth.startup_ms);
    }
    take(&mut parts.playing_ms, growth.playing_ms);
    take(&mut parts.stall_ms, growth.rebuffer_ms);
    take(&mut parts.seek_ms, growth.seek_ms);
    take(&mut parts.paused_ms, growth.paused_ms);
    take(&mut parts.ended_ms, growth.ended_ms);
    take(&mut parts.idle_ms, growth.idle_ms);
    parts.gap_ms = parts.gap_ms.saturating_add(left_ms);
}

/// Sorts the open stall and the stalled time of the hole into stalls. The reported count may take
/// in an open stall or not, as the client likes; so it is believed between the stalls that are
/// certain and those that are possible. `stalled` tells that the last one is still going on.
fn settle_stalls(parts: &mut Parts, told: &Told, event: &Event, stalled: bool) {
    let growth = &told.growth;
    let open = i64::from(told.before.parts.stall_ms > 0);
    let certain = parts.rebuffer_count;
    // No stall under 250 ms counts, so the stalled time has room for only so many.
    let room = parts.stall_ms / MICRO_STALL_MS;
    let possible = certain.saturating_add(open.saturating_add(growth.rebuffer_count).min(room));
    let reported = event
        .totals
        .as_deref()
        .and_then(|totals| totals.rebuffer_count);
    let count = reported.unwrap_or(possible).clamp(certain, possible);
    let counted = count > certain && growth.rebuffer_count > 0;
    if counted || (!stalled && count > certain && parts.stall_ms >= MICRO_STALL_MS) {
        parts.rebuffer_ms = parts.rebuffer_ms.saturating_add(parts.stall_ms);
        parts.rebuffer_count = count;
        parts.stall_ms = 0;
        // The count has this stall already, if it is still going on.
        parts.stall_counted = stalled;
    } else if !stalled && parts.stall_ms > 0 {
        parts.close_stall();
    }
}
