//! What a population must be like, and how it is delivered.

mod clocks;
mod delivery;
mod stories;

use clap::Parser;

use super::args::SimulateArgs;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: SimulateArgs,
}

/// The arguments as a user would type them.
pub(super) fn args(line: &str) -> SimulateArgs {
    let words = std::iter::once("simulate").chain(line.split_whitespace());
    Command::try_parse_from(words).unwrap().args
}
