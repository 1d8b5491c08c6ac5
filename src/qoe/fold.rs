//! stub
#![allow(missing_docs)]
use super::*;
pub const FOLD_VERSION: i32 = 1;
#[derive(Debug, Clone, Default)]
pub struct SessionFold {
    n: i64,
    last: Option<(i64, Box<str>)>,
    first: i64,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    InOrder,
    Late,
}
impl SessionFold {
    pub fn new() -> Self {
        Self::default()
    }
    pub fn apply(&mut self, e: &Event) -> Applied {
        let key = (e.timestamp_ms, e.event_id.clone());
        if self.last.as_ref().is_some_and(|l| *l >= key) {
            return Applied::Late;
        }
        if self.n == 0 {
            self.first = e.timestamp_ms;
        }
        self.last = Some(key);
        self.n += 1;
        Applied::InOrder
    }
    pub fn event_count(&self) -> i64 {
        self.n
    }
    pub fn summary(&self) -> SessionSummary {
        SessionSummary {
            event_count: self.n,
            session_ms: self.last.as_ref().map_or(0, |l| l.0 - self.first),
            end_reason: "idle_timeout",
            ..Default::default()
        }
    }
}
impl Event {
    pub fn order(&self, o: &Event) -> std::cmp::Ordering {
        (self.timestamp_ms, &self.event_id).cmp(&(o.timestamp_ms, &o.event_id))
    }
}
