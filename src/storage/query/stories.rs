//! Stories that were told lately, in memory. A chart asks for the same story at each zoom, and to read
//! 20 000 events takes PostgreSQL a tenth of a second, most of it to write their JSON.
//!
//! They are nobody's truth: with every question PostgreSQL is asked how many events the session has and
//! when its summary was written. Rows are never updated, so a story of as many is the same.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::{Reader, Story, StoryQuery};
use crate::storage::{SessionKey, StorageError};

/// What stories may take, bytes; one of 20 000 events takes about 2 MB.
const MOST_BYTES: u64 = 64 << 20;
/// Stories that are expected, for the cache's tables.
const EXPECTED: usize = 16;

/// Which story it is, as its session stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Edition {
    /// The session.
    pub key: SessionKey,
    /// Events that are there.
    pub rows: i64,
    /// When its summary was written, epoch µs; `None` while there is none.
    pub written_us: Option<i64>,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<Edition, Arc<Story>> for Bytes {
    fn weight(&self, edition: &Edition, story: &Arc<Story>) -> u64 {
        let own = size_of::<Edition>() + edition.key.session_id.len();
        u64::try_from(own + story.bytes()).unwrap_or(u64::MAX)
    }
}

/// The stories that are kept. What is asked for least goes when it is full.
pub struct Stories(Cache<Edition, Arc<Story>, Bytes>);

impl Default for Stories {
    fn default() -> Self {
        Self(Cache::with_weighter(EXPECTED, MOST_BYTES, Bytes))
    }
}

impl Stories {
    /// Drops the stories of sessions that were erased. One that is being told just now may stay until
    /// it is the least asked for, but nobody gets it: its session is not known any more.
    pub fn forget(&self, is_erased: impl Fn(&SessionKey) -> bool) {
        self.0.retain(|edition, _| !is_erased(&edition.key));
    }

    /// The story, read once however many ask for it at the same time.
    pub async fn get(
        &self,
        reader: &Reader,
        edition: &Edition,
    ) -> Result<Arc<Story>, StorageError> {
        let key = edition.key.clone();
        let read = async { Ok(Arc::new(reader.answer(StoryQuery { key }).await?)) };
        self.0.get_or_insert_async(edition, read).await
    }
}
