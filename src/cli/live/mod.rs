//! `live`: how it is right now, each second, from a server's stream.

mod feed;
mod lines;
mod screen;
mod view;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Args;

use super::ask::{Asking, Parameters, ServerArgs};
use super::database::block_on;
use super::output::{Format, OutputArgs};
use super::serve::DEFAULT_BIND;
use feed::Feed;
use lines::Lines;

const EXAMPLES: &str = "\
Examples:
  video-telemetry live
  video-telemetry live --group-by browser --server http://qoe.example.com
  video-telemetry live --output json --count 1
  video-telemetry live --group-by video_id --limit 5 --output csv > minute.csv --count 60

States are those of the session's last event: idle starting playing rebuffering (what a viewer sees
as stalled) seeking paused ended failed closed. Who is starting, playing, rebuffering or seeking is
watching. Only a server knows who is watching now, so this never asks the database.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct LiveArgs {
    /// Also by one dimension: `viewer_id`, `browser`, `os`, `screen`, `player`, `player_version`,
    /// `video_id`, `video_title` or `live`
    #[arg(long, value_name = "DIMENSION")]
    group_by: Option<String>,
    /// How many groups
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=500))]
    limit: i64,
    /// End after so many seconds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &LiveArgs) -> anyhow::Result<ExitCode> {
    let server = args.server.server_or(&format!("http://{DEFAULT_BIND}"))?;
    block_on(async {
        let feed = Feed::open(&server, args.parameters()).await?;
        let is_terminal = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
        match args.output.asked() {
            None | Some(Format::Table) if is_terminal => view::show(feed, args.count).await,
            format => Lines::of(format).print(feed, args.count).await,
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

impl LiveArgs {
    fn parameters(&self) -> Parameters {
        Asking::default()
            .one("group_by", self.group_by.as_ref())
            .one("limit", Some(self.limit))
            .parameters()
    }
}
