//! `simulate`: a seeded population of players sends realistic sessions to a server.
//!
//! A session is made in steps that know nothing of each other's insides. `population` draws who
//! watches what; `story` lets things happen to a `player`, which is the truth: it credits every ms
//! to one part and moves its playhead only while playing. `clients` reports the player's moments as
//! the original client or our plugin would; `session` renders them as JSON; `sender` delivers the
//! batches under the rules for real clients. Sessions are made when they begin and dropped when
//! they end, so a million of them need no more memory than those under way.
//!
//! `bulk` is the one exception to HTTP: it folds finished sessions itself and writes them into the
//! database, so that a benchmark has its million in minutes.

mod args;
mod audience;
mod batch;
pub(super) mod bulk;
mod clients;
mod dice;
mod logs;
mod moment;
mod player;
mod policy;
mod population;
mod report;
mod run;
mod schedule;
mod sender;
mod session;
mod stats;
mod story;
#[cfg(test)]
mod tests;
mod turns;
mod wire;

use std::io::{IsTerminal as _, Write};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::watch;
use tokio::time::Instant;

pub use args::{Output, SimulateArgs, Speed};
pub use bulk::BulkArgs;
pub use report::{Events, LatencyMs, Report, Sessions};

use run::Run;
use stats::Shared;

/// Plays the population that `args` describe and prints the report to `out`.
///
/// `now_ms` is the wall clock, epoch ms: the only time that is read from outside. Ctrl-C ends the
/// run early, with the report.
///
/// # Errors
/// When a URL cannot be used, a log cannot be written, or `out` is closed. A server that refuses or
/// is away is no error: the report says what was lost.
pub async fn run(
    args: &SimulateArgs,
    now_ms: i64,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<Report> {
    let stats = Shared::default();
    let (stop, stopped) = watch::channel(false);
    let run = Arc::new(Run::new(args, now_ms, stats.clone(), stopped)?);
    let interrupt = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.send_replace(true);
        }
        // A closed channel would look like the end of the run: keep it open until then.
        std::future::pending::<()>().await;
    });
    let begun = Instant::now();
    let progress = progress(args.sessions, stats.clone());
    let played = run.play().await;
    let wall = begun.elapsed();
    progress.abort();
    interrupt.abort();
    played?;
    let report = Report::new(args.sessions, stats.read(), wall);
    match args.output {
        Output::Table => writeln!(out, "{}", report.table())?,
        Output::Json => writeln!(out, "{}", serde_json::to_string(&report)?)?,
    }
    Ok(report)
}

/// The sessions that `args` describe, each as the JSON of the events it would send, for benchmarks.
///
/// # Errors
/// When `args` ask for more events a session than fit this machine.
pub fn sessions(
    args: &SimulateArgs,
    now_ms: i64,
) -> anyhow::Result<impl Iterator<Item = Vec<String>>> {
    let recipe = run::recipe(args, now_ms)?;
    Ok((0..args.sessions).map(move |index| {
        let session = session::Session::new(&recipe, index);
        let events = session.events(0..session.len());
        events
            .filter_map(|event| serde_json::to_string(&event).ok())
            .collect()
    }))
}

/// Shows on a terminal how far the run is; elsewhere nothing.
fn progress(sessions: u64, stats: Shared) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        if !std::io::stderr().is_terminal() {
            return;
        }
        let template = "{bar:30} {pos}/{len} sessions  {msg}  {elapsed}";
        let style = ProgressStyle::with_template(template);
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = Cleared(ProgressBar::new(sessions).with_style(style));
        let mut ticks = tokio::time::interval(Duration::from_millis(200));
        loop {
            ticks.tick().await;
            let now = stats.read();
            bar.0.set_position(now.sessions_finished);
            let lost: u64 = now.lost.values().sum();
            bar.0
                .set_message(format!("{} events acked, {lost} lost", now.acked));
        }
    })
}

/// A bar that is taken off the screen when it is dropped, as it is when its task is aborted.
struct Cleared(ProgressBar);

impl Drop for Cleared {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
