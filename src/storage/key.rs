//! What everything is keyed by.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::event::MAX_TEXT_BYTES;

/// A session: the client's name of it within a project.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey {
    /// Site, app or environment.
    pub project: Arc<str>,
    /// The client's sessionId.
    pub session_id: Box<str>,
}

impl SessionKey {
    /// Names a session.
    pub fn new(project: &Arc<str>, session_id: impl Into<Box<str>>) -> Self {
        Self {
            project: Arc::clone(project),
            session_id: session_id.into(),
        }
    }

    /// Whether there can be such a session: its id is one that the parser lets through.
    pub fn is_storable(&self) -> bool {
        (1..=MAX_TEXT_BYTES).contains(&self.session_id.len()) && !self.session_id.contains('\0')
    }

    /// Which of `lanes` the session belongs to: always the same one within a process.
    pub(super) fn lane(&self, lanes: usize) -> usize {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        let lanes = u64::try_from(lanes.max(1)).unwrap_or(1);
        usize::try_from(hasher.finish() % lanes).unwrap_or(0)
    }
}
