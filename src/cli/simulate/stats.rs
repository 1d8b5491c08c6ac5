//! The counters of a run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::sender::Fate;

/// Everything counted so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Stats {
    pub(super) sessions_started: u64,
    pub(super) sessions_finished: u64,
    /// Events handed to the senders, each once.
    pub(super) issued: u64,
    /// Events sent once more on purpose.
    pub(super) copies: u64,
    /// Issued events that the server holds, by its own word.
    pub(super) acked: u64,
    pub(super) accepted: u64,
    pub(super) duplicates: u64,
    pub(super) rejected: BTreeMap<String, u64>,
    pub(super) lost: BTreeMap<String, u64>,
    pub(super) requests: u64,
    pub(super) retries: BTreeMap<String, u64>,
    pub(super) bytes_sent: u64,
    pub(super) latency: Latency,
}

/// The counters, shared by all sessions. Each method is one short critical section.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared(Arc<Mutex<Stats>>);

impl Shared {
    pub(super) fn read(&self) -> Stats {
        self.lock().clone()
    }

    pub(super) fn session_started(&self) {
        self.lock().sessions_started += 1;
    }

    pub(super) fn session_finished(&self) {
        self.lock().sessions_finished += 1;
    }

    pub(super) fn issued(&self, events: usize, copied: bool) {
        let events = count(events);
        let mut stats = self.lock();
        stats.issued += events;
        stats.copies += if copied { events } else { 0 };
    }

    pub(super) fn requested(&self, took: Duration, sent_bytes: usize) {
        let mut stats = self.lock();
        stats.requests += 1;
        stats.bytes_sent += count(sent_bytes);
        stats.latency.add(took);
    }

    pub(super) fn retried(&self, why: &str) {
        *self.lock().retries.entry(why.to_owned()).or_default() += 1;
    }

    pub(super) fn replied(&self, accepted: u64, duplicates: u64) {
        let mut stats = self.lock();
        stats.accepted += accepted;
        stats.duplicates += duplicates;
    }

    pub(super) fn rejected(&self, reason: &str) {
        *self.lock().rejected.entry(reason.to_owned()).or_default() += 1;
    }

    pub(super) fn lost(&self, why: &str, events: usize) {
        *self.lock().lost.entry(why.to_owned()).or_default() += count(events);
    }

    /// Counts what the server holds of a batch, given the fates from one or two copies.
    pub(super) fn acked<'a>(&self, fates: impl Iterator<Item = &'a Fate>) {
        let held = fates.filter(|fate| !matches!(fate, Fate::Rejected | Fate::Lost));
        self.lock().acked += count(held.count());
    }

    fn lock(&self) -> MutexGuard<'_, Stats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// A histogram of durations in buckets 6 % wide: bounded, whatever the number of requests.
#[derive(Debug, Clone, Default)]
pub(super) struct Latency {
    buckets: BTreeMap<u64, u64>,
    samples: u64,
}

impl Latency {
    fn add(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        *self.buckets.entry(floor(micros)).or_default() += 1;
        self.samples += 1;
    }

    /// The time within which `share` of the requests were answered, ms; `None` without any.
    pub(super) fn quantile_ms(&self, share: f64) -> Option<f64> {
        let samples = super::dice::real(i64::try_from(self.samples).ok()?);
        let rank = super::dice::whole((samples * share).ceil()).max(1);
        let mut seen = 0;
        for (&micros, &count) in &self.buckets {
            seen += i64::try_from(count).ok()?;
            if seen >= rank {
                let ms = Duration::from_micros(micros).as_secs_f64() * 1000.0;
                return Some(super::wire::thousandths(ms));
            }
        }
        None
    }
}

/// The lower end of the bucket that `micros` falls into: its leading five bits.
fn floor(micros: u64) -> u64 {
    let bits = u64::BITS - micros.leading_zeros();
    let cut = bits.saturating_sub(5);
    micros >> cut << cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_a_bucket() {
        let mut latency = Latency::default();
        assert_eq!(latency.quantile_ms(0.5), None);
        for millis in 1..=1000 {
            latency.add(Duration::from_millis(millis));
        }
        for (share, expected_ms) in [(0.5, 500.0), (0.95, 950.0), (0.99, 990.0)] {
            let found_ms = latency.quantile_ms(share).unwrap();
            assert!(
                found_ms <= expected_ms && found_ms > expected_ms * 0.93,
                "{share}: {found_ms}"
            );
        }
        assert!(latency.buckets.len() < 200, "{}", latency.buckets.len());
    }

    #[test]
    fn an_event_counts_as_acked_only_if_the_server_holds_it() {
        let shared = Shared::default();
        let fates = [
            Fate::Accepted,
            Fate::Duplicate,
            Fate::Known,
            Fate::Rejected,
            Fate::Lost,
        ];
        shared.acked(fates.iter());
        assert_eq!(shared.read().acked, 3);
    }
}
