//! What it costs to tell how it is right now, with 100 000 live sessions: `cargo bench --bench live`.
//!
//! The sessions are real actors on a store that keeps nothing. An answer is asked for when the one
//! before is a second old, so each is made anew: first the overview, which copies what every actor
//! shows, then the counting by a dimension. Beside it, how long a batch of an already live session
//! takes while the overview is made, against when it is not: the two lock the same map.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mimalloc::MiMalloc;
use video_telemetry::qoe::{SessionFold, SessionSummary};
use video_telemetry::session::{
    LIVE_PARAMS, Limits, LiveQuery, Metrics, Registry, Settings, Store,
};
use video_telemetry::storage::event::{EventRecord, Receipt, parse};
use video_telemetry::storage::query::Params;
use video_telemetry::storage::{Batch, Fate, Outcome, Saved, SessionKey, StorageError};

/// The service's own.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const SESSIONS: usize = 100_000;
const ROUNDS: usize = 5;
/// An answer is this second's until then.
const BEAT: Duration = Duration::from_millis(1050);

/// Takes everything and keeps nothing.
struct Nowhere;

impl Store for Nowhere {
    fn write(&self, batch: Arc<Batch>) -> BoxFuture<'static, Result<Outcome, StorageError>> {
        let fates = vec![Fate::New; batch.records.len()];
        let outcome = Outcome {
            fates,
            ambiguous: false,
        };
        async move { Ok(outcome) }.boxed()
    }

    fn save(
        &self,
        _: Arc<SessionKey>,
        _: SessionSummary,
    ) -> BoxFuture<'static, Result<Saved, StorageError>> {
        async { Ok(Saved::Written) }.boxed()
    }

    fn replay(&self, _: Arc<SessionKey>) -> BoxFuture<'static, Result<SessionFold, StorageError>> {
        async { Ok(SessionFold::new()) }.boxed()
    }

    fn is_erased(&self, _: &SessionKey) -> bool {
        false
    }
}

fn main() -> anyhow::Result<()> {
    actix::System::new().block_on(measure())
}

async fn measure() -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    let settings = Settings {
        idle_timeout: Duration::from_secs(3600),
        limits: Limits::default(),
    };
    let metrics = Metrics::new(&mut prometheus_client::registry::Registry::default());
    let registry = Registry::new(Arc::new(Nowhere), settings, metrics);
    for n in 0..SESSIONS {
        registry.deliver(key(n), vec![record(n, 0)?]).await;
    }
    for dimension in [None, Some("browser"), Some("video_id"), Some("viewer_id")] {
        let pairs = dimension.map(|it| ("group_by".to_owned(), it.to_owned()));
        let params = Params::new(pairs.into_iter().collect(), &[LIVE_PARAMS])?;
        let query = LiveQuery::parse(&params)?;
        let (mut took, mut groups) = (Vec::new(), 0);
        for _ in 0..ROUNDS {
            tokio::time::sleep(BEAT).await;
            let begun = Instant::now();
            groups = registry
                .live("default", query)
                .await
                .map_or(0, |it| it.groups);
            took.push(begun.elapsed());
        }
        took.sort();
        let median = took.get(ROUNDS / 2).copied().unwrap_or_default();
        let name = dimension.unwrap_or("(in total)");
        writeln!(out, "{name:<12} {median:>10.1?}   {groups} groups")?;
    }
    let params = Params::new(Vec::new(), &[LIVE_PARAMS])?;
    let query = LiveQuery::parse(&params)?;
    tokio::time::sleep(BEAT).await;
    let alone = longest_delivery(&registry, async { tokio::time::sleep(BEAT / 4).await }).await?;
    tokio::time::sleep(BEAT).await;
    let beside = longest_delivery(&registry, async {
        registry.live("default", query).await;
    });
    let beside = beside.await?;
    writeln!(
        out,
        "longest delivery: alone {alone:.1?}, beside an overview {beside:.1?}"
    )?;
    Ok(())
}

/// Delivers events one after the other for as long as something else goes on.
async fn longest_delivery(
    registry: &Arc<Registry>,
    meanwhile: impl Future<Output = ()>,
) -> anyhow::Result<Duration> {
    let mut longest = Duration::ZERO;
    let mut meanwhile = std::pin::pin!(meanwhile);
    for n in 0.. {
        let session = n * 7919 % SESSIONS;
        let records = vec![record(session, n + 1)?];
        let begun = Instant::now();
        registry.deliver(key(session), records).await;
        longest = longest.max(begun.elapsed());
        if futures_util::poll!(&mut meanwhile).is_ready() {
            break;
        }
    }
    Ok(longest)
}

fn key(n: usize) -> SessionKey {
    SessionKey::new(&"default".into(), format!("session-{n}"))
}

fn record(session: usize, event: usize) -> anyhow::Result<EventRecord> {
    let browser = ["Chrome", "Safari", "Firefox", "Edge"]
        .get(session % 4)
        .copied()
        .unwrap_or_default();
    let json = format!(
        r#"{{"sessionId":"session-{session}","eventId":"e{event}","viewerId":"viewer-{session}",
        "eventType":"SESSION_START","timestamp":{},"device":{{"browser":"{browser}","os":"Linux"}},
        "video":{{"id":"video-{}"}}}}"#,
        1_795_392_460_000_usize + event,
        session % 500
    );
    let receipt = Receipt {
        created_at_ms: 1_795_392_460_000,
        sent_at_ms: None,
    };
    let raw = Bytes::from(json.clone());
    let parsed = parse(&json, &raw, receipt);
    Ok(parsed.map_err(|error| anyhow::anyhow!("{error:?}"))?.record)
}
