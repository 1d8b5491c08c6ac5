//! A finished session as the server would have it: its events parsed, and their fold.

use anyhow::anyhow;
use bytes::Bytes;

use super::super::session::Session;
use crate::qoe::{self, Event, SessionSummary};
use crate::storage::event::{EventRecord, Receipt, parse};

/// A client sends what it has so often, ms of its own time.
const FLUSH_EVERY_MS: i64 = 10_000;
/// From the client to the server, ms.
const TRANSIT_MS: i64 = 40;

/// A session's events in the order of sending.
pub(super) struct Finished {
    pub(super) id: Box<str>,
    pub(super) records: Vec<EventRecord>,
}

impl Finished {
    /// Has the session's events parsed like those of a request.
    pub(super) fn new(session: &Session) -> anyhow::Result<Self> {
        let last_ms = session.emit_ms(session.len().saturating_sub(1));
        let mut records = Vec::with_capacity(session.len());
        for (index, event) in session.events(0..session.len()).enumerate() {
            let emit_ms = session.emit_ms(index);
            let flush_ms =
                (emit_ms - emit_ms.rem_euclid(FLUSH_EVERY_MS) + FLUSH_EVERY_MS).min(last_ms);
            let raw = Bytes::from(serde_json::to_vec(&event)?);
            records.push(record(&raw, receipt(session, flush_ms))?);
        }
        Ok(Self {
            id: session.id.as_str().into(),
            records,
        })
    }

    /// What the fold says of it.
    pub(super) fn summary(&self) -> SessionSummary {
        let events: Vec<Event> = self.records.iter().map(|r| r.event.clone()).collect();
        qoe::fold(events).summary()
    }
}

fn receipt(session: &Session, flush_ms: i64) -> Receipt {
    Receipt {
        created_at_ms: session.true_ms(flush_ms) + TRANSIT_MS,
        sent_at_ms: (!session.original).then(|| session.clock_ms(flush_ms)),
    }
}

fn record(raw: &Bytes, receipt: Receipt) -> anyhow::Result<EventRecord> {
    let parsed = parse(str::from_utf8(raw)?, raw, receipt);
    let parsed = parsed
        .map_err(|rejection| anyhow!("a simulated event was rejected: {}", rejection.detail))?;
    Ok(parsed.record)
}
