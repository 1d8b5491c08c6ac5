//! How long a lane would let a new batch wait, so that what cannot be committed soon is refused at
//! once instead of being late.
//!
//! A lane works in rounds of up to `MAX_ROWS` rows, one INSERT each. A batch that comes now is
//! committed after the round under way and those that the waiting rows will take. What a round takes
//! is told from the last ones, as so much for the round and so much for each row: with PostgreSQL far
//! away it is nearly all the former, with a slow disk or a narrow network the latter. Whoever would
//! wait longer than [`LONGEST_WAIT`] finds the lane behind. Rows count from when they are let in, not
//! from when they reach the lane: a hundred requests that are parsed at once see each other.
//!
//! A round that lasts longer than [`PATIENCE`] is no measure of the next ones: PostgreSQL hangs, and
//! the lane is stalled until the round ends. A lane that has nothing to do takes any batch, so that
//! one slow round does not shut it for good.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::pace::Pace;
use super::writer::MAX_ROWS;

/// The longest that a batch is expected to wait for its commit; nearly all of those let in are
/// answered within a second, though rounds are not as even as expected. Clients are told to come back
/// after 1 to 5 s, so that waiting longer than this gains them nothing.
const LONGEST_WAIT: Duration = Duration::from_millis(500);
/// A round may take this long before its lane counts as stalled: a checkpoint or a busy disk.
const PATIENCE: Duration = Duration::from_secs(2);

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
#[derive(Debug, Default)]
pub(super) struct Backlog(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Rows let in whose fate is not told yet, wherever they are.
    let_in: usize,
    /// Rows that wait for a round; not all of them were let in, since not everybody asks.
    waiting: usize,
    /// When the round under way began, and its rows.
    under_way: Option<(Instant, usize)>,
    pace: Pace,
}

/// Rows that were let in; they count until this is dropped.
#[derive(Debug)]
pub struct LetIn {
    lane: Arc<Backlog>,
    rows: usize,
}

impl Drop for LetIn {
    fn drop(&mut self) {
        let rows = self.rows;
        self.lane
            .with(|state| state.let_in = state.let_in.saturating_sub(rows));
    }
}

impl Backlog {
    /// Whether `rows` more would be committed soon.
    pub(super) fn room(&self, rows: usize, now: Instant) -> Room {
        self.with(|state| state.room(rows, now))
    }

    /// Lets `rows` in if they would be committed soon.
    pub(super) fn let_in(self: &Arc<Self>, rows: usize, now: Instant) -> Result<LetIn, Room> {
        self.with(|state| match state.room(rows, now) {
            Room::Yes => {
                state.let_in += rows;
                Ok(())
            }
            no => Err(no),
        })?;
        let lane = Arc::clone(self);
        Ok(LetIn { lane, rows })
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
            state.under_way = Some((now, rows));
        });
    }

    /// The round is over. What a failed one took says nothing about the next.
    pub(super) fn end(&self, written: bool, now: Instant) {
        self.with(|state| {
            if let Some((since, rows)) = state.under_way.take()
                && written
            {
                let took = now.saturating_duration_since(since);
                state.pace.learn(rows, took);
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
        let writing = self.under_way.map_or(0, |(_, writing)| writing);
        let before = self.waiting.max(self.let_in.saturating_sub(writing));
        let left = match self.under_way {
            None if before == 0 => return Room::Yes,
            None => Duration::ZERO,
            Some((since, _)) => {
                let elapsed = now.saturating_duration_since(since);
                if elapsed > PATIENCE {
                    return Room::Stalled;
                }
                self.pace.of(writing).saturating_sub(elapsed)
            }
        };
        let wait = left.saturating_add(self.rounds(before.saturating_add(rows)));
        if wait > LONGEST_WAIT {
            Room::Behind
        } else {
            Room::Yes
        }
    }

    /// What so many rows take, in as few rounds as there can be.
    fn rounds(&self, rows: usize) -> Duration {
        let whole = u32::try_from(rows / MAX_ROWS).unwrap_or(u32::MAX);
        let whole = self.pace.of(MAX_ROWS).saturating_mul(whole);
        match rows % MAX_ROWS {
            0 => whole,
            rest => whole.saturating_add(self.pace.of(rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW_ROUND: Duration = Duration::from_millis(200);

    fn lane(rounds: &[(usize, u64)], now: Instant) -> Arc<Backlog> {
        let lane = Arc::<Backlog>::default();
        for _ in 0..40 {
            for &(rows, took_ms) in rounds {
                lane.begin(rows, now);
                lane.end(true, now + Duration::from_millis(took_ms));
            }
        }
        lane
    }

    /// Rounds take 200 ms, whatever is in them.
    fn slow_lane(now: Instant) -> Arc<Backlog> {
        lane(&[(1000, 200), (100, 200)], now)
    }

    #[test]
    fn a_lane_with_nothing_to_do_takes_a_batch_however_slow_its_last_rounds_were() {
        let now = Instant::now();
        let lane = lane(&[(500, 5000)], now);
        assert_eq!(lane.room(500, now), Room::Yes);
        lane.queued(1);
        assert_eq!(lane.room(500, now), Room::Behind);
    }

    #[test]
    fn a_lane_takes_as_many_rounds_as_fit_in_the_longest_wait() {
        let now = Instant::now();
        let lane = slow_lane(now);
        lane.queued(MAX_ROWS);
        lane.begin(MAX_ROWS, now);
        // The round under way and one more: 400 ms.
        assert_eq!(lane.room(MAX_ROWS, now), Room::Yes);
        lane.queued(MAX_ROWS);
        assert_eq!(lane.room(1, now), Room::Behind, "a third: 600 ms");
        // Of which the first is over.
        assert_eq!(lane.room(MAX_ROWS - 1, now + SLOW_ROUND), Room::Yes);
        lane.end(true, now + SLOW_ROUND);
        lane.begin(MAX_ROWS, now + SLOW_ROUND);
        assert_eq!(lane.room(1, now + SLOW_ROUND), Room::Yes);
    }

    #[test]
    fn where_every_row_takes_time_a_lane_takes_as_many_rows_as_fit_in_the_longest_wait() {
        let now = Instant::now();
        // A millisecond a row, and 100 for the round.
        let lane = lane(&[(100, 200), (900, 1000)], now);
        lane.queued(100);
        lane.begin(100, now);
        // 200 ms for the round under way, and 100 for the next.
        assert_eq!(lane.room(190, now), Room::Yes);
        assert_eq!(lane.room(210, now), Room::Behind);
    }

    #[test]
    fn rows_that_were_let_in_count_before_they_are_queued_and_once() {
        let now = Instant::now();
        let lane = slow_lane(now);
        let first = lane.let_in(MAX_ROWS, now).unwrap();
        let second = lane.let_in(MAX_ROWS, now).unwrap();
        // Two rounds, 400 ms; a third is too much.
        assert_eq!(lane.let_in(1, now).unwrap_err(), Room::Behind);
        lane.queued(MAX_ROWS);
        lane.begin(MAX_ROWS, now);
        assert_eq!(lane.room(1, now), Room::Behind, "one is under way");
        lane.end(true, now + SLOW_ROUND);
        drop(first);
        assert_eq!(lane.room(1, now), Room::Yes);
        drop(second);
        assert_eq!(lane.room(3 * MAX_ROWS, now), Room::Yes);
    }

    #[test]
    fn a_round_that_does_not_end_stalls_its_lane_until_it_does() {
        let now = Instant::now();
        let lane = slow_lane(now);
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
