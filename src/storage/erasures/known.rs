//! The tombstones that a server knows, in memory: 16 bytes each, so that a million take some 40 MB.
//! They are the first half of a SHA-256, so no session is taken for another one.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dashmap::DashSet;
use sha2::{Digest, Sha256};

use super::STALE_AFTER;
use crate::storage::key::SessionKey;

/// SHA-256 over project, a zero byte and session id; no id has a zero byte in it.
pub(super) fn digest(key: &SessionKey) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(key.project.as_bytes());
    hash.update([0]);
    hash.update(key.session_id.as_bytes());
    hash.finalize().to_vec()
}

/// What is kept of a digest.
pub(super) fn short(digest: &[u8]) -> u128 {
    let half = digest.first_chunk().copied().unwrap_or_default();
    u128::from_be_bytes(half)
}

/// The erased sessions that a server knows; clones share them. Without a watch it knows what it is
/// told.
#[derive(Clone)]
pub(super) struct Tombstones(Arc<Known>);

struct Known {
    sessions: DashSet<u128>,
    /// Nearly nobody has any, and then nothing is hashed.
    any: AtomicBool,
    /// Those that are unfinished.
    unfinished: Mutex<HashMap<u128, Unfinished>>,
    epoch: Instant,
    /// When a watch last asked the table, ms since `epoch`; 0: nobody watches yet.
    asked_ms: AtomicU64,
}

#[derive(Clone, Copy)]
struct Unfinished {
    known_since: Instant,
    /// This server has deleted since then.
    is_swept: bool,
}

impl Default for Tombstones {
    fn default() -> Self {
        Self::since(Instant::now())
    }
}

impl Tombstones {
    fn since(epoch: Instant) -> Self {
        Self(Arc::new(Known {
            sessions: DashSet::new(),
            any: AtomicBool::new(false),
            unfinished: Mutex::default(),
            epoch,
            asked_ms: AtomicU64::new(0),
        }))
    }

    /// Whether a session was erased.
    pub(super) fn contains(&self, key: &SessionKey) -> bool {
        self.0.any.load(Ordering::SeqCst) && self.0.sessions.contains(&short(&digest(key)))
    }

    /// Notes erased sessions.
    pub(super) fn add(&self, keys: &[SessionKey]) {
        for key in keys {
            self.learn(short(&digest(key)));
        }
    }

    /// Whether it was not known.
    pub(super) fn learn(&self, short: u128) -> bool {
        let is_new = self.0.sessions.insert(short);
        self.0.any.store(true, Ordering::SeqCst);
        is_new
    }

    /// Notes those that are unfinished; with `all` no others are.
    pub(super) fn note_unfinished(&self, shorts: &[u128], all: bool) {
        let mut unfinished = self.unfinished();
        if all {
            let listed: HashSet<&u128> = shorts.iter().collect();
            unfinished.retain(|short, _| listed.contains(short));
        }
        let new = Unfinished {
            known_since: Instant::now(),
            is_swept: false,
        };
        for short in shorts {
            unfinished.entry(*short).or_insert(new);
        }
    }

    /// Notes that these are finished.
    pub(super) fn forget_unfinished(&self, keys: &[SessionKey]) {
        let mut unfinished = self.unfinished();
        for key in keys {
            unfinished.remove(&short(&digest(key)));
        }
    }

    /// Whether a session's tombstone has been known for so long.
    pub(super) fn known_for(&self, key: &SessionKey, grace: Duration) -> bool {
        let known = self.unfinished().get(&short(&digest(key))).copied();
        known.is_some_and(|it| it.known_since.elapsed() >= grace)
    }

    /// Of these sessions those that were not swept here yet; they count as swept now.
    pub(super) fn take_unswept(&self, keys: &mut Vec<SessionKey>, after: Duration) {
        let mut unfinished = self.unfinished();
        keys.retain(|key| match unfinished.get_mut(&short(&digest(key))) {
            Some(it) if !it.is_swept && it.known_since.elapsed() >= after => {
                it.is_swept = true;
                true
            }
            _ => false,
        });
    }

    fn unfinished(&self) -> MutexGuard<'_, HashMap<u128, Unfinished>> {
        self.0
            .unfinished
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The table was asked at this moment.
    pub(super) fn asked(&self, at: Instant) {
        let since = at.saturating_duration_since(self.0.epoch).as_millis();
        let ms = u64::try_from(since).unwrap_or(u64::MAX).max(1);
        self.0.asked_ms.store(ms, Ordering::SeqCst);
    }

    /// Whether the table was never asked, or so long ago that tombstones may have been missed.
    pub(super) fn may_miss_some(&self) -> bool {
        self.0.asked_ms.load(Ordering::SeqCst) == 0 || self.is_stale()
    }

    /// Somebody watches, but could not ask the table for too long: nothing may be written.
    pub(super) fn is_stale(&self) -> bool {
        match self.0.asked_ms.load(Ordering::SeqCst) {
            0 => false,
            ms => {
                self.0
                    .epoch
                    .elapsed()
                    .saturating_sub(Duration::from_millis(ms))
                    > STALE_AFTER
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(project: &str, session_id: &str) -> SessionKey {
        SessionKey::new(&project.into(), session_id)
    }

    #[test]
    fn a_session_is_erased_in_its_own_project_only() {
        let tombstones = Tombstones::default();
        assert!(!tombstones.contains(&key("a", "s")));
        tombstones.add(&[key("a", "s")]);
        assert!(tombstones.contains(&key("a", "s")));
        for other in [key("b", "s"), key("a", "t"), key("as", ""), key("", "as")] {
            assert!(!tombstones.contains(&other), "{other:?}");
        }
    }

    #[test]
    fn a_tombstone_is_known_for_as_long_as_it_stays_unfinished() {
        let tombstones = Tombstones::default();
        let (one, two) = (key("a", "1"), key("a", "2"));
        let shorts = [&one, &two].map(|key| short(&digest(key)));
        tombstones.note_unfinished(&shorts, true);
        assert!(tombstones.known_for(&one, Duration::ZERO));
        assert!(!tombstones.known_for(&one, Duration::from_secs(3600)));
        tombstones.note_unfinished(&shorts[1..], true);
        assert!(!tombstones.known_for(&one, Duration::ZERO));
        assert!(tombstones.known_for(&two, Duration::ZERO));
    }

    #[test]
    fn nobody_is_stale_before_a_watch_has_begun() {
        let tombstones = Tombstones::default();
        assert!(!tombstones.is_stale() && tombstones.may_miss_some());
        tombstones.asked(Instant::now());
        assert!(!tombstones.is_stale() && !tombstones.may_miss_some());
    }

    #[test]
    fn a_watch_that_could_not_ask_for_too_long_makes_stale() {
        let begun = Instant::now() - STALE_AFTER * 2;
        let tombstones = Tombstones::since(begun);
        tombstones.asked(begun + STALE_AFTER / 2);
        assert!(tombstones.is_stale() && tombstones.may_miss_some());
        tombstones.asked(begun + STALE_AFTER * 3 / 2);
        assert!(!tombstones.is_stale());
    }
}
