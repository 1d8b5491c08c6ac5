//! `completions`.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;

#[derive(Debug, Args)]
#[command(
    after_help = "For bash: video-telemetry completions bash > ~/.local/share/bash-completion/completions/video-telemetry"
)]
pub(super) struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs) -> anyhow::Result<ExitCode> {
    let mut command = Cli::command();
    clap_complete::generate(
        args.shell,
        &mut command,
        "video-telemetry",
        &mut std::io::stdout(),
    );
    Ok(ExitCode::SUCCESS)
}
