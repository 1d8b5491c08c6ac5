//! Erasing sessions so that nothing brings them back.
//!
//! 1. A tombstone is committed: a digest of project and session id.
//! 2. The session's rows go: events, summary, refused events. Every server learns of the tombstone
//!    within a second, refuses the session's events from then on and drops what it holds in memory.
//! 3. A write may have been under way meanwhile. So whoever has known the tombstone for the grace
//!    deletes once more, and then notes that the erasure is finished. Until then the tombstone holds
//!    the ids in clear, since a digest cannot be searched for.
//!
//! Between the two each server deletes what came in before it learned, so that lists show it for some
//! seconds only.
//!
//! A tombstone stays unfinished for at least the grace after somebody has seen it committed, and a
//! server that has not asked for tombstones for [`STALE_AFTER`] writes no events until it has. So no
//! server misses one, whatever the clocks say. Every step can be repeated: a crash anywhere leaves a
//! tombstone that the next server, or the next command, finishes.

mod delete;
mod handle;
mod known;
mod table;
mod viewer;
mod watch;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

pub use delete::Erased;
pub use handle::Erasures;
pub(super) use table::erased_among as erased_among_on;

use super::StorageError;
use super::key::SessionKey;
use super::pool::Pool;
use super::viewer_ids::ViewerIds;
use delete::{delete, delete_rejected_of_viewer};

/// How long a write of events or of a summary may be under way before it has certainly ended: its
/// server learns of the tombstone within [`STALE_AFTER`], and a batch waits 10 s for its lane and
/// takes four attempts of 10 s.
pub const GRACE: Duration = Duration::from_secs(120);
/// A server that has not asked for tombstones for this long writes nothing until it has.
pub const STALE_AFTER: Duration = Duration::from_secs(45);
/// Sessions erased by one round of statements.
const ROUND_SESSIONS: usize = 1000;

/// Whose sessions are erased.
#[derive(Debug, Clone)]
pub enum Target {
    /// This one.
    Session(SessionKey),
    /// All that name a viewer.
    Viewer {
        /// Of which project.
        project: Arc<str>,
        /// As players send it.
        viewer_id: String,
        /// What it is stored as.
        policy: ViewerIds,
    },
}

/// Erases: tombstones first, then rows. `laid` is called when tombstones are committed, `seen` is
/// told how far it is. Without the second deletion, see [`finish`].
pub async fn erase(
    pool: &Pool,
    target: &Target,
    now: DateTime<Utc>,
    mut laid: impl FnMut(&[SessionKey]) + Send,
    mut seen: impl FnMut(Erased) + Send,
) -> Result<Erased, StorageError> {
    let mut total = Erased::default();
    match target {
        Target::Session(key) => {
            let keys = std::slice::from_ref(key);
            table::lay(pool, keys, now).await?;
            laid(keys);
            total += delete(pool, keys).await?;
            seen(total);
        }
        Target::Viewer {
            project,
            viewer_id,
            policy,
        } => {
            let since_ms = viewer::stored_since_ms(pool, now).await?;
            let ids = policy.forms(project, viewer_id, since_ms, now.timestamp_millis());
            let mut done = HashSet::new();
            loop {
                let mut keys = viewer::sessions(pool, project, &ids, ROUND_SESSIONS).await?;
                // A write under way may have brought one back; the second deletion is for that.
                keys.retain(|key| done.insert(key.clone()));
                if keys.is_empty() {
                    break;
                }
                table::lay(pool, &keys, now).await?;
                laid(&keys);
                total += delete(pool, &keys).await?;
                seen(total);
            }
            total.rejected_events += delete_rejected_of_viewer(pool, project, &ids).await?;
        }
    }
    Ok(total)
}

/// Deletes for the second time, and notes that these erasures are finished. Only for those whose
/// tombstone the caller has known to be committed for the grace.
pub async fn finish(
    pool: &Pool,
    keys: &[SessionKey],
    now: DateTime<Utc>,
) -> Result<Erased, StorageError> {
    let mut erased = Erased::default();
    for keys in keys.chunks(ROUND_SESSIONS) {
        erased += delete(pool, keys).await?;
        table::finish(pool, keys, now).await?;
    }
    Ok(erased)
}

/// Which of these sessions have a tombstone. Whoever writes events from elsewhere than a server's
/// ingest, which knows them all, must ask here first and leave those out.
pub async fn erased_among(
    pool: &Pool,
    keys: &[SessionKey],
) -> Result<HashSet<SessionKey>, StorageError> {
    let mut connection = pool.get().await?;
    table::erased_among(&mut connection, keys).await
}
