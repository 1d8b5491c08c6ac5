//! `erase`.

use std::io::{IsTerminal, Write, stdin};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};

use super::database::with_pool;
use super::output::{self, Format, OutputArgs};
use super::privacy::PrivacyArgs;
use super::progress;
use crate::app::{Privacy, Source};
use crate::http::DEFAULT_PROJECT;
use crate::session::clock;
use crate::storage::erasures::{self, Erased, Target};
use crate::storage::keys::ProjectName;
use crate::storage::{Pool, SessionKey};

#[derive(Debug, Args)]
#[command(after_help = "\
A tombstone comes first, so that nothing brings a session back: servers refuse its events from then on,
whoever sends them again. Then its events, its summary and its refused events are deleted, and once more
when every write that was under way is over. An interrupted run is finished by the servers.

For --viewer, name the policy that the servers have (--viewer-id and its secret): the viewer is known by
it, and by the id as players send it.")]
pub(super) struct EraseArgs {
    /// One session
    #[arg(
        long,
        value_name = "ID",
        required_unless_present = "viewer",
        conflicts_with = "viewer"
    )]
    session: Option<String>,
    /// Every session that names this viewer, by the id that players send
    #[arg(long, value_name = "ID")]
    viewer: Option<String>,
    /// Of which project
    #[arg(long, default_value = DEFAULT_PROJECT)]
    project: ProjectName,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Leave the second deletion to the servers
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    privacy: PrivacyArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &EraseArgs, source: Source) -> anyhow::Result<ExitCode> {
    let privacy = args.privacy.privacy()?;
    let target = args.target(&privacy)?;
    if !args.yes && !args.is_confirmed()? {
        bail!("nothing was erased");
    }
    let grace = (!args.no_wait).then_some(privacy.erasure_grace);
    let erased = with_pool(source, async |pool| erase(pool, &target, grace).await)?;
    args.report(erased)?;
    Ok(ExitCode::SUCCESS)
}

impl EraseArgs {
    fn target(&self, privacy: &Privacy) -> anyhow::Result<Target> {
        let project: Arc<str> = self.project.to_string().into();
        let id = self.session.as_ref().or(self.viewer.as_ref());
        let key = SessionKey::new(&project, id.cloned().unwrap_or_default());
        Ok(match &self.viewer {
            None if !key.is_storable() => {
                bail!("an id has 1 to 200 bytes without NUL, there can be no such session")
            }
            None => Target::Session(key),
            Some(viewer_id) => Target::Viewer {
                project,
                viewer_id: viewer_id.clone(),
                policy: privacy.viewer_ids.clone(),
            },
        })
    }

    fn is_confirmed(&self) -> anyhow::Result<bool> {
        if !stdin().is_terminal() {
            bail!("erasing cannot be undone: say --yes where nobody can be asked");
        }
        let what = match (&self.session, &self.viewer) {
            (Some(id), _) => format!("session {}", output::printable(id)),
            (None, id) => {
                let id = id.as_deref().unwrap_or_default();
                format!("all sessions of viewer {}", output::printable(id))
            }
        };
        let mut stderr = std::io::stderr();
        write!(
            stderr,
            "Erase {what} in project {}? This cannot be undone [y/N] ",
            self.project
        )?;
        stderr.flush()?;
        let mut answer = String::new();
        stdin().read_line(&mut answer)?;
        Ok(["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()))
    }

    fn report(&self, erased: Erased) -> anyhow::Result<()> {
        let finished = !self.no_wait;
        if self.viewer.is_some() && erased.sessions == 0 {
            writeln!(
                std::io::stderr(),
                "no session names this viewer; where the servers hash ids, --viewer-id and the secret must be theirs"
            )?;
        }
        if self.output.asked() == Some(Format::Json) {
            return output::print_json(&json!({
                "project": self.project.to_string(),
                "session": self.session,
                "viewer": self.viewer,
                "sessions": erased.sessions,
                "events": erased.events,
                "summaries": erased.summaries,
                "rejected_events": erased.rejected_events,
                "finished": finished,
            }));
        }
        let told = [
            ("sessions", erased.sessions),
            ("events", erased.events),
            ("summaries", erased.summaries),
            ("rejected_events", erased.rejected_events),
        ];
        if self.output.asked() == Some(Format::Csv) {
            let row = told.map(|(name, count)| (name.to_owned(), Value::from(count)));
            let rows = [row.into_iter().collect()];
            return output::print_csv(told.map(|(name, _)| name), &rows);
        }
        writeln!(
            std::io::stdout(),
            "{} sessions erased: {} events, {} summaries, {} rejected events{}",
            erased.sessions,
            erased.events,
            erased.summaries,
            erased.rejected_events,
            if finished {
                ""
            } else {
                "; the servers delete once more what was being written"
            }
        )?;
        Ok(())
    }
}

/// Erases, and with a grace deletes again after it.
async fn erase(pool: &Pool, target: &Target, grace: Option<Duration>) -> anyhow::Result<Erased> {
    let bar = progress::spinner("erasing");
    let mut keys = Vec::new();
    let mut laid_at = Instant::now();
    let laid = |laid: &[SessionKey]| {
        keys.extend_from_slice(laid);
        laid_at = Instant::now();
    };
    let seen = |erased: Erased| {
        bar.set_message(format!(
            "{} sessions, {} events",
            erased.sessions, erased.events
        ));
    };
    let mut erased = erasures::erase(pool, target, clock::now(), laid, seen).await?;
    if let Some(grace) = grace {
        bar.set_message("waiting until every write is over that was under way");
        tokio::time::sleep(grace.saturating_sub(laid_at.elapsed())).await;
        let again = erasures::finish(pool, &keys, clock::now()).await?;
        // The sessions are the same ones.
        erased += Erased {
            sessions: 0,
            ..again
        };
    }
    bar.finish_and_clear();
    Ok(erased)
}
