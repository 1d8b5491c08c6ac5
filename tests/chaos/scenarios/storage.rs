//! What happens to PostgreSQL: it is stopped, and has no connection left.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rand::RngExt as _;
use rustix::process::{Signal, kill_process};
use video_telemetry::storage::cluster::PrivateCluster;

use crate::load::events_of;
use crate::postgresql::{Hog, connect, postmaster, started_again};
use crate::process::private_url;
use crate::report::Outcome;
use crate::stage::{Server, Stage};

const PATIENCE: Duration = Duration::from_secs(30);
const TICK: Duration = Duration::from_millis(100);
/// Of the small cluster, three of which are kept for administrators.
const CONNECTIONS: usize = 25;

/// A server with a private cluster, and the cluster's folder.
pub async fn with_private_cluster(stage: &Stage<'_>) -> anyhow::Result<(Server, PathBuf, String)> {
    let data_dir = stage.folder.path().join("data");
    let path = data_dir.to_str().context("a plain path")?;
    let server = Server::new(stage.folder.path(), &["--data-dir", path]).await?;
    let url = private_url(&data_dir);
    Ok((server, data_dir.join("postgresql"), url))
}

/// Immediate stops and fast ones, at random moments; the server starts it again.
pub async fn stopped(stage: &mut Stage<'_>) -> anyhow::Result<Outcome> {
    let (immediate, fast, sessions) = stage.amount((1, 1, 80), (5, 2, 1500));
    let (mut server, pgdata, url) = with_private_cluster(stage).await?;
    let load = stage.play(&[&server.url()], sessions, &[])?;
    let mut signals = vec![Signal::QUIT; immediate];
    for _ in 0..fast {
        let at = stage.dice.random_range(0..=signals.len());
        signals.insert(at, Signal::INT);
    }
    let moments = stage.moments(signals.len(), events_of(sessions));
    for (moment, signal) in moments.into_iter().zip(signals) {
        load.until_acked(moment).await?;
        let before = postmaster(&pgdata)?;
        kill_process(before, signal)?;
        started_again(&pgdata, before).await?;
    }
    let played = load.finish().await?;
    let faults = format!("immediate stop ×{immediate}, restart ×{fast}");
    let mut outcome = stage.judge(&mut server, &url, faults, &played).await?;
    outcome.complaints.extend(server.panics());
    server.stop().await?;
    Ok(outcome)
}

/// The status of a GET, which must not take long.
pub async fn status(stage: &Stage<'_>, server: &Server, path: &str) -> anyhow::Result<u16> {
    let request = stage.http.get(format!("{}{path}", server.url()));
    let asked = request.timeout(Duration::from_secs(5)).send().await;
    Ok(asked
        .with_context(|| format!("{path} hangs"))?
        .status()
        .as_u16())
}

/// Waits until the server says that it is ready.
pub async fn ready(stage: &Stage<'_>, server: &Server) -> anyhow::Result<()> {
    let begun = Instant::now();
    while status(stage, server, "/readyz").await? != 200 {
        ensure!(begun.elapsed() < PATIENCE, "not ready after {PATIENCE:?}");
        tokio::time::sleep(TICK).await;
    }
    Ok(())
}

/// Somebody takes all connections, ours too, keeps them for some seconds, and lets go.
pub async fn exhausted(stage: &mut Stage<'_>) -> anyhow::Result<Outcome> {
    let (seconds, sessions) = stage.amount((2, 80), (10, 600));
    // On a thread of its own, since starting a cluster blocks. It keeps running what it started.
    let cluster = tokio::task::spawn_blocking(PrivateCluster::temporary).await??;
    let url = cluster.database_url();
    let lower = format!("ALTER SYSTEM SET max_connections = {CONNECTIONS}");
    connect(&url).await?.batch_execute(&lower).await?;
    let before = postmaster(&cluster.pgdata())?;
    kill_process(before, Signal::INT)?;
    started_again(&cluster.pgdata(), before).await?;
    let mut server = Server::new(stage.folder.path(), &["--database-url", &url]).await?;
    let load = stage.play(&[&server.url()], sessions, &[])?;
    let moment = stage.moments(1, events_of(sessions))[0];
    load.until_acked(moment).await?;
    let hog = Hog::of(&url).await?;
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let taken = hog.connections();
    drop(hog);
    let played = load.finish().await?;
    ready(stage, &server).await?;
    server.check_counters(&stage.http).await?;
    let faults = format!("all {taken} connections taken for {seconds} s");
    let mut outcome = stage.judge(&mut server, &url, faults, &played).await?;
    if played.report["retries_by_reason"]["http_503"].is_null() {
        outcome.complaints.push("no player noticed".to_owned());
    }
    outcome.complaints.extend(server.panics());
    server.stop().await?;
    tokio::task::spawn_blocking(|| cluster.stop()).await??;
    Ok(outcome)
}
