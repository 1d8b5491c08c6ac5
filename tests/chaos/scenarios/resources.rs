//! What runs out: the disk. And what must not grow: memory.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::storage::ready;
use crate::Impossible;
use crate::disk::Disk;
use crate::load::events_of;
use crate::process::private_url;
use crate::report::Outcome;
use crate::stage::{Server, Stage};

/// What the service may grow by once it has warmed up.
const BUDGET_MIB: f64 = 48.0;
const MIB: f64 = 1024.0 * 1024.0;
const TICK: Duration = Duration::from_millis(100);

/// No space is left, then there is again.
pub async fn disk_full(stage: &mut Stage<'_>) -> anyhow::Result<Outcome> {
    let (seconds, sessions) = stage.amount((2, 80), (10, 600));
    let disk = Disk::mount(&stage.folder("disk")?).map_err(Impossible)?;
    let data_dir = disk.folder.join("data");
    let path = data_dir.to_str().context("a plain path")?;
    let mut server = Server::new(stage.folder.path(), &["--data-dir", path]).await?;
    let load = stage.play(&[&server.url()], sessions, &[])?;
    let moment = stage.moments(1, events_of(sessions))[0];
    load.until_acked(moment).await?;
    let ballast = disk.fill()?;
    // Pages that a table has already can still be written, and so can a log file that is there.
    let (acked, begun) = (load.acked(), Instant::now());
    while begun.elapsed() < Duration::from_secs(seconds) {
        tokio::time::sleep(TICK).await;
    }
    let while_full = load.acked() - acked;
    let mib = ballast.size_mib();
    drop(ballast);
    let played = load.finish().await?;
    ready(stage, &server).await?;
    let url = private_url(&data_dir);
    let faults = format!("disk full for {seconds} s ({mib} MiB of ballast)");
    let mut outcome = stage.judge(&mut server, &url, faults, &played).await?;
    outcome
        .figures
        .push(format!("{while_full} acked while full"));
    if played.report["retries"] == 0 {
        outcome.complaints.push("no player noticed".to_owned());
    }
    outcome.complaints.extend(server.panics());
    server.stop().await?;
    Ok(outcome)
}

/// Sessions come and go at a constant rate.
pub async fn memory(stage: &mut Stage<'_>) -> anyhow::Result<Outcome> {
    let (seconds, rate) = stage.amount((5, 20), (75, 60));
    let url = stage.database()?;
    let mut server = Server::new(stage.folder.path(), &["--database-url", &url]).await?;
    let rate_per_second = rate.to_string();
    // Ten minutes of watching take a second.
    let more = ["--rate", &rate_per_second, "--speed", "600"];
    let load = stage.play(&[&server.url()], seconds * rate, &more)?;
    let (begun, warm) = (
        Instant::now(),
        Duration::from_secs_f64(seconds as f64 / 3.0),
    );
    let (mut start, mut peak, mut end) = (0.0_f64, 0.0_f64, 0.0);
    while begun.elapsed().as_secs_f64() < seconds as f64 {
        end = resident_bytes(server.id()?)? / MIB;
        peak = peak.max(end);
        if begun.elapsed() < warm {
            start = start.max(end);
        }
        tokio::time::sleep(TICK).await;
    }
    let played = load.finish().await?;
    let faults = format!("{rate} sessions/s come and go for {seconds} s");
    server.check_counters(&stage.http).await?;
    let mut outcome = stage.judge(&mut server, &url, faults, &played).await?;
    outcome.figures.push(format!(
        "RSS {start:.0} MiB warm, {peak:.0} at most, {end:.0} at the end, budget +{BUDGET_MIB:.0}"
    ));
    if peak > start + BUDGET_MIB {
        outcome
            .complaints
            .push(format!("memory grew from {start:.0} to {peak:.0} MiB"));
    }
    let live = server
        .metric(&stage.http, "telemetry_live_sessions")
        .await?;
    if live > 0.0 {
        outcome
            .complaints
            .push(format!("{live} sessions are live with no player left"));
    }
    outcome.complaints.extend(server.panics());
    server.stop().await?;
    Ok(outcome)
}

fn resident_bytes(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line
        .and_then(|line| line.split_whitespace().next())
        .context("no VmRSS")?;
    Ok(kib.parse::<f64>()? * 1024.0)
}
