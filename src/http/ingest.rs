//! One request's events on their way to their fates: parsed, grouped by session, delivered, and the
//! refused ones kept.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;

use super::wire::{RejectedReply, Reply};
use super::{Problem, Service};
use crate::session::EventFate;
use crate::storage::event::{EventRecord, Receipt, Rejection, parse, readable_session_id};
use crate::storage::quarantine::RejectedEvent;
use crate::storage::viewer_ids::Left;
use crate::storage::{LetIn, SessionKey};

/// Events of one session and their places in the request.
#[derive(Default)]
struct Group {
    records: Vec<EventRecord>,
    indexes: Vec<usize>,
}

struct Refused {
    index: usize,
    rejection: Rejection,
    raw: Bytes,
}

/// A request in progress.
pub(super) struct Ingest<'a> {
    service: &'a Service,
    project: Arc<str>,
    body: &'a Bytes,
    groups: HashMap<Box<str>, Group>,
    refused: Vec<Refused>,
    accepted: u64,
    duplicates: u64,
    unknown: u64,
    /// Some of the unknown ones are of sessions that there is no room for.
    no_room: bool,
}

impl<'a> Ingest<'a> {
    pub(super) fn new(service: &'a Service, project: Arc<str>, body: &'a Bytes) -> Self {
        Self {
            service,
            project,
            body,
            groups: HashMap::new(),
            refused: Vec::new(),
            accepted: 0,
            duplicates: 0,
            unknown: 0,
            no_room: false,
        }
    }

    /// Parses an event, which is a slice of the body.
    pub(super) fn add(&mut self, index: usize, event: &str, receipt: Receipt) {
        let (policy, project) = (&self.service.viewer_ids, &self.project);
        match policy.apply(project, event, receipt.created_at_ms) {
            Left::AsSent => self.add_as(index, event, self.body, receipt),
            Left::Rewritten(event) => {
                let raw = Bytes::copy_from_slice(event.as_bytes());
                self.add_as(
                    index,
                    str::from_utf8(&raw).unwrap_or_default(),
                    &raw,
                    receipt,
                );
            }
            Left::Unreadable => {
                let unusable = || Rejection::invalid_json("the event cannot be read");
                let rejection = parse(event, self.body, receipt).err();
                let nothing = Bytes::new();
                self.refuse(index, nothing, rejection.unwrap_or_else(unusable));
            }
        }
    }

    /// The same for what is left of it: `event` is a slice of `raw`.
    fn add_as(&mut self, index: usize, event: &str, raw: &Bytes, receipt: Receipt) {
        match parse(event, raw, receipt) {
            Ok(parsed) => {
                let group = self.groups.entry(parsed.session_id).or_default();
                group.records.push(parsed.record);
                group.indexes.push(index);
            }
            Err(rejection) => {
                let raw = raw.slice_ref(event.as_bytes());
                self.refuse(index, raw, rejection);
            }
        }
    }

    /// Notes an event that cannot be used; `raw` is what was sent, text or not.
    pub(super) fn refuse(&mut self, index: usize, raw: Bytes, rejection: Rejection) {
        self.refused.push(Refused {
            index,
            rejection,
            raw,
        });
    }

    /// Delivers what is usable, keeps what is not, and answers when all of it is committed.
    pub(super) async fn finish(mut self, received_at_ms: i64) -> Result<Reply, Problem> {
        let let_in = match self.let_in() {
            Ok(let_in) => let_in,
            Err(problem) => {
                self.service.metrics.count_unavailable(self.len());
                return Err(problem);
            }
        };
        self.deliver().await;
        drop(let_in);
        self.refused.sort_by_key(|refused| refused.index);
        self.keep_refused(received_at_ms).await;
        self.count();
        if self.no_room {
            return Err(Problem::TooManySessions);
        }
        if self.unknown > 0 {
            return Err(Problem::StorageAway);
        }
        let rejected: Vec<RejectedReply> = self
            .refused
            .iter()
            .map(|refused| RejectedReply::new(refused.index, &refused.rejection))
            .collect();
        let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let (accepted, duplicates) = (count(self.accepted), count(self.duplicates));
        if accepted + duplicates == 0 && !rejected.is_empty() {
            return Err(Problem::AllRejected(rejected));
        }
        Ok(Reply {
            ok: true,
            accepted,
            duplicates,
            rejected,
        })
    }

    /// Lets all events in if they would be committed soon: else none of them is sent on its way.
    fn let_in(&self) -> Result<Vec<LetIn>, Problem> {
        let keys = self.groups.iter().map(|(session_id, group)| {
            let key = SessionKey::new(&self.project, session_id.clone());
            (key, group.records.len())
        });
        let batches: Vec<(SessionKey, usize)> = keys.collect();
        let rows = batches.iter().map(|(key, rows)| (key, *rows));
        Ok(self.service.storage.writer().let_in(rows)?)
    }

    fn len(&self) -> usize {
        let usable = self.groups.values().map(|group| group.records.len());
        usable.sum::<usize>() + self.refused.len()
    }

    async fn deliver(&mut self) {
        let (service, project) = (self.service, &self.project);
        let deliveries = self.groups.drain().map(|(session_id, group)| async move {
            let key = SessionKey::new(project, session_id);
            // Cheap: raw JSON and texts that matter for a refusal are shared with the body.
            let raws: Vec<(Bytes, Box<str>)> = group
                .records
                .iter()
                .map(|record| (record.raw.clone(), record.event.event_id.clone()))
                .collect();
            let fates = match service.registry.deliver(key, group.records).await {
                Some(delivery) => delivery.0,
                None => vec![EventFate::Unknown; raws.len()],
            };
            (group.indexes, raws, fates)
        });
        for (indexes, raws, fates) in join_all(deliveries).await {
            for ((index, (raw, event_id)), fate) in indexes.into_iter().zip(raws).zip(fates) {
                match fate {
                    EventFate::Accepted => self.accepted += 1,
                    EventFate::Duplicate => self.duplicates += 1,
                    EventFate::Unknown => self.unknown += 1,
                    EventFate::NoRoom => {
                        self.unknown += 1;
                        self.no_room = true;
                    }
                    EventFate::Rejected(reason, detail) => {
                        let rejection = Rejection {
                            reason,
                            detail,
                            event_id: Some(event_id),
                        };
                        self.refused.push(Refused {
                            index,
                            rejection,
                            raw,
                        });
                    }
                }
            }
        }
    }

    /// What cannot be kept is not refused: the client sends it again.
    async fn keep_refused(&mut self, received_at_ms: i64) {
        if self.refused.is_empty() {
            return;
        }
        let events = self
            .refused
            .iter()
            .map(|refused| RejectedEvent {
                session_id: readable_session_id(&refused.raw),
                index: refused.index,
                reason: refused.rejection.reason,
                detail: refused.rejection.detail.clone(),
                raw: refused.raw.clone(),
            })
            .collect();
        let project = Arc::clone(&self.project);
        if let Err(error) = self
            .service
            .storage
            .keep_rejected(project, received_at_ms, events)
            .await
        {
            tracing::warn!(%error, "rejected events were not kept");
            self.unknown += u64::try_from(self.refused.len()).unwrap_or(u64::MAX);
            self.refused.clear();
        }
    }

    fn count(&self) {
        let metrics = &self.service.metrics;
        let rejected = u64::try_from(self.refused.len()).unwrap_or(u64::MAX);
        metrics
            .received
            .inc_by(self.accepted + self.duplicates + self.unknown + rejected);
        metrics.accepted.inc_by(self.accepted);
        metrics.duplicates.inc_by(self.duplicates);
        metrics.unavailable.inc_by(self.unknown);
        for refused in &self.refused {
            metrics.count_rejected(refused.rejection.reason, 1);
        }
    }
}
