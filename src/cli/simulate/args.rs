//! The flags of `simulate`, and the values they parse into.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};

use super::bulk::BulkArgs;

/// Send the sessions of a seeded population of players to a server, and tell what was acked.
///
/// Every session is played by a model of a real player: startup, rebuffering, quality changes,
/// seeks, pauses, hidden tabs, errors, tabs closed without a word. A share of the sessions speaks
/// the original six-event format, the others our plugin's. Like a real client it resends what the
/// server could not take (429, 5xx, lost connections) and it never resends what was rejected.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct SimulateArgs {
    /// Server to send to; /telemetry is appended. Plain http only. Given more than once, the
    /// batches of every session go round the servers in turn.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:3000")]
    pub url: Vec<String>,

    /// How many sessions to play.
    #[arg(long, default_value_t = 100)]
    pub sessions: u64,

    /// Sessions started per second. Without it: with --speed max each starts as soon as an earlier
    /// one has left room, else all of them within one mean session length.
    #[arg(long, value_parser = positive)]
    pub rate: Option<f64>,

    /// How much faster than real time a session runs: a factor, or max for no waiting at all. The
    /// timestamps always keep their real spacing.
    #[arg(long, default_value = "max", value_name = "FACTOR|max")]
    pub speed: Speed,

    /// Events per request at most; unless the speed is max, a client sends what it has every 10 s of
    /// its own time.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub batch: u32,

    /// Requests in flight, at most one for each session; with --speed max also the number of
    /// sessions under way.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub concurrency: u32,

    /// The same seed gives the same viewers and stories; with the same --start-time also the same
    /// ids and timestamps, so that a second run sends nothing but duplicates.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Share of sessions from the original six-event client, 0 to 1.
    #[arg(long, default_value_t = 0.3, value_parser = share)]
    pub original_share: f64,

    /// Mean time that a viewer means to watch, minutes. Ten make about 40 events a session.
    #[arg(long, default_value_t = 10.0, value_parser = positive)]
    pub mean_minutes: f64,

    /// Send only the first N events of each session, so that it stays live until the server's idle
    /// time-out: 100 000 sessions with --events-per-session 5 are 100 000 live ones.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub events_per_session: Option<u32>,

    /// When the first sessions begin (RFC 3339). Without it they are dated back so that each ends
    /// about when it is sent.
    #[arg(long, value_name = "TIME")]
    pub start_time: Option<DateTime<Utc>>,

    /// The server's write key, once it has keys.
    #[arg(
        long,
        env = "TELEMETRY_WRITE_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub write_key: Option<String>,

    /// Compress request bodies.
    #[arg(long)]
    pub gzip: bool,

    /// Share of batches sent twice on purpose, both copies at once, 0 to 1.
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    pub duplicate_share: f64,

    /// Send the batches of each session out of order.
    #[arg(long)]
    pub shuffle: bool,

    /// Players' clocks are wrong by up to this much, either way: 5years. Without it a few are wrong by
    /// up to two minutes.
    #[arg(long, value_name = "DURATION", value_parser = skew)]
    pub clock_skew: Option<Duration>,

    /// Longest time to go on resending one batch before it counts as lost.
    #[arg(long, default_value = "60s", value_parser = humantime::parse_duration)]
    pub max_wait: Duration,

    /// Write every event here before it is sent: `session_id<TAB>event_id<TAB>timestamp`.
    #[arg(long, value_name = "FILE")]
    pub issued_log: Option<PathBuf>,

    /// Write every event here when its reply has come, with a fourth column: accepted, duplicate,
    /// rejected, or known (accepted or duplicate: a reply that has both does not say which).
    #[arg(long, value_name = "FILE")]
    pub acked_log: Option<PathBuf>,

    /// How to print the report.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,

    /// Sessions without a server.
    #[command(flatten)]
    pub bulk: BulkArgs,
}

const AFTER_HELP: &str = "\
Examples:
  simulate --sessions 2000                       as fast as the server takes them
  simulate --sessions 500 --speed 60 --rate 5    five new viewers a second, sixty times faster
  simulate --sessions 50 --speed 1               watch live sessions come and go
  simulate --sessions 100000 --events-per-session 5    keep 100 000 sessions live
  simulate --url http://a:3000 --url http://b:3000     half of every session to each server
  simulate --bulk 1000000                        a million summaries for a benchmark, no server asked

The report as --output json:
  sessions            {planned, started, finished}
  events              {issued, copies, acked, accepted, duplicates, rejected, lost}
                      acked: events the server holds by its own word, each counted once;
                      accepted + duplicates + rejected + lost = issued + copies
  rejected_by_reason  the server's reason codes; lost_by_reason  why an event was given up
  retries_by_reason   why a request was sent again: http_503, connection_lost, …
  requests, retries, bytes_sent, wall_seconds, events_per_second (acked)
  latency_ms          {p50, p95, p99} of single requests

Exit code: 0 when every event was acked or rejected with a reason, 1 when any was lost.";

/// How the report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Table,
    /// One JSON object.
    Json,
}

/// How much faster than real time the sessions run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// This many times faster.
    Times(f64),
    /// Without waiting.
    Max,
}

impl std::str::FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        positive(text).map(Self::Times)
    }
}

impl SimulateArgs {
    /// The addresses to post to. Only http can be spoken, and the error says so.
    pub(super) fn endpoints(&self) -> anyhow::Result<Vec<reqwest::Url>> {
        self.url.iter().map(|url| endpoint(url)).collect()
    }
}

fn endpoint(url: &str) -> anyhow::Result<reqwest::Url> {
    let parsed = reqwest::Url::parse(&format!("{}/telemetry", url.trim_end_matches('/')))
        .map_err(|error| anyhow::anyhow!("--url {url}: {error}; expected http://host:port"))?;
    anyhow::ensure!(
        parsed.scheme() == "http",
        "--url {url}: simulate speaks plain http only; point it at the server behind the TLS proxy"
    );
    Ok(parsed)
}

/// Timestamps must stay between 1970 and 9999.
const LONGEST_SKEW: Duration = Duration::from_secs(50 * 366 * 86_400);

fn skew(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(skew) if skew <= LONGEST_SKEW => Ok(skew),
        Ok(_) => Err("expected at most 50years".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("expected a number from 0 to 1".to_owned()),
    }
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err("expected a number above 0".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_its_base_url_with_or_without_a_slash() {
        for url in ["http://127.0.0.1:3000", "http://127.0.0.1:3000/"] {
            let endpoint = endpoint(url).unwrap();
            assert_eq!(endpoint.as_str(), "http://127.0.0.1:3000/telemetry");
        }
    }

    #[test]
    fn an_https_url_is_refused_with_what_to_do_instead() {
        let error = endpoint("https://example.org").unwrap_err();
        assert!(error.to_string().contains("plain http only"), "{error}");
    }

    #[test]
    fn a_speed_is_a_factor_or_max() {
        assert_eq!("max".parse(), Ok(Speed::Max));
        assert_eq!("60".parse(), Ok(Speed::Times(60.0)));
        for wrong in ["0", "-1", "fast", "inf", "NaN"] {
            assert!(wrong.parse::<Speed>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn clocks_are_wrong_by_fifty_years_at_most() {
        assert_eq!(skew("1day"), Ok(Duration::from_secs(86_400)));
        assert!(skew("51years").is_err());
    }
}
