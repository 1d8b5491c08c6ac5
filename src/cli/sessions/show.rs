//! `sessions show`.

use std::io::{IsTerminal, Write};

use anyhow::bail;
use clap::Args;
use serde_json::Value;

use super::story::Story;
use super::{answer, cell, columns_first, explain};
use crate::app::Source;
use crate::cli::ask::{Asked, Asking, Parameters, ServerArgs, Tables};
use crate::cli::output::{self, Format, OutputArgs, Row};
use crate::cli::style::Paint;
use crate::http::{DEFAULT_PROJECT, Session};
use crate::storage::query::{Resolution, StoryQuery};
use crate::storage::{SessionKey, queries};

const EXAMPLES: &str = "\
Examples:
  video-telemetry sessions show ff10b204-3d3d
  video-telemetry sessions show ff10b204-3d3d --explain
  video-telemetry sessions show ff10b204-3d3d --output json --server http://127.0.0.1:3000";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct ShowArgs {
    /// The session, as `sessions list` calls it
    pub(super) session_id: String,
    /// Print the timeline of its states instead: each event, and the part its time went to
    #[arg(long, conflicts_with = "server")]
    explain: bool,
    /// Of which project; a server tells of its own
    #[arg(long, default_value = DEFAULT_PROJECT, conflicts_with = "server")]
    pub(super) project: String,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) fn run(args: &ShowArgs, source: Source) -> anyhow::Result<()> {
    if args.explain {
        return explain::run(args, source);
    }
    let format = args.output.format();
    let (row, story) = args.server.with_asked(source, async |asked| {
        let row = args.figures(asked).await?;
        let story = match format {
            Format::Table => Some(args.story(asked).await?),
            Format::Json | Format::Csv => None,
        };
        Ok((columns_first(row), story))
    })?;
    match format {
        Format::Json => output::print_json(&Value::Object(row)),
        Format::Csv => {
            let columns = row.clone();
            output::print_csv(columns.keys().map(String::as_str), &[row])
        }
        Format::Table => {
            let mut table = output::table(&["figure", "value"]);
            for (name, value) in &row {
                table.add_row([output::printable(name), cell(value)]);
            }
            let mut stdout = std::io::stdout();
            writeln!(stdout, "{table}")?;
            let bar = story.map(|story| story.lines(&row, bar_width(), Paint::of_stdout()));
            for line in bar.into_iter().flatten() {
                writeln!(stdout, "{line}")?;
            }
            Ok(())
        }
    }
}

/// As wide as the terminal, in bounds.
fn bar_width() -> usize {
    let columns = std::io::stdout()
        .is_terminal()
        .then(crossterm::terminal::size);
    let columns = columns.and_then(Result::ok).map_or(80, |size| size.0);
    usize::from(columns).saturating_sub(2).clamp(20, 120)
}

impl ShowArgs {
    async fn figures(&self, asked: &Asked) -> anyhow::Result<Row> {
        match asked {
            Asked::Server(server) => {
                let path = ["sessions", &self.session_id];
                let figures = server.json(&path, &Parameters::new()).await?;
                Ok(serde_json::from_value(figures)?)
            }
            Asked::Database(tables) => stored(self, tables).await,
        }
    }

    async fn story(&self, asked: &Asked) -> anyhow::Result<Story> {
        let story = match asked {
            Asked::Server(server) => {
                // Its spans are wanted, and of the rest as little as can be.
                let parameters = Asking::default().one("resolution", Some("3650d"));
                let path = ["sessions", &self.session_id, "timeline"];
                server.json(&path, &parameters.parameters()).await?
            }
            Asked::Database(tables) => {
                let project = self.project.as_str().into();
                let key = SessionKey::new(&project, self.session_id.as_str());
                let story = tables.reader.answer(StoryQuery { key }).await?;
                serde_json::to_value(story.tell(Resolution::Fitting)?)?
            }
        };
        Ok(serde_json::from_value(story)?)
    }
}

/// What a server would answer about a session that has no actor.
async fn stored(args: &ShowArgs, tables: &Tables) -> anyhow::Result<Row> {
    let (project, session_id) = (&args.project, &args.session_id);
    let mut connection = tables.pool.get().await?;
    let events = queries::event_count(&mut connection, project, session_id).await?;
    let Some(summary) = queries::summary(&mut connection, project, session_id).await? else {
        bail!(
            "session {} of project {} has no summary: it is unknown, or it has not gone quiet yet",
            output::printable(session_id),
            output::printable(project)
        );
    };
    answer(&Session::finished(summary).among(events))
}
