//! What is kept of viewers: the same options where events come in and where they are erased.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use crate::app::Privacy;
use crate::storage::viewer_ids::{Hasher, ViewerIds};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Policy {
    /// As players send it
    Store,
    /// Hashed with a secret
    Hash,
    /// Not at all
    Drop,
}

#[derive(Debug, Args)]
pub(super) struct PrivacyArgs {
    /// How viewers' ids are stored
    #[arg(
        long,
        env = "TELEMETRY_VIEWER_ID",
        value_enum,
        default_value = "store",
        hide_env_values = true
    )]
    viewer_id: Policy,
    /// File with the secret of `--viewer-id hash`, 16 bytes or more; white space at its end does not count
    #[arg(
        long,
        env = "TELEMETRY_VIEWER_ID_SECRET_FILE",
        conflicts_with = "viewer_id_secret",
        hide_env_values = true,
        value_name = "FILE"
    )]
    viewer_id_secret_file: Option<PathBuf>,
    /// The secret itself; the variable keeps it out of the list of processes
    #[arg(
        long,
        env = "TELEMETRY_VIEWER_ID_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    viewer_id_secret: Option<String>,
    /// Sessions that start in different periods of this length get different hashes of the same viewer,
    /// 1d or more; by default a viewer's hash is always the same
    #[arg(
        long,
        env = "TELEMETRY_VIEWER_ID_ROTATE",
        value_parser = humantime::parse_duration,
        hide_env_values = true,
        value_name = "DURATION"
    )]
    viewer_id_rotate: Option<Duration>,
    /// How long after an erasure its rows are deleted once more, since a write may have been under way.
    /// Shorter is not safe with servers that are slow or cut off
    #[arg(
        long,
        env = "TELEMETRY_ERASURE_GRACE",
        default_value = "2m",
        value_parser = humantime::parse_duration,
        hide_env_values = true,
        value_name = "DURATION"
    )]
    erasure_grace: Duration,
}

impl PrivacyArgs {
    /// Reads the secret.
    pub(super) fn privacy(&self) -> anyhow::Result<Privacy> {
        let viewer_ids = match self.viewer_id {
            Policy::Store => ViewerIds::Store,
            Policy::Drop => ViewerIds::Drop,
            Policy::Hash => ViewerIds::Hash(Hasher::new(
                self.secret()?.trim_end().as_bytes(),
                self.viewer_id_rotate,
            )?),
        };
        Ok(Privacy {
            viewer_ids,
            erasure_grace: self.erasure_grace,
        })
    }

    fn secret(&self) -> anyhow::Result<String> {
        match (&self.viewer_id_secret_file, &self.viewer_id_secret) {
            (Some(file), _) => fs::read_to_string(file)
                .with_context(|| format!("cannot read the secret in {}", file.display())),
            (None, Some(secret)) => Ok(secret.clone()),
            (None, None) => bail!(
                "--viewer-id hash needs a secret: name a file with --viewer-id-secret-file, or set \
                 TELEMETRY_VIEWER_ID_SECRET; `openssl rand -hex 32` makes one"
            ),
        }
    }
}
