//! What a round takes, learned from the last ones: a straight line through them, so much for the
//! round and so much for each row. It never goes down, and never begins below nothing.

use std::time::Duration;

/// What the newest round counts at least; each of the first few as much as those before it, and the
/// very first for all there is to know.
const WEIGHT: f64 = 0.2;
/// Before the first round: nothing for it, and 10 µs a row.
const FIRST_ROWS: f64 = 1000.0;
const FIRST_SECONDS: f64 = 0.01;
/// A round is expected to take at most this many times the mean. From rounds of a few rows nothing
/// follows for a thousand, and those who send many at once should not be refused for it.
const MOST_TIMES: f64 = 4.0;
/// Rounds that differ by less, rows squared, tell nothing about a row.
const TOO_ALIKE: f64 = 25.0;

/// The means, over rounds, that a line through them needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    rows: f64,
    seconds: f64,
    rows_squared: f64,
    rows_seconds: f64,
    /// What the next round counts.
    weight: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            rows: FIRST_ROWS,
            seconds: FIRST_SECONDS,
            rows_squared: FIRST_ROWS * FIRST_ROWS,
            rows_seconds: FIRST_ROWS * FIRST_SECONDS,
            weight: 1.0,
        }
    }
}

impl Pace {
    /// A round of `rows` took so long.
    pub(super) fn learn(&mut self, rows: usize, took: Duration) {
        let (rows, seconds) = (real(rows), took.as_secs_f64());
        for (mean, value) in [
            (&mut self.rows, rows),
            (&mut self.seconds, seconds),
            (&mut self.rows_squared, rows * rows),
            (&mut self.rows_seconds, rows * seconds),
        ] {
            *mean += self.weight * (value - *mean);
        }
        // 1, 1/2, 1/3 …
        self.weight = (self.weight / (1.0 + self.weight)).max(WEIGHT);
    }

    /// What a round of `rows` is expected to take.
    pub(super) fn of(&self, rows: usize) -> Duration {
        // With nothing for the round at most this, for each row.
        let most = self.seconds / self.rows.max(1.0);
        let variance = self.rows_squared - self.rows * self.rows;
        let per_row = if variance < TOO_ALIKE {
            most
        } else {
            let covariance = self.rows_seconds - self.rows * self.seconds;
            (covariance / variance).clamp(0.0, most)
        };
        let round = self.seconds - per_row * self.rows;
        let expected = (round + per_row * real(rows)).min(self.seconds * MOST_TIMES);
        Duration::try_from_secs_f64(expected).unwrap_or_default()
    }
}

fn real(rows: usize) -> f64 {
    f64::from(u32::try_from(rows).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rounds: &[(usize, u64)], rows: usize, expected_ms: u128) {
        let mut pace = Pace::default();
        for _ in 0..100 {
            for &(rows, took_ms) in rounds {
                pace.learn(rows, Duration::from_millis(took_ms));
            }
        }
        let found_ms = pace.of(rows).as_millis();
        assert!(
            found_ms.abs_diff(expected_ms) <= 1,
            "{rounds:?} of {rows}: {found_ms} ms, not {expected_ms}"
        );
    }

    #[test]
    fn a_round_is_told_by_a_line_through_the_last_ones() {
        // 50 ms and half a millisecond a row.
        check(&[(100, 100), (900, 500)], 500, 300);
        // All for the round: PostgreSQL is far away.
        check(&[(100, 150), (1000, 150)], 550, 150);
        // All for the rows.
        check(&[(100, 100), (1000, 1000)], 300, 300);
    }

    #[test]
    fn rounds_that_are_all_alike_are_taken_to_be_all_for_the_rows_up_to_a_bound() {
        check(&[(100, 200)], 100, 200);
        check(&[(100, 200)], 400, 800);
        check(&[(100, 200)], 1000, 800);
        check(&[(1, 2), (2, 2)], 500, 8);
    }

    #[test]
    fn more_rows_never_take_less_and_nothing_takes_less_than_nothing() {
        // No line, so the mean, in which the newest counts 0.2 and the one before 0.16.
        check(&[(100, 900), (1000, 300)], 1000, 566);
        check(&[(100, 10), (1000, 1000)], 1, 1);
    }

    #[test]
    fn the_first_round_tells_all_there_is_to_know() {
        let mut pace = Pace::default();
        pace.learn(50, Duration::from_millis(150));
        assert_eq!(pace.of(50), Duration::from_millis(150));
        assert_eq!(pace.of(100), Duration::from_millis(300));
    }

    #[test]
    fn before_the_first_round_all_is_well() {
        assert_eq!(Pace::default().of(1000), Duration::from_millis(10));
        assert_eq!(Pace::default().of(0), Duration::ZERO);
    }
}
