//! How many events a core folds per second: `cargo bench --bench fold`.
//!
//! The sessions are those of `simulate`, both clients mixed. Each figure is the median of several
//! rounds over all of them, on one thread: the fold alone, of events in memory; and from the JSON of
//! stored events, which is what `refold` does with a row once it has it.

use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use clap::Parser;
use mimalloc::MiMalloc;
use video_telemetry::cli::simulate::{SimulateArgs, sessions};
use video_telemetry::qoe::{Event, SessionFold, SessionSummary};
use video_telemetry::storage::event::{Receipt, replay};

/// The service's own.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const NOW_MS: i64 = 1_800_000_000_000;
const ROUNDS: usize = 15;
/// A round goes over the sessions until this much time has passed.
const ROUND: Duration = Duration::from_millis(500);
const RECEIPT: Receipt = Receipt {
    created_at_ms: NOW_MS,
    sent_at_ms: Some(NOW_MS),
};

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: SimulateArgs,
}

fn main() -> anyhow::Result<()> {
    let line = ["simulate", "--sessions", "2000"];
    let stories: Vec<Vec<String>> =
        sessions(&Command::try_parse_from(line)?.args, NOW_MS)?.collect();
    let in_memory: Vec<Vec<Event>> = stories.iter().map(|story| events(story)).collect();
    let stored: Vec<Vec<&String>> = stories.iter().map(|story| in_order(story)).collect();
    let count: usize = in_memory.iter().map(Vec::len).sum();
    let mut out = std::io::stdout();
    writeln!(out, "{} sessions, {count} events", in_memory.len())?;
    let folded = events_per_sec(count, || {
        for session in &in_memory {
            black_box(fold(session.iter()));
        }
    });
    writeln!(out, "fold              {folded:>12.0} events/s")?;
    let replayed = events_per_sec(count, || {
        for session in &stored {
            let events = session.iter().filter_map(|json| replay(json, RECEIPT));
            black_box(fold(events));
        }
    });
    writeln!(out, "replay and fold   {replayed:>12.0} events/s")?;
    Ok(())
}

/// A session's events in the order of the fold.
fn events(story: &[String]) -> Vec<Event> {
    let events = story.iter().filter_map(|json| replay(json, RECEIPT));
    let mut events: Vec<Event> = events.collect();
    events.sort_by(Event::order);
    events
}

fn in_order(story: &[String]) -> Vec<&String> {
    let mut rows: Vec<(Event, &String)> = story
        .iter()
        .filter_map(|json| Some((replay(json, RECEIPT)?, json)))
        .collect();
    rows.sort_by(|one, other| one.0.order(&other.0));
    rows.into_iter().map(|(_, json)| json).collect()
}

fn fold(events: impl Iterator<Item = impl std::borrow::Borrow<Event>>) -> SessionSummary {
    let mut session = SessionFold::new();
    for event in events {
        session.apply(event.borrow());
    }
    session.summary()
}

/// The median over the rounds.
fn events_per_sec(events: usize, mut pass: impl FnMut()) -> f64 {
    let mut rates: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            let mut passes = 0_u32;
            while begun.elapsed() < ROUND {
                pass();
                passes += 1;
            }
            let events = f64::from(u32::try_from(events).unwrap_or(u32::MAX));
            events * f64::from(passes) / begun.elapsed().as_secs_f64()
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    rates.get(ROUNDS / 2).copied().unwrap_or_default()
}
