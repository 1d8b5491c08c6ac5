//! `keys revoke`.

use std::io::Write;

use anyhow::bail;
use clap::Args;

use super::super::database::with_pool;
use crate::app::Source;
use crate::session::clock;
use crate::storage::keys::{self, Revoked};

#[derive(Debug, Args)]
pub(in super::super) struct RevokeArgs {
    /// The key's id, as in `keys list`
    id: i64,
}

pub(super) fn run(args: &RevokeArgs, source: Source) -> anyhow::Result<()> {
    let id = args.id;
    let revoked = with_pool(source, async |pool| {
        Ok(keys::revoke(&mut *pool.get().await?, id, clock::now()).await?)
    })?;
    let said = match revoked {
        Revoked::Now => "is revoked; running servers refuse it within 2 s or so",
        Revoked::Before => "was revoked before",
        Revoked::Unknown => bail!("there is no key {id}: `video-telemetry keys list` shows them"),
    };
    writeln!(std::io::stdout(), "key {id} {said}")?;
    Ok(())
}
