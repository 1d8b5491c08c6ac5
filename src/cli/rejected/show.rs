//! `rejected show`.

use std::io::Write;
use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Value, json};

use super::{WhoseArgs, one, row};
use crate::app::Source;
use crate::cli::database::with_pool;
use crate::cli::output::{self, Format, OutputArgs, plain, printable};
use crate::storage::quarantine::{IdPrefix, Kept};

#[derive(Debug, Args)]
pub(in crate::cli) struct ShowArgs {
    /// Its id, or as much of its beginning as no other has
    #[arg(value_name = "ID")]
    id: IdPrefix,
    #[command(flatten)]
    whose: WhoseArgs,
    /// Write the bytes as they were sent, and nothing else
    #[arg(long, conflicts_with = "output")]
    raw: bool,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &ShowArgs, source: Source) -> anyhow::Result<ExitCode> {
    let kept = with_pool(source, async |pool| {
        let connection = &mut *pool.get().await?;
        one(connection, args.whose.project.as_deref(), &args.id).await
    })?;
    if args.raw {
        let mut stdout = std::io::stdout();
        stdout.write_all(&kept.raw)?;
        stdout.flush()?;
        return Ok(ExitCode::SUCCESS);
    }
    match args.output.asked().unwrap_or(Format::Table) {
        Format::Table => print(&kept)?,
        Format::Json => output::print_json(&Value::Object(whole(&kept)))?,
        Format::Csv => {
            let row = whole(&kept);
            let columns: Vec<&str> = row.keys().map(String::as_str).collect();
            output::print_csv(columns, std::slice::from_ref(&row))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The event as text if it is text, and else in base64.
fn whole(kept: &Kept) -> output::Row {
    let mut row = row(&kept.listed);
    let text = str::from_utf8(&kept.raw).ok();
    let bytes = text.is_none().then(|| STANDARD.encode(&kept.raw));
    row.insert("raw".to_owned(), json!(text));
    row.insert("raw_base64".to_owned(), json!(bytes));
    row
}

/// What was sent may hold anything: nothing of it reaches a terminal but what can be read.
fn print(kept: &Kept) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout();
    for (name, value) in row(&kept.listed) {
        writeln!(stdout, "{name:<12} {}", printable(&plain(&value)))?;
    }
    let shown = i64::try_from(kept.raw.len()).unwrap_or(i64::MAX);
    if shown < kept.listed.raw_bytes {
        writeln!(stdout, "{:<12} the first {shown} bytes of it are kept", "")?;
    }
    writeln!(stdout, "\n{}", readable(&kept.raw))?;
    Ok(())
}

fn readable(raw: &[u8]) -> String {
    let chunk = |chunk: std::str::Utf8Chunk<'_>| {
        let bytes = chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}"));
        format!("{}{}", printable(chunk.valid()), bytes.collect::<String>())
    };
    raw.utf8_chunks().map(chunk).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_an_event_speaks_to_the_terminal() {
        let sent = b"{\"a\":\"\x1b]0;x\x07\xff\xe2\x80\xae\xc2\x9b31m\"}\r\n";
        let shown = readable(sent);
        assert!(shown.chars().all(|c| !c.is_control()), "{shown}");
        assert!(
            shown.contains("\\xff") && shown.contains("\\u{1b}") && shown.contains("\\u{202e}"),
            "{shown}"
        );
        assert!(shown.contains("\\r\\n"), "{shown}");
    }
}
