//! One row being tried: today's parser on its event, or on those of the body that it is.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::super::event::{EventRecord, Reason, Receipt, parse};
use super::super::key::SessionKey;
use super::browse::Kept;

/// A refused body, split into its events by whoever knows how.
#[derive(Debug)]
pub struct Body<'a> {
    /// The events, still as JSON; slices of the body.
    pub events: Vec<&'a str>,
    /// When the client sent them, epoch ms.
    pub sent_at_ms: Option<i64>,
}

/// Splits a body that was refused as a whole; `None` if it is still none.
pub type Split = dyn Fn(&Bytes) -> Option<Body<'_>> + Sync;

/// A row being tried.
pub(super) struct Trial {
    pub(super) kept: Kept,
    /// Why it has to stay, if it has to.
    pub(super) refused: Option<&'static str>,
    /// PostgreSQL did not tell what became of its events.
    pub(super) unknown: bool,
}

/// Events of one session, each with the number of its row.
#[derive(Default)]
pub(super) struct Group {
    pub(super) records: Vec<EventRecord>,
    pub(super) trials: Vec<usize>,
}

/// Events by session.
pub(super) type Groups = HashMap<SessionKey, Group>;

impl Trial {
    pub(super) fn new(kept: Kept) -> Self {
        Self {
            kept,
            refused: None,
            unknown: false,
        }
    }

    /// The first reason is told.
    pub(super) fn refuse(&mut self, reason: Reason) {
        self.refused.get_or_insert(reason.code());
    }

    /// Parses what was refused into `groups`, under this row's number.
    pub(super) fn parse(&mut self, number: usize, now_ms: i64, split: &Split, groups: &mut Groups) {
        let raw = Bytes::from(std::mem::take(&mut self.kept.raw));
        let listed = &self.kept.listed;
        // What was cut is not what was sent.
        if i64::try_from(raw.len()) != Ok(listed.raw_bytes) {
            return self.refuse(Reason::EventTooLarge);
        }
        let body = if listed.reason == Reason::InvalidJson.code() {
            split(&raw)
        } else {
            str::from_utf8(&raw).ok().map(Body::of_one)
        };
        let Some(body) = body else {
            return self.refuse(Reason::InvalidJson);
        };
        let receipt = Receipt {
            created_at_ms: now_ms,
            sent_at_ms: body.sent_at_ms,
        };
        let project: Arc<str> = listed.project.as_str().into();
        for event in body.events {
            match parse(event, &raw, receipt) {
                Ok(parsed) => {
                    let key = SessionKey::new(&project, parsed.session_id);
                    let group = groups.entry(key).or_default();
                    group.records.push(parsed.record);
                    group.trials.push(number);
                }
                Err(rejection) => self.refuse(rejection.reason),
            }
        }
    }
}

impl<'a> Body<'a> {
    fn of_one(event: &'a str) -> Self {
        Self {
            events: vec![event],
            sent_at_ms: None,
        }
    }
}
