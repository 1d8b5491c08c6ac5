//! The bad day: servers are killed, PostgreSQL is stopped, frozen and full, the network cuts, players
//! send everything twice, five times as much comes as can be taken. Whatever happens: no acked event
//! is lost, none is doubled, and every summary is the fold of its rows.
//!
//! Scenarios run one after the other, each under load by `simulate`, and are judged by `judge.rs`.
//! `cargo test --test chaos` is the short form, `scripts/chaos` the long one. Everything listens on
//! 127.0.0.1 only, every child process ends with this one, and folders are removed.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::as_conversions,
    unreachable_pub,
    reason = "tests fail by panicking"
)]

mod disk;
mod judge;
mod load;
mod own;
mod postgresql;
mod report;
mod scenarios;
mod stage;
mod volley;

#[path = "../it/process.rs"]
#[expect(dead_code, reason = "the other tests need the rest")]
mod process;
#[path = "../it/proxy.rs"]
#[expect(dead_code, reason = "the other tests need the rest")]
mod proxy;

use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use clap::Parser;
use futures_util::FutureExt as _;
use tokio::signal::unix::{SignalKind, signal};
use video_telemetry::storage::cluster::PrivateCluster;

use report::{Outcome, Report, Result, Verdict};
use scenarios::Scenario;
use stage::Stage;

/// No scenario takes longer, whatever hangs.
const LONGEST: Duration = Duration::from_secs(240);

/// Fault tests: what is acked stays, exactly once, on the worst of days
#[derive(Debug, Parser)]
struct Arguments {
    /// Only scenarios whose name contains this
    #[arg(value_name = "NAME")]
    filter: Option<String>,
    /// The same; both forms are taken, since cargo test passes on the first
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// The moments of the faults, and the players, follow from it; drawn by default
    #[arg(long)]
    seed: Option<u64>,
    /// All of it, for minutes
    #[arg(long)]
    long: bool,
    /// Print the names of the scenarios
    #[arg(long)]
    list: bool,
    /// Leave results.md and results.json here
    #[arg(long, value_name = "FOLDER")]
    results: Option<PathBuf>,
    /// Understood, like all test programs do
    #[arg(long, hide = true)]
    nocapture: bool,
    /// Likewise
    #[arg(long, short, hide = true)]
    quiet: bool,
}

/// A scenario that this machine does not allow, and why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Impossible(pub String);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    disk::enter_namespace();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    // On this thread: children end with the thread that started them.
    let finished = runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).unwrap();
        tokio::select! {
            finished = run(&arguments) => finished,
            _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
            _ = terminate.recv() => Err(anyhow::anyhow!("terminated")),
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(2));
    match finished {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_failed) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("chaos: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs what was asked for; how many failed.
async fn run(arguments: &Arguments) -> anyhow::Result<usize> {
    let is_asked_for = |scenario: &&Scenario| {
        let wanted = [&arguments.filter, &arguments.only];
        let mut wanted = wanted.into_iter().flatten();
        wanted.all(|part| scenario.name.contains(part))
    };
    let chosen: Vec<&Scenario> = scenarios::ALL.iter().filter(is_asked_for).collect();
    if arguments.list {
        for scenario in chosen {
            println!("{}", scenario.name);
        }
        return Ok(0);
    }
    anyhow::ensure!(
        !chosen.is_empty() || arguments.only.is_none(),
        "no scenario of this name; --list tells them"
    );
    if chosen.is_empty() {
        return Ok(0);
    }
    let mut report = Report {
        seed: arguments.seed.unwrap_or_else(drawn_seed),
        form: if arguments.long { "long" } else { "short" },
        commit: commit(),
        results: Vec::new(),
    };
    eprintln!("chaos: {} form, seed {}", report.form, report.seed);
    let cluster = tokio::task::spawn_blocking(PrivateCluster::temporary).await??;
    for scenario in chosen {
        eprint!("{:<24}", scenario.name);
        let result = play(scenario, &report, arguments.long, &cluster).await;
        eprintln!("{:>4.0} s  {:?}", result.took.as_secs_f64(), result.verdict);
        report.results.push(result);
    }
    tokio::task::spawn_blocking(|| cluster.stop()).await??;
    publish(&report, arguments)?;
    Ok(report.failed())
}

fn drawn_seed() -> u64 {
    rand::random_range(0..1_000_000)
}

fn commit() -> String {
    let mut git = Command::new("git");
    git.args(["describe", "--always", "--dirty", "--abbrev=12"]);
    let output = git.current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.ok()
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}

async fn play(
    scenario: &Scenario,
    report: &Report,
    long: bool,
    cluster: &PrivateCluster,
) -> Result {
    let begun = Instant::now();
    let played = async {
        let mut stage = Stage::new(scenario.name, report.seed, long, cluster)?;
        let playing = AssertUnwindSafe((scenario.play)(&mut stage)).catch_unwind();
        match tokio::time::timeout(LONGEST, playing).await {
            Ok(Ok(played)) => played,
            Ok(Err(_panic)) => Err(anyhow::anyhow!("the harness panicked, see above")),
            Err(_elapsed) => Err(anyhow::anyhow!("it hangs: not over after {LONGEST:?}")),
        }
    };
    let (outcome, verdict) = match played.await {
        Ok(outcome) => {
            let verdict = verdict(&outcome);
            (outcome, verdict)
        }
        Err(error) => match error.downcast::<Impossible>() {
            Ok(Impossible(why)) => (Outcome::default(), Verdict::Impossible(why)),
            Err(error) => (
                Outcome::default(),
                Verdict::Failed(vec![format!("{error:#}")]),
            ),
        },
    };
    Result {
        name: scenario.name,
        outcome,
        took: begun.elapsed(),
        verdict,
    }
}

fn verdict(outcome: &Outcome) -> Verdict {
    let complaints = [&outcome.findings.complaints[..], &outcome.complaints].concat();
    if complaints.is_empty() {
        Verdict::Passed
    } else {
        Verdict::Failed(complaints)
    }
}

fn publish(report: &Report, arguments: &Arguments) -> anyhow::Result<()> {
    println!("\n{}\n\nchaos: {}", report.table(), report.summary());
    for result in &report.results {
        if let Verdict::Failed(complaints) = &result.verdict {
            for complaint in complaints {
                println!("{}: {complaint}", result.name);
            }
        }
    }
    if let Some(folder) = &arguments.results {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("results.md"), report.markdown())?;
        let json = serde_json::to_string_pretty(&report.json())?;
        fs::write(folder.join("results.json"), json + "\n")?;
    }
    Ok(())
}
