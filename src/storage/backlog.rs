//! How long a lane would let a new batch wait, so that what cannot be committed soon is refused at
//! once instead of being late.
//!
//! A lane works in rounds of up to `MAX_ROWS` rows, one INSERT each. A batch that comes now is
//! committed after the round under way and those that the waiting rows will take; each takes about as
//! long as the rounds before. Whoever would wait longer than [`LONGEST_WAIT`] finds the lane behind.
//! A round that lasts longer than [`PATIENCE`] is no measure of the next ones: PostgreSQL hangs, and
//! the lane is stalled until the round ends. A lane that has nothing to do takes any batch, so that
//! one slow round does not shut it for good.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::writer::MAX_ROWS;

/// The longest that a batch is expected to wait for its commit. Clients are told to come back after
/// 1 to 5 s, so that waiting longer than this gains them nothing.
const LONGEST_WAIT: Duration = Duration::from_millis(750);
/// A round may take this long before its lane counts as stalled: a checkpoint or a busy disk.
const PATIENCE: Duration = Duration::from_secs(2);
/// What a lane's first round is expected to take.
const FIRST_ROUND: Duration = Duration::from_millis(10);

/// Whether a lane has room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// What comes now is committed soon.
    Yes,
    /// More waits than can be committed soon.
    Behind,
    /// The round under way does not end.
    Stalled,
}

/// One lane's rows that are not committed, and its pace.
#[derive(Debug)]
pub(super) struct Backlog(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Rows that wait for a round.
    waiting: usize,
    /// When the round under way began.
    since: Option<Instant>,
    /// What a round takes: the mean of the last few.
    round: Duration,
}

impl Backlog {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State {
            waiting: 0,
            since: None,
            round: FIRST_ROUND,
        }))
    }

    /// Whether `rows` more would be committed soon.
    pub(super) fn room(&self, rows: usize, now: Instant) -> Room {
        self.with(|state| state.room(rows, now))
    }

    /// Rows have been queued.
    pub(super) fn queued(&self, rows: usize) {
        self.with(|state| state.waiting += rows);
    }

    /// Rows have left the queue unwritten.
    pub(super) fn dropped(&self, rows: usize) {
        self.with(|state| state.waiting = state.waiting.saturating_sub(rows));
    }

    /// A round of `rows` begins.
    pub(super) fn begin(&self, rows: usize, now: Instant) {
        self.with(|state| {
            state.waiting = state.waiting.saturating_sub(rows);
            state.since = Some(now);
        });
    }

    /// The round is over. What a failed one took says nothing about the next.
    pub(super) fn end(&self, written: bool, now: Instant) {
        self.with(|state| {
            let Some(since) = state.since.take() else {
                return;
            };
            if written {
                let took = now.saturating_duration_since(since);
                state.round = (state.round * 3 + took) / 4;
            }
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        // Plain numbers: whoever panicked left them usable.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn room(&self, rows: usize, now: Instant) -> Room {
        let under_way = self.since.map(|since| now.saturating_duration_since(since));
        if under_way.is_some_and(|elapsed| elapsed > PATIENCE) {
            return Room::Stalled;
        }
        if under_way.is_none() && self.waiting == 0 {
            return Room::Yes;
        }
        let to_come = (self.waiting + rows).div_ceil(MAX_ROWS).max(1);
        let rounds = to_come + usize::from(under_way.is_some());
        let wait = self
            .round
            .saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX));
        if wait > LONGEST_WAIT {
            Room::Behind
        } else {
            Room::Yes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW_ROUND: Duration = Duration::from_millis(200);

    /// A lane whose rounds take 200 ms, with nothing to do.
    fn slow_lane(now: Instant) -> Backlog {
        let lane = Backlog::new();
        for _round in 0..40 {
            lane.begin(0, now);
            lane.end(true, now + SLOW_ROUND);
        }
        lane
    }

    #[test]
    fn a_lane_with_nothing_to_do_takes_a_batch_however_slow_its_last_rounds_were() {
        let now = Instant::now();
        let lane = Backlog::new();
        for _round in 0..40 {
            lane.begin(0, now);
            lane.end(true, now + Duration::from_secs(5));
        }
        assert_eq!(lane.room(500, now), Room::Yes);
        lane.queued(1);
        assert_eq!(lane.room(1, now), Room::Behind);
    }

    #[test]
    fn a_lane_takes_as_many_rounds_as_fit_in_the_longest_wait() {
        let now = Instant::now();
        let lane = slow_lane(now);
        lane.queued(MAX_ROWS);
        lane.begin(MAX_ROWS, now);
        // The round under way and two more: 600 ms.
        assert_eq!(lane.room(2 * MAX_ROWS, now), Room::Yes);
        lane.queued(2 * MAX_ROWS);
        assert_eq!(lane.room(1, now), Room::Behind, "a fourth: 800 ms");
        lane.end(true, now + SLOW_ROUND);
        lane.begin(MAX_ROWS, now + SLOW_ROUND);
        assert_eq!(lane.room(1, now + SLOW_ROUND), Room::Yes);
    }

    #[test]
    fn a_round_that_does_not_end_stalls_its_lane_until_it_does() {
        let now = Instant::now();
        let lane = Backlog::new();
        lane.begin(1, now);
        assert_eq!(lane.room(1, now + PATIENCE), Room::Yes);
        let later = now + PATIENCE + Duration::from_millis(1);
        assert_eq!(lane.room(1, later), Room::Stalled);
        lane.end(false, later);
        lane.begin(1, later);
        assert_eq!(
            lane.room(1, later),
            Room::Yes,
            "a failed round is no measure"
        );
    }

    #[test]
    fn rows_that_leave_the_queue_unwritten_make_room() {
        let now = Instant::now();
        let lane = slow_lane(now);
        lane.queued(4 * MAX_ROWS);
        assert_eq!(lane.room(1, now), Room::Behind);
        lane.dropped(4 * MAX_ROWS);
        assert_eq!(lane.room(1, now), Room::Yes);
    }
}
