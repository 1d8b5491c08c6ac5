//! Which database the commands work on.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use diesel::sql_query;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;

use crate::app::{Database, Source};
use crate::storage::Pool;
use crate::storage::cluster::{Ownership, cluster_major};

/// Connections of a command that is not `serve`.
const CONNECTIONS: usize = 4;

#[derive(Debug, Args)]
pub(super) struct DatabaseArgs {
    /// PostgreSQL to use, as `postgres://user@host:5432/name`; none given: a private one in --data-dir
    #[arg(
        long,
        global = true,
        env = "DATABASE_URL",
        help_heading = super::EVERYWHERE,
        hide_env_values = true,
        value_name = "URL"
    )]
    database_url: Option<String>,
    /// Folder of the private PostgreSQL
    #[arg(
        long,
        global = true,
        env = "TELEMETRY_DATA_DIR",
        help_heading = super::EVERYWHERE,
        default_value = "./data",
        hide_env_values = true,
        value_name = "FOLDER"
    )]
    data_dir: PathBuf,
}

impl DatabaseArgs {
    /// An empty variable is as good as none.
    pub(super) fn source(&self) -> Source {
        match &self.database_url {
            Some(url) if !url.is_empty() => Source::Url(url.clone()),
            _ => Source::DataDir(self.data_dir.clone()),
        }
    }
}

/// Runs a command's work with a pool on a database that has our tables.
pub(super) fn with_pool<T>(
    source: Source,
    work: impl AsyncFnOnce(&Pool) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    with_database(source, async |_url, pool| work(pool).await)
}

/// The same for work that opens connections of its own, given the database's URL.
pub(super) fn with_database<T>(
    source: Source,
    work: impl AsyncFnOnce(&str, &Pool) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    if let Source::DataDir(folder) = &source
        && cluster_major(folder)?.is_none()
    {
        bail!(
            "there is no database in {}: run `video-telemetry serve` first, or name its folder with --data-dir",
            folder.display()
        );
    }
    block_on(async {
        let database = Database::open(source, Ownership::Shared).await?;
        let pool = Pool::new(database.url(), CONNECTIONS)?;
        let done = match has_tables(&pool).await {
            Ok(true) => work(database.url(), &pool).await,
            Ok(false) => no_tables(),
            Err(error) => Err(error),
        };
        drop(pool);
        database.close().await?;
        done
    })
}

fn no_tables<T>() -> anyhow::Result<T> {
    bail!(
        "the database has no tables yet: run `video-telemetry serve` or `video-telemetry migrate` first"
    )
}

async fn has_tables(pool: &Pool) -> anyhow::Result<bool> {
    #[derive(diesel::QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        found: bool,
    }
    let row: Found = sql_query("SELECT to_regclass('session_summaries') IS NOT NULL AS found")
        .get_result(&mut pool.get().await?)
        .await?;
    Ok(row.found)
}

/// Runs asynchronous work to its end.
pub(super) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(work)
}
