//! The migrations of migrations/, embedded, and run under an advisory lock so that several servers
//! may start together.

use diesel::pg::Pg;
use diesel::{RunQueryDsl, sql_query};
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::StorageError;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// Any number, as long as nothing else in the database uses it: "video-te" in ASCII.
const LOCK: i64 = 0x7669_6465_6F2D_7465;

type BlockingConnection = AsyncConnectionWrapper<AsyncPgConnection>;

/// Applies what is missing and returns the names of what was applied.
pub async fn migrate(database_url: &str) -> Result<Vec<String>, StorageError> {
    let url = database_url.to_owned();
    // The wrapper blocks its thread; it must not be a worker of a runtime.
    tokio::task::spawn_blocking(move || migrate_blocking(&url))
        .await
        .map_err(|error| StorageError::Migration(error.to_string()))?
}

fn migrate_blocking(url: &str) -> Result<Vec<String>, StorageError> {
    use diesel::Connection;
    let mut connection = BlockingConnection::establish(url)?;
    sql_query(format!("SELECT pg_advisory_lock({LOCK})")).execute(&mut connection)?;
    // The lock goes with the connection, also when a migration fails.
    run(&mut connection)
}

fn run(connection: &mut impl MigrationHarness<Pg>) -> Result<Vec<String>, StorageError> {
    let applied = connection
        .run_pending_migrations(MIGRATIONS)
        .map_err(|error| StorageError::Migration(error.to_string()))?;
    Ok(applied.iter().map(ToString::to_string).collect())
}
