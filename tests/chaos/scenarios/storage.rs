//! What happens to PostgreSQL: it is stopped, frozen, and has no connection left.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures_util::TryStreamExt as _;
use futures_util::stream::FuturesUnordered;
use rand::RngExt as _;
use rustix::process::{Signal, kill_process};
use video_telemetry::storage::cluster::PrivateCluster;

use crate::own::{Answer, Player};
use crate::postgresql::{Frozen, Hog, connect, postmaster, started_again};
use crate::process::private_url;
use crate::report::Outcome;
use crate::stage::{Server, Stage, events_of};

const PATIENCE: Duration = Duration::from_secs(30);
const TICK: Duration = Duration::from_millis(100);
/// Of the small cluster, three of which are kept for administrators.
const CONNECTIONS: usize = 25;

/// A server with a private cluster, and the cluster's folder.
async fn with_private_cluster(stage: &Stage<'_>) -> anyhow::Result<(Server, PathBuf, String)> {
    let data_dir = stage.folder.path().join("data");
    let path = data_dir.to_str().context("a plain path")?;
    let server = Server::new(stage.folder.path(), &["--data-dir", path]).await?;
    let url = private_url(&data_dir);
    Ok((server, data_dir.join("postgresql"), url))
}

/// Immediate stops and fast ones, at random moments; the server starts it again.
pub async fn stopped(stage: &mut Stage<'_>) -> anyhow::Result<Outcome> {
    let (immediate, fast, sessions) = stage.amount((1, 1, 100), (5, 2, 3000));
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

/// SIGSTOP of all its processes: sockets stay open and nothing answers.
pub async fn frozen(stage: &mut Stage<'_>) -> anyhow::Result<Outcome> {
    let (seconds, sessions) = stage.amount((8, 100), (30, 1500));
    let (mut server, pgdata, url) = with_private_cluster(stage).await?;
    let load = stage.play(&[&server.url()], sessions, &[])?;
    let moment = stage.moments(1, events_of(sessions))[0];
    load.until_acked(moment).await?;
    let logs = stage.folder("own")?;
    stage.logs.push(logs.clone());
    let frozen = Frozen::all_of(&pgdata)?;
    let mut watch = Watch::default();
    let begun = Instant::now();
    let asking = async {
        let asked = FuturesUnordered::new();
        while begun.elapsed() < Duration::from_secs(seconds) {
            let mut player = Player::new(&stage.http, &server.url(), &logs)?;
            asked.push(async move {
                let event = player.event();
                player.post(&[event]).await
            });
            tokio::time::sleep(TICK * 3).await;
        }
        let answers: Vec<Answer> = asked.try_collect().await?;
        let odd = answers.iter().find(|it| ![200, 503].contains(&it.status));
        ensure!(
            odd.is_none(),
            "a frozen PostgreSQL was answered otherwise than by 503"
        );
        anyhow::Ok(answers)
    };
    let looking = watch.look(stage, &server, Duration::from_secs(seconds));
    let thawing = async {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        drop(frozen);
        Instant::now()
    };
    let (answers, looked, thawed) = tokio::join!(asking, looking, thawing);
    looked?;
    ready(stage, &server).await?;
    let ready_after = thawed.elapsed();
    let played = load.finish().await?;
    let faults = format!("SIGSTOP for {seconds} s");
    let mut outcome = stage.judge(&mut server, &url, faults, &played).await?;
    match answers {
        Ok(answers) => outcome.figures.push(quickness(&answers)),
        Err(error) => outcome.complaints.push(format!("{error:#}")),
    }
    let ready_after = ready_after.as_secs_f64();
    outcome
        .figures
        .push(format!("ready again after {ready_after:.1} s"));
    if !watch.was_unready {
        outcome
            .complaints
            .push("/readyz never said that storage is away".to_owned());
    }
    let healthz = watch.slowest.as_secs_f64() * 1000.0;
    outcome
        .figures
        .push(format!("/healthz within {healthz:.0} ms"));
    outcome.complaints.extend(server.panics());
    server.stop().await?;
    Ok(outcome)
}

/// How soon players were refused. The first to meet the frozen server wait for what becomes of their
/// events, which is the longest that anybody waits.
fn quickness(answers: &[Answer]) -> String {
    let refused = answers.iter().filter(|answer| answer.status == 503);
    let mut refused: Vec<Duration> = refused.map(|answer| answer.after).collect();
    refused.sort_unstable();
    let ms = |at: Option<&Duration>| at.map_or(0.0, |took| took.as_secs_f64() * 1000.0);
    format!(
        "503 ×{} within {:.0} ms, half of them {:.0} ms",
        refused.len(),
        ms(refused.last()),
        ms(refused.get(refused.len() / 2)),
    )
}

/// What probes saw meanwhile.
#[derive(Default)]
struct Watch {
    was_unready: bool,
    slowest: Duration,
}

impl Watch {
    async fn look(
        &mut self,
        stage: &Stage<'_>,
        server: &Server,
        during: Duration,
    ) -> anyhow::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < during {
            let asked = Instant::now();
            ensure!(
                status(stage, server, "/healthz").await? == 200,
                "/healthz fails"
            );
            self.slowest = self.slowest.max(asked.elapsed());
            self.was_unready |= status(stage, server, "/readyz").await? == 503;
            tokio::time::sleep(TICK).await;
        }
        Ok(())
    }
}

async fn status(stage: &Stage<'_>, server: &Server, path: &str) -> anyhow::Result<u16> {
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
    let (seconds, sessions) = stage.amount((3, 100), (10, 1000));
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
    let faults = format!("all {taken} connections taken for {seconds} s");
    let mut outcome = stage.judge(&mut server, &url, faults, &played).await?;
    if played.report["retries_by_reason"]["http_503"].is_null() {
        outcome.complaints.push("no player noticed".to_owned());
    }
    outcome.complaints.extend(server.panics());
    server.check_counters(&stage.http).await?;
    server.stop().await?;
    tokio::task::spawn_blocking(|| cluster.stop()).await??;
    Ok(outcome)
}
