//! `openapi`.

use std::io::Write;
use std::process::ExitCode;

use crate::http;

pub(super) fn run() -> anyhow::Result<ExitCode> {
    std::io::stdout().write_all(http::document().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
