//! PostgreSQL is frozen: its sockets stay open, and nothing answers.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::task::JoinSet;

use super::storage::{ready, status, with_private_cluster};
use crate::own::{Answer, Player};
use crate::postgresql::Frozen;
use crate::report::Outcome;
use crate::stage::{Server, Stage, events_of};

const TICK: Duration = Duration::from_millis(100);
/// Between players that come meanwhile.
const NEXT_PLAYER: Duration = Duration::from_millis(300);

/// SIGSTOP of all its processes: players get 503, nothing hangs, and all is well again by itself.
pub async fn frozen(stage: &mut Stage<'_>) -> anyhow::Result<Outcome> {
    let (seconds, sessions) = stage.amount((8, 100), (30, 800));
    let during = Duration::from_secs(seconds);
    let (mut server, pgdata, url) = with_private_cluster(stage).await?;
    let load = stage.play(&[&server.url()], sessions, &[])?;
    let moment = stage.moments(1, events_of(sessions))[0];
    load.until_acked(moment).await?;
    let logs = stage.folder("own")?;
    stage.logs.push(logs.clone());
    let frozen = Frozen::all_of(&pgdata)?;
    let thawing = async {
        tokio::time::sleep(during).await;
        drop(frozen);
        Instant::now()
    };
    let (answers, watched, thawed) = tokio::join!(
        ask(stage, &server, &logs, during),
        watch(stage, &server, during),
        thawing
    );
    ready(stage, &server).await?;
    let ready_after = thawed.elapsed().as_secs_f64();
    let played = load.finish().await?;
    let faults = format!("SIGSTOP for {seconds} s");
    let mut outcome = stage.judge(&mut server, &url, faults, &played).await?;
    outcome.figures.push(quickness(&answers?));
    let slowest = watched?.as_secs_f64() * 1000.0;
    outcome.figures.extend([
        format!("ready again after {ready_after:.1} s"),
        format!("/healthz within {slowest:.0} ms"),
    ]);
    outcome.complaints.extend(server.panics());
    server.stop().await?;
    Ok(outcome)
}

/// Players that come one after the other and wait for their answers. None may wait for ever.
async fn ask(
    stage: &Stage<'_>,
    server: &Server,
    logs: &Path,
    during: Duration,
) -> anyhow::Result<Vec<Answer>> {
    let begun = Instant::now();
    let mut asked = JoinSet::new();
    while begun.elapsed() < during {
        let mut player = Player::new(&stage.http, &server.url(), logs)?;
        asked.spawn(async move {
            let event = player.event();
            player.post(&[event]).await
        });
        tokio::time::sleep(NEXT_PLAYER).await;
    }
    let answers: Vec<anyhow::Result<Answer>> = asked.join_all().await;
    let answers = answers.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    let refused = answers.iter().filter(|answer| answer.status == 503);
    ensure!(
        refused.count() > 0,
        "no player was told that storage is away"
    );
    let odd = answers.iter().find(|it| ![200, 503].contains(&it.status));
    ensure!(odd.is_none(), "players were answered otherwise than by 503");
    Ok(answers)
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

/// What probes see meanwhile: the server lives, and says at some time that storage is away. The
/// slowest answer.
async fn watch(stage: &Stage<'_>, server: &Server, during: Duration) -> anyhow::Result<Duration> {
    let (begun, mut slowest, mut was_unready) = (Instant::now(), Duration::ZERO, false);
    while begun.elapsed() < during {
        let asked = Instant::now();
        ensure!(
            status(stage, server, "/healthz").await? == 200,
            "/healthz fails"
        );
        slowest = slowest.max(asked.elapsed());
        was_unready |= status(stage, server, "/readyz").await? == 503;
        tokio::time::sleep(TICK).await;
    }
    ensure!(was_unready, "/readyz never said that storage is away");
    Ok(slowest)
}
