//! When each session is sent, and what its clock says then.

use std::time::Duration;

use super::args::Speed;
use super::dice::{Dice, Stream, real, whole};

const DAY_MS: i64 = 86_400_000;
/// Most viewers watch in the evening: when, after midnight UTC, and by how much the traffic swings.
const EVENING_MS: i64 = 20 * 3_600_000;
const SWING: f64 = 0.6;

/// With neither a rate nor a wait between sessions: over how much time before the run their ends are
/// spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spread {
    /// Evenly over a minute.
    Minute,
    /// Over so many whole days, the evenings busier than the mornings.
    Days(u32),
}

/// The plan of a run. All of it follows from the arguments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schedule {
    pub(super) seed: u64,
    pub(super) sessions: u64,
    /// The wall clock when the run begins, epoch ms.
    pub(super) run_begins_ms: i64,
    /// When the first sessions begin, if that was asked for, epoch ms.
    pub(super) first_start_ms: Option<i64>,
    pub(super) speed: Speed,
    /// Sessions started per second.
    pub(super) rate: Option<f64>,
    pub(super) mean_minutes: f64,
    pub(super) spread: Spread,
}

impl Schedule {
    /// When session `index` is started, measured from the beginning of the run.
    pub(super) fn arrival(&self, index: u64) -> Duration {
        let position = count(index);
        let seconds = match (self.rate, self.speed) {
            (Some(rate), _) => position / rate,
            (None, Speed::Max) => 0.0,
            (None, Speed::Times(factor)) => self.window_ms() * self.place(index) / factor / 1000.0,
        };
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    /// How long after the session's start its client has lived `emit_ms`.
    pub(super) fn lived(&self, emit_ms: i64) -> Duration {
        match self.speed {
            Speed::Max => Duration::ZERO,
            Speed::Times(factor) => {
                Duration::try_from_secs_f64(real(emit_ms) / 1000.0 / factor).unwrap_or_default()
            }
        }
    }

    /// The true time of the load of session `index`, which lasts `length_ms`, epoch ms.
    ///
    /// Asked for a start time, sessions begin there as they arrive. Otherwise each is dated back so
    /// that its end falls on the moment when it is sent; at speed 1 that is its own live time.
    pub(super) fn started_at_ms(&self, index: u64, length_ms: i64) -> i64 {
        let arrival_ms = whole(self.arrival(index).as_secs_f64() * 1000.0);
        match (self.first_start_ms, self.rate, self.speed) {
            (Some(first_ms), None, _) => first_ms + whole(self.window_ms() * self.place(index)),
            (Some(first_ms), Some(_), _) => first_ms + arrival_ms,
            (None, rate, Speed::Max) => {
                let back_ms = rate.map_or(self.back_ms(index), |_| 0);
                self.run_begins_ms + arrival_ms - back_ms - length_ms
            }
            (None, _, Speed::Times(factor)) => {
                let takes_ms = whole(real(length_ms) / factor);
                self.run_begins_ms + arrival_ms + takes_ms - length_ms
            }
        }
    }

    /// How long before the run session `index` ends.
    fn back_ms(&self, index: u64) -> i64 {
        let place = self.place(index);
        match self.spread {
            Spread::Minute => whole(60_000.0 * place),
            Spread::Days(days) => {
                let even_ms = whole(real(DAY_MS * i64::from(days)) * place);
                let from_ms = moved_from_ms(self.run_begins_ms) - even_ms;
                let end_ms = from_ms + towards_evening_ms(from_ms);
                (self.run_begins_ms - end_ms).max(0)
            }
        }
    }

    fn window_ms(&self) -> f64 {
        self.mean_minutes * 60_000.0
    }

    /// Where in a window of arrivals the session falls, 0 to 1, in the order of the index; the
    /// first one opens it.
    fn place(&self, index: u64) -> f64 {
        if index == 0 {
            return 0.0;
        }
        let jitter = Dice::new(self.seed, Stream::Delivery, index).between(0.0, 1.0);
        (count(index) + jitter) / count(self.sessions)
    }
}

/// How far a moment moves towards its evening. Where moments lie evenly, this makes them
/// 1 ÷ (1 − SWING · cos) as dense: 2.5 times in the evening, 0.6 times in the morning.
fn towards_evening_ms(epoch_ms: i64) -> i64 {
    let turn = std::f64::consts::TAU / real(DAY_MS);
    let phase = turn * real((epoch_ms - EVENING_MS).rem_euclid(DAY_MS));
    whole(-SWING * phase.sin() / turn)
}

/// The moment that `towards_evening_ms` moves to `epoch_ms`. Where a moment goes changes slower than
/// the moment, so taking the shift back from where one stands comes closer each time.
fn moved_from_ms(epoch_ms: i64) -> i64 {
    (0..40).fold(epoch_ms, |from_ms, _| {
        epoch_ms - towards_evening_ms(from_ms)
    })
}

fn count(number: u64) -> f64 {
    real(i64::try_from(number).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(speed: Speed, rate: Option<f64>) -> Schedule {
        Schedule {
            seed: 1,
            sessions: 100,
            run_begins_ms: 1_000_000,
            first_start_ms: None,
            speed,
            rate,
            mean_minutes: 5.0,
            spread: Spread::Minute,
        }
    }

    #[test]
    fn at_real_speed_a_session_begins_when_it_arrives() {
        let schedule = schedule(Speed::Times(1.0), Some(2.0));
        assert_eq!(schedule.arrival(4), Duration::from_secs(2));
        assert_eq!(schedule.started_at_ms(4, 90_000), 1_002_000);
        assert_eq!(schedule.lived(90_000), Duration::from_secs(90));
    }

    #[test]
    fn a_faster_session_ends_at_the_time_it_is_sent() {
        let schedule = schedule(Speed::Times(60.0), Some(2.0));
        // It arrives 2 s into the run and takes 60 s / 60 to play.
        let ended_at_ms = schedule.started_at_ms(4, 60_000) + 60_000;
        assert_eq!(ended_at_ms, 1_000_000 + 2_000 + 1_000);
    }

    #[test]
    fn without_waiting_every_session_ends_within_the_minute_before_the_run() {
        let schedule = schedule(Speed::Max, None);
        for index in 0..100 {
            assert_eq!(schedule.arrival(index), Duration::ZERO);
            let ended_at_ms = schedule.started_at_ms(index, 90_000) + 90_000;
            assert!(
                (940_000..=1_000_000).contains(&ended_at_ms),
                "{ended_at_ms}"
            );
        }
    }

    #[test]
    fn over_days_every_session_ends_within_them_and_most_in_the_evening() {
        // Noon of a day, UTC.
        let noon_ms = 20_000 * DAY_MS + DAY_MS / 2;
        let schedule = Schedule {
            sessions: 10_000,
            run_begins_ms: noon_ms,
            spread: Spread::Days(7),
            ..schedule(Speed::Max, None)
        };
        let mut evening = 0;
        let mut newest_ms = noon_ms;
        for index in 0..10_000 {
            let ended_at_ms = schedule.started_at_ms(index, 90_000) + 90_000;
            assert!((noon_ms - 7 * DAY_MS..=noon_ms).contains(&ended_at_ms));
            // The lower the index, the newer, but for the jitter between neighbours.
            assert!(ended_at_ms < newest_ms + DAY_MS / 100);
            newest_ms = ended_at_ms;
            let hour = ended_at_ms.rem_euclid(DAY_MS) / 3_600_000;
            evening += i32::from((18..22).contains(&hour));
        }
        // Four hours of 24 would have 1667 of them if the day were even.
        assert!((3_000..4_500).contains(&evening), "{evening}");
    }

    #[test]
    fn a_start_time_that_was_asked_for_is_when_the_first_session_begins() {
        let asked = Schedule {
            first_start_ms: Some(5_000),
            ..schedule(Speed::Max, None)
        };
        assert_eq!(asked.started_at_ms(0, 77_000), 5_000);
        let other = Schedule {
            run_begins_ms: 9_999_999,
            ..asked
        };
        assert_eq!(
            asked.started_at_ms(3, 77_000),
            other.started_at_ms(3, 77_000)
        );
    }
}
