//! A request body: the events of one batch, rendered once, cut into parts only when a server asks.

use std::io::Write as _;
use std::ops::Range;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use uuid::Uuid;

use super::session::Session;

/// How long after its last event a batch leaves the client.
const FLUSH_MS: i64 = 20;

/// Which event it is, for the logs and for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) event_id: Uuid,
    pub(super) timestamp_ms: i64,
}

/// Some events of a session as the JSON of a body.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) session_id: String,
    pub(super) keys: Vec<Key>,
    /// `text/plain`, as a closing page must send it; else `application/json`.
    pub(super) plain_text: bool,
    envelope: Option<i64>,
    json: Vec<u8>,
    /// Where in `json` each event stands.
    spans: Vec<Range<usize>>,
}

impl Batch {
    /// The events of `range`, as their client puts them together: our plugin's in an envelope, the
    /// original client's in an array, or bare when there is one.
    pub(super) fn of(session: &Session, range: Range<usize>) -> serde_json::Result<Self> {
        let sent_ms = session.emit_ms(range.end.saturating_sub(1)) + FLUSH_MS;
        let mut batch = Self {
            session_id: session.id.clone(),
            keys: Vec::with_capacity(range.len()),
            plain_text: false,
            envelope: (!session.original).then(|| session.clock_ms(sent_ms)),
            json: Vec::with_capacity(range.len() * 900),
            spans: Vec::with_capacity(range.len()),
        };
        for event in session.events(range) {
            let begin = batch.json.len();
            serde_json::to_writer(&mut batch.json, &event)?;
            batch.spans.push(begin..batch.json.len());
            batch.json.push(b',');
            batch.plain_text = event.event_type == "SESSION_END";
            batch.keys.push(Key {
                event_id: event.event_id,
                timestamp_ms: event.timestamp,
            });
        }
        Ok(batch)
    }

    /// How many events it holds.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// The body that carries the events of `part`.
    pub(super) fn body(&self, part: Range<usize>) -> Vec<u8> {
        let spans = self.spans.get(part).unwrap_or_default();
        let whole = match (spans.first(), spans.last()) {
            (Some(first), Some(last)) => first.start..last.end,
            _ => 0..0,
        };
        let events = self.json.get(whole).unwrap_or_default();
        match self.envelope {
            Some(sent_ms) => {
                let head = format!("{{\"sentAt\":{sent_ms},\"events\":[");
                [head.as_bytes(), events, b"]}"].concat()
            }
            None if spans.len() == 1 => events.to_vec(),
            None => [b"[", events, b"]"].concat(),
        }
    }
}

/// The body on its way: compressed if asked for.
pub(super) fn encode(body: Vec<u8>, gzip: bool) -> std::io::Result<Bytes> {
    if !gzip {
        return Ok(Bytes::from(body));
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(&body)?;
    encoder.finish().map(Bytes::from)
}
