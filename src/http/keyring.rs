//! The keys, in memory: no request waits for PostgreSQL to be let in.
//!
//! They are read again every [`REFRESH`], so a key that was revoked is good for no longer than that, and
//! a little more. While PostgreSQL is away the keys known last stay good. A key that is not known may
//! have been created a moment ago, so PostgreSQL is asked for new ones; all who wait share the answer,
//! and it is asked at most four times a second, whatever is sent. Of unknown keys the latest are
//! remembered until the next refresh, so that one that is sent again and again costs nothing.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Mutex as Turn;
use tokio::time::{Instant, sleep_until, timeout};

use super::Problem;
use super::allowance::{Allowance, KeyLimits};
use super::refusal::Refusal;
use crate::storage::keys::{KeyDigest, KeyKind, MAX_KEYS, StoredKey, is_well_formed};
use crate::storage::{Storage, StorageError};

/// Between two readings of all keys.
pub const REFRESH: Duration = Duration::from_secs(2);
/// Between two looks for new keys.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// Who waits for a look waits no longer; then storage is away.
const LOOK_TIMEOUT: Duration = Duration::from_secs(3);
/// A key of a lower id may be committed after one of a higher id: a look goes back by so many.
const OVERLAP: i64 = 64;
/// Unknown keys that are remembered between two refreshes.
const MAX_UNKNOWN: usize = 1000;

/// A key as it was sent. Only its digest is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SentKey {
    digest: KeyDigest,
    may_exist: bool,
}

impl SentKey {
    /// An empty one is none.
    pub(super) fn new(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self {
            digest: KeyDigest::of(text),
            may_exist: is_well_formed(text),
        })
    }
}

/// What is known of a key.
#[derive(Debug)]
pub(super) struct KnownKey {
    digest: KeyDigest,
    kind: KeyKind,
    is_revoked: bool,
    pub(super) project: Arc<str>,
    pub(super) allowance: Arc<Allowance>,
}

impl KnownKey {
    /// Whether it is good for this.
    pub(super) fn must_be(&self, kind: KeyKind) -> Result<(), Refusal> {
        if self.is_revoked {
            Err(Refusal::RevokedKey)
        } else if self.kind == kind {
            Ok(())
        } else {
            Err(Refusal::WrongKind(kind))
        }
    }
}

/// All of them.
#[derive(Debug, Default)]
struct Known {
    keys: HashMap<KeyDigest, Arc<KnownKey>>,
    latest_id: i64,
}

/// The last look: when it began, and how it ended, if it did.
struct Look {
    begun: Instant,
    found: Option<bool>,
}

/// The keys of a running server.
pub(super) struct Keyring {
    storage: Storage,
    limits: KeyLimits,
    known: RwLock<Arc<Known>>,
    unknown: Mutex<HashSet<KeyDigest>>,
    look: Turn<Option<Look>>,
}

impl Keyring {
    /// Reads all keys for the first time.
    pub(super) async fn load(storage: Storage, limits: KeyLimits) -> Result<Self, StorageError> {
        let keyring = Self {
            storage,
            limits,
            known: RwLock::default(),
            unknown: Mutex::default(),
            look: Turn::new(None),
        };
        keyring.refresh().await?;
        Ok(keyring)
    }

    /// Reads all keys again.
    pub(super) async fn refresh(&self) -> Result<(), StorageError> {
        let mut look = self.look.lock().await;
        let begun = Instant::now();
        let rows = self.storage.keys_after(i64::MIN).await?;
        let old = self.known();
        let mut known = Known::default();
        self.add(rows, &mut known, &old);
        self.replace(known);
        let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        unknown.clear();
        let found = Some(true);
        *look = Some(Look { begun, found });
        Ok(())
    }

    /// Whether no key was ever created.
    pub(super) fn is_empty(&self) -> bool {
        self.known().keys.is_empty()
    }

    /// Whether this key is still good for that.
    pub(super) fn is_good(&self, key: &KnownKey, kind: KeyKind) -> bool {
        let known = self.known();
        let found = known.keys.get(&key.digest);
        found.is_some_and(|found| found.must_be(kind).is_ok())
    }

    /// What is known of a key that was sent.
    pub(super) async fn find(&self, sent: SentKey) -> Result<Option<Arc<KnownKey>>, Problem> {
        if let Some(key) = self.get(sent) {
            return Ok(Some(key));
        }
        if !sent.may_exist || self.is_known_as_unknown(sent) {
            return Ok(None);
        }
        let looked = timeout(LOOK_TIMEOUT, self.look_for_new_ones()).await;
        if looked != Ok(true) {
            return Err(Problem::StorageAway);
        }
        let found = self.get(sent);
        if found.is_none() {
            let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
            if unknown.len() < MAX_UNKNOWN {
                unknown.insert(sent.digest);
            }
        }
        Ok(found)
    }

    /// True when a look that began after this call has ended well. Everybody waits for the same one.
    async fn look_for_new_ones(&self) -> bool {
        let asked = Instant::now();
        let mut look = self.look.lock().await;
        if let Some(last) = look.as_ref() {
            if let (true, Some(found)) = (last.begun >= asked, last.found) {
                return found;
            }
            sleep_until(last.begun + LOOK_INTERVAL).await;
        }
        let begun = Instant::now();
        *look = Some(Look { begun, found: None });
        let old = self.known();
        let after = old.latest_id.saturating_sub(OVERLAP);
        let rows = self.storage.keys_after(after).await;
        let found = rows.is_ok();
        *look = Some(Look {
            begun,
            found: Some(found),
        });
        let is_new = |row: &StoredKey| !old.keys.contains_key(&row.digest);
        match rows.map(|rows| rows.into_iter().filter(is_new).collect::<Vec<_>>()) {
            Ok(rows) if rows.is_empty() => {}
            Ok(rows) => {
                let mut known = Known {
                    keys: old.keys.clone(),
                    latest_id: old.latest_id,
                };
                self.add(rows, &mut known, &old);
                self.replace(known);
            }
            Err(error) => tracing::debug!(%error, "new keys were not looked for"),
        }
        found
    }

    /// A key keeps what it has used of its allowance.
    fn add(&self, rows: Vec<StoredKey>, known: &mut Known, old: &Known) {
        for row in rows {
            if known.keys.len() >= MAX_KEYS {
                break;
            }
            let before = old.keys.get(&row.digest);
            let allowance = before.map(|key| Arc::clone(&key.allowance));
            let key = KnownKey {
                digest: row.digest,
                kind: row.kind,
                is_revoked: row.revoked_at.is_some(),
                project: row.project,
                allowance: allowance.unwrap_or_else(|| Arc::new(Allowance::new(self.limits))),
            };
            known.latest_id = known.latest_id.max(row.id);
            known.keys.insert(row.digest, Arc::new(key));
        }
    }

    fn replace(&self, known: Known) {
        let is_first = self.is_empty() && !known.keys.is_empty();
        let mut place = self.known.write().unwrap_or_else(PoisonError::into_inner);
        *place = Arc::new(known);
        drop(place);
        if is_first {
            tracing::info!("there are keys: every request needs one");
        }
    }

    fn known(&self) -> Arc<Known> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&known)
    }

    fn get(&self, sent: SentKey) -> Option<Arc<KnownKey>> {
        self.known().keys.get(&sent.digest).cloned()
    }

    fn is_known_as_unknown(&self, sent: SentKey) -> bool {
        let unknown = self.unknown.lock();
        let unknown = unknown.unwrap_or_else(PoisonError::into_inner);
        unknown.contains(&sent.digest)
    }
}
