//! The two logs that a crash test compares with the rows. Each batch is one write to the file, so a
//! line that was written stays, whoever is killed next.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;

use super::args::SimulateArgs;
use super::batch::{Batch, Key};
use super::sender::Fate;

/// The logs that were asked for.
#[derive(Debug)]
pub(super) struct Logs {
    issued: Option<Mutex<File>>,
    acked: Option<Mutex<File>>,
}

impl Logs {
    /// Creates the files, emptying what was there.
    pub(super) fn create(args: &SimulateArgs) -> anyhow::Result<Self> {
        Ok(Self {
            issued: args.issued_log.as_deref().map(create).transpose()?,
            acked: args.acked_log.as_deref().map(create).transpose()?,
        })
    }

    /// Notes the events of a batch that is about to be sent.
    pub(super) fn issued(&self, batch: &Batch) -> anyhow::Result<()> {
        let Some(file) = &self.issued else {
            return Ok(());
        };
        let mut lines = String::new();
        for key in &batch.keys {
            line(&mut lines, &batch.session_id, *key, None)?;
        }
        append(file, &lines).context("cannot write the issued log")
    }

    /// Notes what became of the events of a batch; those given up have no line.
    pub(super) fn acked(&self, batch: &Batch, fates: &[Fate]) -> anyhow::Result<()> {
        let Some(file) = &self.acked else {
            return Ok(());
        };
        let mut lines = String::new();
        for (key, fate) in batch.keys.iter().zip(fates) {
            let word = match fate {
                Fate::Accepted => "accepted",
                Fate::Duplicate => "duplicate",
                Fate::Known => "known",
                Fate::Rejected => "rejected",
                Fate::Lost => continue,
            };
            line(&mut lines, &batch.session_id, *key, Some(word))?;
        }
        append(file, &lines).context("cannot write the acked log")
    }
}

fn create(path: &Path) -> anyhow::Result<Mutex<File>> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Mutex::new(file))
}

fn line(lines: &mut String, session_id: &str, key: Key, word: Option<&str>) -> std::fmt::Result {
    write!(
        lines,
        "{session_id}\t{}\t{}",
        key.event_id, key.timestamp_ms
    )?;
    match word {
        Some(word) => writeln!(lines, "\t{word}"),
        None => writeln!(lines),
    }
}

fn append(file: &Mutex<File>, lines: &str) -> std::io::Result<()> {
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    file.write_all(lines.as_bytes())
}
