//! `refold`.

use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;

use super::database::with_pool;
use super::progress;
use crate::app::Source;
use crate::http::DEFAULT_PROJECT;
use crate::session::clock;
use crate::storage::audit::{self, Refolded};
use crate::storage::{Pool, SessionKey};

#[derive(Debug, Args)]
#[command(after_help = "\
Safe beside a running server: a summary is only replaced by one that folds exactly the session's rows.
An interrupted run tells the last session it did; --after goes on from there.")]
pub(super) struct RefoldArgs {
    /// One session
    #[arg(
        long,
        value_name = "ID",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    session: Option<String>,
    /// Every session
    #[arg(long)]
    all: bool,
    /// With --all: only sessions behind this one
    #[arg(long, value_name = "ID", requires = "all")]
    after: Option<String>,
    /// Of which project
    #[arg(long, default_value = DEFAULT_PROJECT)]
    project: String,
}

pub(super) fn run(args: RefoldArgs, source: Source) -> anyhow::Result<ExitCode> {
    let project = args.project.as_str().into();
    let refolded = with_pool(source, async |pool| match args.session {
        Some(session) => one(pool, SessionKey::new(&project, session)).await,
        None => all(pool, args.after.map(|id| SessionKey::new(&project, id))).await,
    })?;
    writeln!(
        std::io::stdout(),
        "{} summaries written, {} left alone (changed meanwhile, newer or sealed)",
        refolded.written,
        refolded.refused
    )?;
    Ok(ExitCode::SUCCESS)
}

async fn one(pool: &Pool, key: SessionKey) -> anyhow::Result<Refolded> {
    let keys = [key];
    let refolded = audit::refold(&mut *pool.get().await?, &keys, clock::now()).await?;
    if refolded == Refolded::default() {
        bail!("the session has no events");
    }
    Ok(refolded)
}

async fn all(pool: &Pool, after: Option<SessionKey>) -> anyhow::Result<Refolded> {
    let bar = progress::bar("sessions", audit::count_sessions(pool).await?);
    let mut last_done = None;
    let seen = |refolded: Refolded, last: &SessionKey| {
        bar.set_position(refolded.written + refolded.refused);
        last_done = Some(last.session_id.clone());
    };
    let done = tokio::select! {
        done = audit::refold_all(pool, clock::now(), after, seen) => Some(done?),
        _ = tokio::signal::ctrl_c() => None,
    };
    bar.finish_and_clear();
    match (done, last_done) {
        (Some(refolded), _) => Ok(refolded),
        (None, Some(id)) => bail!("interrupted; go on with: refold --all --after '{id}'"),
        (None, None) => bail!("interrupted before the first session"),
    }
}
