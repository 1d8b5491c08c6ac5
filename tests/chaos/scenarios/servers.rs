//! What happens to servers: they are killed, asked to stop, and share every session.

use std::time::Duration;

use crate::report::Outcome;
use crate::stage::{Server, Stage, events_of};

/// kill -9 at random moments; it comes back at the same place.
pub async fn killed(stage: &mut Stage<'_>) -> anyhow::Result<Outcome> {
    let (kills, sessions) = stage.amount((3, 150), (20, 1200));
    let url = stage.database()?;
    let mut server = Server::new(stage.folder.path(), &["--database-url", &url]).await?;
    let load = stage.play(&[&server.url()], sessions, &["--duplicate-share", "0.05"])?;
    for moment in stage.moments(kills, events_of(sessions)) {
        load.until_acked(moment).await?;
        stage.pause(Duration::from_millis(200)).await;
        server.kill();
        stage.pause(Duration::from_millis(300)).await;
        server.start().await?;
    }
    let played = load.finish().await?;
    let faults = format!("kill -9 ×{kills}");
    let mut outcome = stage.judge(&mut server, &url, faults, &played).await?;
    outcome.complaints.extend(server.panics());
    server.stop().await?;
    Ok(outcome)
}

/// SIGTERM under load: what is in flight is answered, summaries are written, the exit code is 0.
pub async fn asked_to_stop(stage: &mut Stage<'_>) -> anyhow::Result<Outcome> {
    let (stops, sessions) = stage.amount((1, 80), (3, 800));
    let url = stage.database()?;
    let mut server = Server::new(stage.folder.path(), &["--database-url", &url]).await?;
    let load = stage.play(&[&server.url()], sessions, &[])?;
    let mut longest = Duration::ZERO;
    for moment in stage.moments(stops, events_of(sessions)) {
        load.until_acked(moment).await?;
        longest = longest.max(server.stop().await?);
        server.start().await?;
    }
    let played = load.finish().await?;
    let faults = format!("SIGTERM ×{stops}");
    let mut outcome = stage.judge(&mut server, &url, faults, &played).await?;
    let seconds = longest.as_secs_f64();
    outcome.figures.push(format!("longest stop {seconds:.1} s"));
    outcome.complaints.extend(server.panics());
    server.stop().await?;
    Ok(outcome)
}

pub async fn two(stage: &mut Stage<'_>) -> anyhow::Result<Outcome> {
    shared_by(stage, 2).await
}

pub async fn three(stage: &mut Stage<'_>) -> anyhow::Result<Outcome> {
    shared_by(stage, 3).await
}

/// Several servers on one database; the batches of every session go round them.
async fn shared_by(stage: &mut Stage<'_>, count: usize) -> anyhow::Result<Outcome> {
    let sessions = stage.amount(80, 800);
    let database = stage.database()?;
    let mut servers = Vec::new();
    for _ in 0..count {
        let arguments = ["--database-url", &database];
        servers.push(Server::new(stage.folder.path(), &arguments).await?);
    }
    let urls: Vec<String> = servers.iter().map(Server::url).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let more = ["--duplicate-share", "0.1", "--shuffle"];
    let played = stage.play(&urls, sessions, &more)?.finish().await?;
    let faults = format!("{count} servers, every session on all of them, shuffled");
    let mut last = servers.pop().ok_or_else(|| anyhow::anyhow!("no server"))?;
    let mut outcome = stage.judge(&mut last, &database, faults, &played).await?;
    servers.push(last);
    for mut server in servers {
        outcome.complaints.extend(server.panics());
        server.stop().await?;
    }
    Ok(outcome)
}
