//! Players under way, and the longest time they got nothing acked.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::process::Simulation;

/// Nothing a scenario waits for takes longer.
const PATIENCE: Duration = Duration::from_secs(120);
const TICK: Duration = Duration::from_millis(10);

/// What is seen of the players from outside.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    acked: usize,
    longest_gap: Duration,
    ended: bool,
}

/// `simulate` under way; dropping it kills it.
pub struct Load {
    simulation: Arc<Mutex<Option<Simulation>>>,
    seen: Arc<Mutex<Seen>>,
    watcher: JoinHandle<()>,
}

/// What the players report at their end.
pub struct Played {
    pub report: Value,
    pub outage: Duration,
}

impl Played {
    /// Whatever happens to a server, a player may only see that it is away or says so.
    pub fn odd_retries(&self) -> Vec<String> {
        const FINE: [&str; 4] = ["http_503", "not_connected", "connection_lost", "timeout"];
        let reasons = self.report["retries_by_reason"].as_object();
        let odd = reasons.into_iter().flatten();
        odd.filter(|(why, _)| !FINE.contains(&why.as_str()))
            .map(|(why, count)| format!("{count} requests were answered {why}"))
            .collect()
    }
}

impl Load {
    /// Starts players; their logs go into `folder`.
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let simulation = Simulation::start(folder, arguments);
        let simulation = Arc::new(Mutex::new(Some(simulation)));
        let seen = Arc::<Mutex<Seen>>::default();
        let watcher = tokio::spawn(watch(Arc::clone(&simulation), Arc::clone(&seen)));
        Self {
            simulation,
            seen,
            watcher,
        }
    }

    /// Events acked so far.
    pub fn acked(&self) -> usize {
        self.seen().acked
    }

    fn seen(&self) -> Seen {
        *self.seen.lock().unwrap()
    }

    /// Waits until so many events are acked.
    pub async fn until_acked(&self, at_least: usize) -> anyhow::Result<()> {
        let begun = Instant::now();
        while self.acked() < at_least {
            ensure!(
                !self.seen().ended,
                "the players ended before {at_least} events"
            );
            ensure!(
                begun.elapsed() < PATIENCE,
                "{} of {at_least} events are acked after {PATIENCE:?}",
                self.acked()
            );
            tokio::time::sleep(TICK).await;
        }
        Ok(())
    }

    /// Waits until every event has its outcome.
    pub async fn finish(self) -> anyhow::Result<Played> {
        let begun = Instant::now();
        while !self.seen().ended {
            ensure!(
                begun.elapsed() < PATIENCE,
                "the players have not finished {PATIENCE:?} after the last fault"
            );
            tokio::time::sleep(TICK).await;
        }
        let simulation = self.simulation.lock().unwrap().take();
        let simulation = simulation.context("the players are gone")?;
        let report = simulation.report().map_err(anyhow::Error::msg)?;
        Ok(Played {
            report,
            outage: self.seen().longest_gap,
        })
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.watcher.abort();
        self.simulation.lock().unwrap().take();
    }
}

/// Looks at the log of acked events until the players have ended.
async fn watch(simulation: Arc<Mutex<Option<Simulation>>>, seen: Arc<Mutex<Seen>>) {
    let mut grew = None;
    loop {
        tokio::time::sleep(TICK).await;
        let mut simulation = simulation.lock().unwrap();
        let Some(simulation) = simulation.as_mut() else {
            return;
        };
        let ended = simulation.ended();
        let acked = simulation.acked();
        let mut seen = seen.lock().unwrap();
        let gap = grew.map_or(Duration::ZERO, |at: Instant| at.elapsed());
        seen.longest_gap = seen.longest_gap.max(gap);
        if acked > seen.acked {
            grew = Some(Instant::now());
        }
        (seen.acked, seen.ended) = (acked, ended);
        if ended {
            return;
        }
    }
}

/// The events of so many sessions of `simulate`, and rather a few less.
pub fn events_of(sessions: usize) -> usize {
    sessions * 33
}
