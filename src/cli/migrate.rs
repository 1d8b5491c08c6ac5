//! `migrate`.

use std::io::Write;
use std::process::ExitCode;

use super::database::block_on;
use crate::app::{Database, Source};
use crate::session::clock;
use crate::storage::cluster::Ownership;
use crate::storage::{Pool, migrations, partitions};

pub(super) fn run(source: Source) -> anyhow::Result<ExitCode> {
    block_on(async {
        let database = Database::open(source, Ownership::Shared).await?;
        let applied = migrations::migrate(database.url()).await?;
        let pool = Pool::new(database.url(), 1)?;
        partitions::ensure(&pool, clock::now()).await?;
        drop(pool);
        database.close().await?;
        let mut stdout = std::io::stdout();
        for migration in &applied {
            writeln!(stdout, "applied {migration}")?;
        }
        if applied.is_empty() {
            writeln!(stdout, "nothing to do: the database is up to date")?;
        }
        Ok(ExitCode::SUCCESS)
    })
}
