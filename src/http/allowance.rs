//! How much a key may: events and questions a second, events a day.
//!
//! Each allowance refills evenly and holds at most what a second, or a day, gives; one of a second holds
//! at least a whole batch, so that every batch that is let in at all gets through. It is kept by each
//! server for itself, in a few words per key, and is full again after a restart.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::refusal::Refusal;
use super::wire::MAX_BATCH_EVENTS;

/// One day.
const DAY: Duration = Duration::from_secs(86_400);

/// What every key may; `None`: as much as it wants.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyLimits {
    /// Events a second.
    pub events_per_second: Option<NonZeroU32>,
    /// Events a day.
    pub events_per_day: Option<NonZeroU32>,
    /// Questions a second.
    pub questions_per_second: Option<NonZeroU32>,
}

/// What is left of one key's.
#[derive(Debug)]
pub(super) struct Allowance {
    events_per_second: Option<DefaultDirectRateLimiter>,
    events_per_day: Option<DefaultDirectRateLimiter>,
    questions_per_second: Option<DefaultDirectRateLimiter>,
}

impl Allowance {
    /// A full one.
    pub(super) fn new(limits: KeyLimits) -> Self {
        let batch = u32::try_from(MAX_BATCH_EVENTS).unwrap_or(u32::MAX);
        let batch = NonZeroU32::new(batch).unwrap_or(NonZeroU32::MIN);
        let events = |most: NonZeroU32| Quota::per_second(most).allow_burst(most.max(batch));
        let a_day = |most: NonZeroU32| {
            let one = DAY / most.get();
            let quota = Quota::with_period(one).unwrap_or(Quota::per_second(most));
            quota.allow_burst(most.max(batch))
        };
        Self {
            events_per_second: limits
                .events_per_second
                .map(events)
                .map(RateLimiter::direct),
            events_per_day: limits.events_per_day.map(a_day).map(RateLimiter::direct),
            questions_per_second: limits
                .questions_per_second
                .map(Quota::per_second)
                .map(RateLimiter::direct),
        }
    }

    /// Takes a batch's events off, or nothing.
    pub(super) fn take_events(&self, events: usize) -> Result<(), Refusal> {
        let Some(events) = u32::try_from(events).ok().and_then(NonZeroU32::new) else {
            return Ok(());
        };
        take(self.events_per_second.as_ref(), events).map_err(Refusal::RateLimited)?;
        take(self.events_per_day.as_ref(), events).map_err(Refusal::QuotaUsedUp)
    }

    /// Takes a question off.
    pub(super) fn take_question(&self) -> Result<(), Refusal> {
        let questions = self.questions_per_second.as_ref();
        take(questions, NonZeroU32::MIN).map_err(Refusal::RateLimited)
    }
}

/// Or how long to wait.
fn take(limiter: Option<&DefaultDirectRateLimiter>, many: NonZeroU32) -> Result<(), Duration> {
    let Some(limiter) = limiter else {
        return Ok(());
    };
    match limiter.check_n(many) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(not_yet)) => Err(not_yet.wait_time_from(DefaultClock::default().now())),
        // No batch is larger than what an allowance holds.
        Err(_never) => Err(DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn most(events: u32) -> Option<NonZeroU32> {
        NonZeroU32::new(events)
    }

    #[test]
    fn without_limits_everything_is_let_in() {
        let allowance = Allowance::new(KeyLimits::default());
        assert!((0..1000).all(|_| allowance.take_events(500).is_ok()));
        assert!((0..1000).all(|_| allowance.take_question().is_ok()));
    }

    #[test]
    fn a_whole_batch_gets_through_however_low_the_limit() {
        let allowance = Allowance::new(KeyLimits {
            events_per_second: most(1),
            ..KeyLimits::default()
        });
        assert_eq!(allowance.take_events(0), Ok(()));
        assert_eq!(allowance.take_events(500), Ok(()));
        let refused = allowance.take_events(500);
        let Err(Refusal::RateLimited(wait)) = refused else {
            panic!("{refused:?}");
        };
        // 500 events refill in 500 s.
        assert!((400..=500).contains(&wait.as_secs()), "{wait:?}");
    }

    #[test]
    fn a_days_events_are_used_up_though_each_second_has_room() {
        let allowance = Allowance::new(KeyLimits {
            events_per_second: most(1_000_000),
            events_per_day: most(1000),
            ..KeyLimits::default()
        });
        assert_eq!(allowance.take_events(500), Ok(()));
        assert_eq!(allowance.take_events(500), Ok(()));
        let refused = allowance.take_events(1);
        let Err(Refusal::QuotaUsedUp(wait)) = refused else {
            panic!("{refused:?}");
        };
        // One event in 86.4 s.
        assert!((80..=87).contains(&wait.as_secs()), "{wait:?}");
    }

    #[test]
    fn questions_are_counted_apart_from_events() {
        let allowance = Allowance::new(KeyLimits {
            questions_per_second: most(1),
            ..KeyLimits::default()
        });
        assert_eq!(allowance.take_question(), Ok(()));
        assert!(matches!(
            allowance.take_question(),
            Err(Refusal::RateLimited(_))
        ));
        assert_eq!(allowance.take_events(500), Ok(()));
    }
}
