//! What players and the network between do: duplicates, disorder, late events, wrong clocks, events
//! that cannot be stored; and latency, cuts, answers that never arrive.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::json;
use video_telemetry::session::clock;

use crate::judge::Judge;
use crate::own::Player;
use crate::proxy::{Proxy, Weather};
use crate::report::Outcome;
use crate::stage::{Server, Stage};

const PATIENCE: Duration = Duration::from_secs(60);

/// Everything twice and in any order, clocks wrong by years, most events after the summary was
/// written, and some that no database can hold among good ones.
pub async fn unreliable(stage: &mut Stage<'_>) -> anyhow::Result<Outcome> {
    let sessions = stage.amount(80, 800);
    let url = stage.database()?;
    let mut server = Server::new(stage.folder.path(), &["--database-url", &url]).await?;
    let begin = (clock::now() - Duration::from_secs(3600)).to_rfc3339();
    let mut more = vec!["--clock-skew", "5years", "--start-time", &begin];
    more.extend(["--duplicate-share", "0.2", "--shuffle"]);
    let few = [&more[..], &["--events-per-session", "5"]].concat();
    stage
        .play(&[&server.url()], sessions, &few)?
        .finish()
        .await?;
    let judge = Judge::at(&url).await.map_err(anyhow::Error::msg)?;
    let early = judge
        .without_summary(PATIENCE)
        .await
        .map_err(anyhow::Error::msg)?;
    ensure!(
        early.is_empty(),
        "no summary before the late events: {early:?}"
    );
    // The same sessions whole: the first five events of each are known, the others come late.
    let load = stage.play(&[&server.url()], sessions, &more)?;
    send_poison(stage, &server).await?;
    let played = load.finish().await?;
    let faults = "20 % duplicates, shuffled, late, clocks wrong by ±5 years".to_owned();
    server.check_counters(&stage.http).await?;
    let mut outcome = stage.judge(&mut server, &url, faults, &played).await?;
    outcome
        .figures
        .push(format!("{} rejected", outcome.findings.rejected));
    let duplicates = played.report["events"]["duplicates"].as_u64();
    let duplicates = duplicates.context("a report without duplicates")?;
    ensure!(duplicates > 0, "the late players sent nothing twice");
    outcome.figures.push(format!("{duplicates} duplicates"));
    outcome.complaints.extend(server.panics());
    server.stop().await?;
    Ok(outcome)
}

/// Events that cannot be stored, each between two that can.
async fn send_poison(stage: &mut Stage<'_>, server: &Server) -> anyhow::Result<()> {
    let logs = stage.folder("own")?;
    stage.logs.push(logs.clone());
    let mut player = Player::new(&stage.http, &server.url(), &logs)?;
    for poison in [r#""\u0000""#, "1e400", r#""\ud800""#, "1e131072"] {
        let mut events = [player.event(), player.event(), player.event()];
        events[1]["poison"] = json!("POISON");
        let texts = events.each_ref().map(ToString::to_string);
        let body = format!("[{}]", texts.join(",")).replace(r#""POISON""#, poison);
        let answer = player.post_text(&events, &body).await?;
        ensure!(
            answer.status == 200,
            "{poison}: {} {}",
            answer.status,
            answer.body
        );
        let rejected = answer.body["rejected"].as_array().map(Vec::len);
        ensure!(rejected == Some(1), "{poison}: {}", answer.body);
    }
    Ok(())
}

/// Players that come one after the other until every fault was there.
const ROUNDS: usize = 10;

/// A bad network on both sides of the server.
pub async fn network(stage: &mut Stage<'_>) -> anyhow::Result<Outcome> {
    let sessions = stage.amount(50, 500);
    let url = stage.database()?;
    let to_storage = Proxy::to(&url).await;
    let arguments = ["--database-url", &to_storage.url()];
    let mut server = Server::new(stage.folder.path(), &arguments).await?;
    let address = server.url().replace("http://", "").parse()?;
    let to_server = Proxy::to_http(address).await;
    to_storage.set(Weather {
        delay: Duration::from_millis(2),
        jitter: Duration::from_millis(10),
        cut_chance: 0.02,
        lose_chance: 0.1,
        ..Weather::default()
    });
    to_server.set(Weather {
        delay: Duration::from_millis(5),
        jitter: Duration::from_millis(30),
        cut_chance: 0.01,
        lose_chance: 0.02,
        ..Weather::default()
    });
    let through = format!("http://{}", to_server.address);
    let mut played = stage.play(&[&through], sessions, &[])?.finish().await?;
    // By chance a network is good for a while.
    for _again in 0..ROUNDS {
        let ((cuts, lost), (player_cuts, player_lost)) = (to_storage.counts(), to_server.counts());
        if cuts > 0 && lost > 0 && player_cuts > 0 && player_lost > 0 {
            break;
        }
        played = stage.play(&[&through], sessions, &[])?.finish().await?;
    }
    to_storage.mend();
    to_server.mend();
    let (cuts, lost) = to_storage.counts();
    let (player_cuts, player_lost) = to_server.counts();
    let faults = format!(
        "latency, {} cuts, {lost} commits and {player_lost} replies unheard",
        cuts + player_cuts
    );
    server.check_counters(&stage.http).await?;
    let mut outcome = stage.judge(&mut server, &url, faults, &played).await?;
    if cuts == 0 || lost == 0 || player_cuts == 0 || player_lost == 0 {
        outcome
            .complaints
            .push("the network was too good".to_owned());
    }
    outcome.complaints.extend(server.panics());
    server.stop().await?;
    Ok(outcome)
}
