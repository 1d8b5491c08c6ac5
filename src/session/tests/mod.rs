//! The session layer on a store in memory, most of it on a paused clock.

mod conflicts;
mod drain;
mod erasing;
mod events;
mod failures;
mod leaving;
mod limits;
mod live;
mod looking;
mod memory;
mod panics;
mod script;
mod stress;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry as Prometheus;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use self::memory::MemoryStore;
use self::script::{PATIENCE, Script};
use super::{Delivery, EventFate, Limits, Metrics, Registry, Settings, sweep};
use crate::storage::SessionKey;
use crate::storage::event::{EventRecord, Reason, Receipt, parse};

/// A session is idle after this; the sweeper looks every tenth of it.
const IDLE: Duration = Duration::from_secs(10);
/// By then the sweeper has seen that a session is idle, and its actor has done what it had to.
const IDLE_AND_SWEPT: Duration = Duration::from_millis(11_500);
/// Long enough for everything that is under way, much shorter than `IDLE`.
const MOMENT: Duration = Duration::from_millis(1);

/// A session layer on a store in memory.
struct World {
    store: MemoryStore,
    registry: Arc<Registry>,
    prometheus: Prometheus,
}

impl World {
    /// On a paused clock, with a sweeper.
    fn paused() -> Self {
        tokio::time::pause();
        let world = Self::new(Script::default(), IDLE);
        actix::spawn(sweep(Arc::clone(&world.registry)));
        world
    }

    fn new(script: Script, idle_timeout: Duration) -> Self {
        Self::limited(script, idle_timeout, Limits::default())
    }

    fn limited(script: Script, idle_timeout: Duration, limits: Limits) -> Self {
        let settings = Settings {
            idle_timeout,
            limits,
        };
        let store = MemoryStore::new(script);
        let mut prometheus = Prometheus::default();
        let metrics = Metrics::new(&mut prometheus);
        let registry = Registry::new(Arc::new(store.clone()), settings, metrics);
        Self {
            store,
            registry,
            prometheus,
        }
    }

    /// Sends events of session `name` and waits for their fates.
    async fn send(&self, name: &str, events: Vec<EventRecord>) -> Vec<EventFate> {
        let delivery = self.registry.deliver(key(name), events);
        let told = timeout(PATIENCE, delivery)
            .await
            .expect("it is told in time");
        told.expect("it can be told").0
    }

    /// Sends events without waiting.
    fn post(&self, name: &str, events: Vec<EventRecord>) -> JoinHandle<Option<Delivery>> {
        let (registry, key) = (Arc::clone(&self.registry), key(name));
        actix::spawn(async move { registry.deliver(key, events).await })
    }

    fn is_live(&self, name: &str) -> bool {
        self.registry.contains(&key(name))
    }

    /// Waits until a session has no actor.
    async fn gone(&self, name: &str) {
        self.gone_within(name, PATIENCE).await;
    }

    async fn gone_within(&self, name: &str, patience: Duration) {
        eventually_within(patience, "the session leaves", || !self.is_live(name)).await;
    }

    /// Asserts that a session has `events` rows and that its summary is the fold of them.
    fn check(&self, name: &str, events: usize) {
        let stored = self.store.stored(&key(name));
        assert_eq!(stored.rows.len(), events, "rows of {name}");
        let summary = stored.summary.as_ref();
        assert_eq!(summary, Some(&stored.fold().summary()), "summary of {name}");
    }

    /// The value of a metric as the server shows it.
    fn metric(&self, line_start: &str) -> u64 {
        let mut text = String::new();
        encode(&mut text, &self.prometheus).unwrap();
        let mut lines = text.lines();
        let value = lines.find_map(|line| line.strip_prefix(line_start)?.strip_prefix(' '));
        value.expect("the metric is shown").parse().unwrap()
    }

    fn summaries(&self, outcome: &str) -> u64 {
        self.metric(&format!("summaries_total{{outcome=\"{outcome}\"}}"))
    }
}

/// Waits for a condition, in bounds.
async fn eventually(what: &str, condition: impl Fn() -> bool) {
    eventually_within(PATIENCE, what, condition).await;
}

async fn eventually_within(patience: Duration, what: &str, condition: impl Fn() -> bool) {
    let poll = Duration::from_millis(5);
    for _ in 0..patience.as_millis() / poll.as_millis() {
        if condition() {
            return;
        }
        sleep(poll).await;
    }
    panic!("waited in vain: {what}");
}

fn key(name: &str) -> SessionKey {
    SessionKey::new(&"default".into(), name)
}

/// The `n`th event of a session, 100 ms after the one before.
fn event(n: usize) -> EventRecord {
    named(&format!("e{n:06}"), n)
}

/// An event that the database refuses.
fn poison(n: usize) -> EventRecord {
    named(&format!("{}{n:06}", memory::POISON), n)
}

fn events(numbers: impl IntoIterator<Item = usize>) -> Vec<EventRecord> {
    numbers.into_iter().map(event).collect()
}

fn named(id: &str, n: usize) -> EventRecord {
    static KINDS: LazyLock<Vec<EventRecord>> = LazyLock::new(|| {
        let kinds = [
            "PLAY",
            "FIRST_FRAME",
            "BUFFER_START",
            "BUFFER_END",
            "PAUSE",
            "HEARTBEAT",
        ];
        kinds.map(template).into()
    });
    let mut record = KINDS[n % KINDS.len()].clone();
    record.event.event_id = id.into();
    record.event.timestamp_ms += i64::try_from(n).unwrap() * 100;
    record
}

fn template(kind: &str) -> EventRecord {
    let json = format!(
        r#"{{"sessionId":"s","eventId":"e","eventType":"{kind}","timestamp":1700000000000}}"#
    );
    let receipt = Receipt {
        created_at_ms: 1_700_000_000_000,
        sent_at_ms: None,
    };
    let raw = Bytes::from(json);
    let parsed = parse(str::from_utf8(&raw).unwrap(), &raw, receipt);
    parsed.unwrap().record
}

/// The fates by their letters: accepted, duplicate, rejected, unknown.
fn letters(fates: &[EventFate]) -> String {
    let letter = |fate: &EventFate| match fate {
        EventFate::Accepted => 'A',
        EventFate::Duplicate => 'D',
        EventFate::Rejected(Reason::SessionFull, _) => 'F',
        EventFate::Rejected(Reason::Erased, _) => 'E',
        EventFate::Rejected(..) => 'R',
        EventFate::Unknown => 'U',
        EventFate::NoRoom => 'N',
    };
    fates.iter().map(letter).collect()
}
