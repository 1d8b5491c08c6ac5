//! What the scenarios share: servers that come back at their place, players, a dice, and the end,
//! when everything is judged.

use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tempfile::TempDir;
use video_telemetry::storage::cluster::PrivateCluster;

use crate::judge::{Judge, Logs};
use crate::load::{Load, Played};
use crate::process::{ServeProcess, first_line, free_port};
use crate::report::Outcome;

const LONGEST_START: Duration = Duration::from_secs(60);
const LONGEST_STOP: Duration = Duration::from_secs(60);
/// Summaries that no live server owes any more are written when one starts.
const SUMMARIES: Duration = Duration::from_secs(30);
const TICK: Duration = Duration::from_millis(20);
/// Of a server's log, when something went wrong.
const LOG_LINES: usize = 15;

/// Where a scenario takes place.
pub struct Stage<'a> {
    pub long: bool,
    pub seed: u64,
    pub dice: StdRng,
    /// PostgreSQL for those that leave it alone.
    pub cluster: &'a PrivateCluster,
    pub http: reqwest::Client,
    pub folder: TempDir,
    /// Folders with players' logs.
    pub logs: Vec<PathBuf>,
}

impl<'a> Stage<'a> {
    pub fn new(
        name: &str,
        seed: u64,
        long: bool,
        cluster: &'a PrivateCluster,
    ) -> anyhow::Result<Self> {
        // PostgreSQL's own user must be able to pass.
        let open_to_all = Permissions::from_mode(0o755);
        let prefix = format!("video-telemetry-chaos-{name}-");
        let folder = tempfile::Builder::new()
            .prefix(&prefix)
            .permissions(open_to_all)
            .tempdir()?;
        let mixed = name.bytes().fold(seed, |mixed, byte| {
            mixed.wrapping_mul(31).wrapping_add(u64::from(byte))
        });
        Ok(Self {
            long,
            seed,
            dice: StdRng::seed_from_u64(mixed),
            cluster,
            http: reqwest::Client::builder().no_proxy().build()?,
            folder,
            logs: Vec::new(),
        })
    }

    /// The amount for this form of the run.
    pub fn amount<T>(&self, short: T, long: T) -> T {
        if self.long { long } else { short }
    }

    /// A folder inside the scenario's own.
    pub fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// An empty database on the shared cluster.
    pub fn database(&self) -> anyhow::Result<String> {
        let name = self.folder.path().file_name().context("no name")?;
        let name = name
            .to_string_lossy()
            .replace(['-', '.'], "_")
            .to_lowercase();
        Ok(self.cluster.create_database(&name)?)
    }

    /// Starts players for all of `urls`, with logs of their own.
    pub fn play(&mut self, urls: &[&str], sessions: usize, more: &[&str]) -> anyhow::Result<Load> {
        let folder = self.folder(&format!("players{}", self.logs.len()))?;
        let (seed, sessions) = (self.seed.to_string(), sessions.to_string());
        let mut arguments = vec!["--seed", &seed, "--sessions", &sessions];
        arguments.extend(["--max-wait", "100s", "--concurrency", "32"]);
        for url in urls {
            arguments.extend(["--url", url]);
        }
        arguments.extend(more);
        self.logs.push(folder.clone());
        Ok(Load::start(&folder, &arguments))
    }

    /// Waits for the players, then for the summaries, and judges everything.
    pub async fn judge(
        &mut self,
        server: &mut Server,
        url: &str,
        faults: String,
        played: &Played,
    ) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome {
            faults,
            outage: played.outage,
            ..Outcome::default()
        };
        outcome.complaints.extend(played.odd_retries());
        self.judge_rows(server, url, &mut outcome).await?;
        Ok(outcome)
    }

    /// Judges what is in the database. What a live server does not owe any more, or not within this
    /// time, since recovery is in no hurry, a start must do at once.
    pub async fn judge_rows(
        &mut self,
        server: &mut Server,
        url: &str,
        outcome: &mut Outcome,
    ) -> anyhow::Result<()> {
        let judge = Judge::at(url).await.map_err(anyhow::Error::msg)?;
        let late = judge.without_summary(SUMMARIES / 3).await;
        let late = late.map_err(anyhow::Error::msg)?;
        if !late.is_empty() {
            let figure = format!("{} summaries after one more start", late.len());
            outcome.figures.push(figure);
            drop(judge);
            server.stop().await?;
            server.start().await?;
        }
        let judge = Judge::at(url).await.map_err(anyhow::Error::msg)?;
        let logs = Logs::read(&self.logs)?;
        let findings = judge.judge(&logs, SUMMARIES).await;
        outcome.findings = findings.map_err(anyhow::Error::msg)?;
        Ok(())
    }

    /// A pause of up to `most`.
    pub async fn pause(&mut self, most: Duration) {
        let share = self.dice.random::<f64>();
        tokio::time::sleep(most.mul_f64(share)).await;
    }

    /// Moments at which faults happen: random shares of the players' events, in order. Enough is left
    /// for players to be there after the last.
    pub fn moments(&mut self, count: usize, events: usize) -> Vec<usize> {
        let (first, last) = (events / 50, events * 3 / 4);
        let mut moments: Vec<usize> = (0..count)
            .map(|_| self.dice.random_range(first..last))
            .collect();
        moments.sort_unstable();
        moments
    }
}

/// A server at a place of its own, where it comes back after its end.
pub struct Server {
    port: u16,
    arguments: Vec<String>,
    log: PathBuf,
    running: Option<ServeProcess>,
}

impl Server {
    /// Starts `serve` with `arguments`; it logs into `folder`.
    pub async fn new(folder: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let port = free_port();
        let mut server = Self {
            port,
            arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
            log: folder.join(format!("serve-{port}.log")),
            running: None,
        };
        server.start().await?;
        Ok(server)
    }

    /// Starts it at its place.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        let mut options = OpenOptions::new();
        let log: File = options.create(true).append(true).open(&self.log)?;
        let mut arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        if !arguments.contains(&"--idle-timeout") {
            arguments.extend(["--idle-timeout", "1s"]);
        }
        let mut starting = ServeProcess::spawn(self.port, &arguments, "warn", log.into());
        let stdout = starting.stdout();
        let reading = tokio::task::spawn_blocking(move || first_line(stdout));
        let line = tokio::time::timeout(LONGEST_START, reading).await;
        let line = line.with_context(|| format!("no server after {LONGEST_START:?}"))??;
        let started = starting.said(&line);
        self.running = Some(started.map_err(|error| anyhow::anyhow!("{error}\n{}", self.said()))?);
        Ok(())
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its process.
    pub fn id(&self) -> anyhow::Result<u32> {
        let running = self.running.as_ref().context("the server does not run")?;
        Ok(running.id())
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// SIGTERM, and the time until it has ended, which must be with success.
    pub async fn stop(&mut self) -> anyhow::Result<Duration> {
        let mut running = self.running.take().context("the server does not run")?;
        let begun = Instant::now();
        running.ask_to_stop();
        loop {
            if let Some(status) = running.ended() {
                ensure!(
                    status.success(),
                    "SIGTERM ended with {status}\n{}",
                    self.said()
                );
                return Ok(begun.elapsed());
            }
            if begun.elapsed() > LONGEST_STOP {
                bail!(
                    "SIGTERM has not ended it after {LONGEST_STOP:?}\n{}",
                    self.said()
                );
            }
            tokio::time::sleep(TICK).await;
        }
    }

    /// The end of its log.
    pub fn said(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    /// What must not be in its log.
    pub fn panics(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let panics = text.lines().filter(|line| line.contains("panicked"));
        panics.map(str::to_owned).collect()
    }

    /// The sum of a metric over its labels.
    pub async fn metric(&self, http: &reqwest::Client, name: &str) -> anyhow::Result<f64> {
        let url = format!("{}/metrics", self.url());
        let text = http.get(url).send().await?.text().await?;
        let values = text
            .lines()
            .filter(|line| line.split(['{', ' ']).next() == Some(name))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        Ok(values.sum())
    }

    /// Every event it received has exactly one outcome, by its own counters.
    pub async fn check_counters(&self, http: &reqwest::Client) -> anyhow::Result<()> {
        let count = async |name: &str| {
            let name = format!("telemetry_events_{name}_total");
            self.metric(http, &name).await
        };
        let received = count("received").await?;
        let mut outcomes = 0.0;
        for outcome in ["accepted", "duplicate", "rejected", "unavailable"] {
            outcomes += count(outcome).await?;
        }
        ensure!(received > 0.0, "no event is counted");
        ensure!(
            (received - outcomes).abs() < 0.5,
            "/metrics: {received} events received, {outcomes} with an outcome"
        );
        Ok(())
    }
}
