//! What a client does with a reply, and how long it waits before it tries again.

use std::time::Duration;

use super::dice::Dice;

/// The first wait is drawn from this much time, each further one from twice as much …
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// … up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What a status means for the events of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Every event has its outcome in the body.
    Settled,
    /// Send the same events again, later.
    Resend,
    /// Send them in two halves.
    Split,
    /// They can never be taken.
    Drop,
    /// Neither these nor any later ones of this session can be taken.
    StopSending,
}

/// The table of replies.
pub(super) fn verdict(status: u16) -> Verdict {
    match status {
        200..=299 => Verdict::Settled,
        408 | 429 | 500..=599 => Verdict::Resend,
        413 => Verdict::Split,
        401 | 403 => Verdict::StopSending,
        _ => Verdict::Drop,
    }
}

/// Full jitter: anything from nothing to the step's limit, and never less than the server asked.
pub(super) fn backoff(attempt: u32, retry_after: Option<Duration>, dice: &mut Dice) -> Duration {
    let limit = FIRST_WAIT
        .saturating_mul(2_u32.saturating_pow(attempt))
        .min(LONGEST_WAIT);
    let jitter = limit.mul_f64(dice.between(0.0, 1.0));
    retry_after.unwrap_or_default().saturating_add(jitter)
}

/// `Retry-After` in seconds. A date is not understood and counts as absent.
pub(super) fn retry_after(value: &str) -> Option<Duration> {
    value.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::super::dice::Stream;
    use super::*;

    #[test]
    fn every_status_of_the_wire_has_its_answer() {
        let table = [
            (200, Verdict::Settled),
            (400, Verdict::Drop),
            (401, Verdict::StopSending),
            (403, Verdict::StopSending),
            (404, Verdict::Drop),
            (408, Verdict::Resend),
            (413, Verdict::Split),
            (415, Verdict::Drop),
            (429, Verdict::Resend),
            (500, Verdict::Resend),
            (503, Verdict::Resend),
        ];
        for (status, expected) in table {
            assert_eq!(verdict(status), expected, "{status}");
        }
    }

    #[test]
    fn backoff_grows_to_its_limit_and_honours_what_the_server_asks() {
        let mut dice = Dice::new(1, Stream::Delivery, 0);
        for attempt in 0..40 {
            let limit = Duration::from_millis(200 << attempt.min(6)).min(LONGEST_WAIT);
            assert!(backoff(attempt, None, &mut dice) <= limit);
            let asked = Duration::from_secs(3);
            let wait = backoff(attempt, Some(asked), &mut dice);
            assert!(wait >= asked && wait <= asked + limit, "{wait:?}");
        }
    }

    #[test]
    fn retry_after_is_read_in_seconds() {
        assert_eq!(retry_after(" 2 "), Some(Duration::from_secs(2)));
        assert_eq!(retry_after("Wed, 21 Oct 2026 07:28:00 GMT"), None);
        assert_eq!(retry_after("-1"), None);
    }
}
