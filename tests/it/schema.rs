//! The migrations: the diesel CLI and the binary make the same tables, and take them away again.

use std::fs;
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;
use video_telemetry::storage::migrations;

use crate::command::in_path;
use crate::support::{Database, Server, database, empty_database, settings};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The diesel CLI: that of scripts/test, or one in PATH.
fn diesel() -> PathBuf {
    if let Some(path) = std::env::var_os("DIESEL") {
        return path.into();
    }
    let fetched = Path::new(ROOT).join("target/tools/bin/diesel");
    if fetched.is_file() {
        return fetched;
    }
    assert!(
        in_path("diesel"),
        "the diesel CLI is missing: run scripts/test, which builds it, or set DIESEL to its path"
    );
    "diesel".into()
}

/// A copy of what the diesel CLI reads, so that it does not rewrite our own schema.rs.
struct Project(tempfile::TempDir);

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("src/storage")).unwrap();
        fs::copy(
            Path::new(ROOT).join("diesel.toml"),
            folder.path().join("diesel.toml"),
        )
        .unwrap();
        for migration in fs::read_dir(Path::new(ROOT).join("migrations")).unwrap() {
            let migration = migration.unwrap();
            let copy = folder.path().join("migrations").join(migration.file_name());
            fs::create_dir_all(&copy).unwrap();
            for file in ["up.sql", "down.sql"] {
                fs::copy(migration.path().join(file), copy.join(file)).unwrap();
            }
        }
        Self(folder)
    }

    /// Runs the diesel CLI and gives what it prints.
    async fn diesel(&self, database_url: &str, arguments: &[&str]) -> String {
        let ran = Command::new(diesel())
            .args(arguments)
            .current_dir(self.0.path())
            .env("DATABASE_URL", database_url)
            .env("RUST_LOG", "warn")
            .output()
            .await
            .unwrap();
        assert!(ran.status.success(), "diesel {arguments:?}: {ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    }

    fn schema(&self) -> String {
        fs::read_to_string(self.0.path().join("src/storage/schema.rs")).unwrap()
    }
}

/// Everything in our schema but the tables of the diesel CLI and the day partitions: what it is
/// called, and how it is defined.
async fn objects(database: &Database) -> Vec<Value> {
    database.rows("
        SELECT 'column' AS kind, c.relname || '.' || a.attname AS name,
            concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attcollation::regcollation,
                pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)) AS definition
        FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
        LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')
            AND c.relname NOT LIKE '\\_\\_diesel%' AND c.relname !~ '_[0-9]{8}$'
        UNION ALL SELECT 'index', indexname::text, indexdef FROM pg_indexes
        WHERE schemaname = 'public' AND tablename NOT LIKE '\\_\\_diesel%' AND tablename !~ '_[0-9]{8}$'
        UNION ALL SELECT 'function', proname::text, '' FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT 'type', typname::text, '' FROM pg_type WHERE typnamespace = 'public'::regnamespace
            AND typtype IN ('e', 'd')
        ORDER BY 1, 2").await
}

#[actix_web::test]
async fn the_diesel_cli_makes_the_schema_that_the_binary_is_built_for() {
    let url = empty_database();
    let project = Project::new();
    project.diesel(&url, &["migration", "run"]).await;
    let ours = fs::read_to_string(Path::new(ROOT).join("src/storage/schema.rs")).unwrap();
    assert_eq!(
        project.schema(),
        ours,
        "src/storage/schema.rs is stale: diesel migration run"
    );
    assert_eq!(
        project.diesel(&url, &["print-schema"]).await.trim(),
        ours.trim()
    );
    let pending = project.diesel(&url, &["migration", "pending"]).await;
    assert_eq!(pending.trim(), "false");
    assert_eq!(
        migrations::migrate(&url).await.unwrap(),
        Vec::<String>::new(),
        "nothing is left to the binary"
    );

    let by_binary = database().await;
    assert_eq!(
        objects(&Database::at(&url)).await,
        objects(&by_binary).await
    );
}

#[actix_web::test]
async fn the_schema_is_the_same_with_day_partitions() {
    let url = empty_database();
    let server = Server::start(settings(&url), &url).await;
    server.application.stop().await.unwrap();
    let project = Project::new();
    let printed = project.diesel(&url, &["print-schema"]).await;
    let ours = fs::read_to_string(Path::new(ROOT).join("src/storage/schema.rs")).unwrap();
    assert_eq!(printed.trim(), ours.trim());
}

#[actix_web::test]
async fn every_migration_can_be_taken_back_and_leaves_nothing() {
    let url = empty_database();
    let project = Project::new();
    // Also from a database that has been in use.
    let server = Server::start(settings(&url), &url).await;
    let event = crate::answers::least_event("s", "e").to_string();
    let json = crate::answers::JSON;
    server
        .send(Method::POST, "/telemetry", &[json], event)
        .await
        .took(1, 0, 0);
    server.application.stop().await.unwrap();
    let database = Database::at(&url);
    let made = objects(&database).await;
    project.diesel(&url, &["migration", "redo", "--all"]).await;
    assert_eq!(objects(&database).await, made);
    project
        .diesel(&url, &["migration", "revert", "--all"])
        .await;
    assert_eq!(objects(&database).await, Vec::<Value>::new());
    let tables = database.rows("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')");
    assert_eq!(
        tables.await,
        [json!({"relname": "__diesel_schema_migrations"})]
    );
}

#[actix_web::test]
async fn every_table_and_every_column_has_a_comment() {
    let database = database().await;
    let without = database.rows("
        SELECT c.relname, a.attname FROM pg_class AS c
        LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
            AND c.relname <> '__diesel_schema_migrations'
            AND (coalesce(col_description(c.oid, a.attnum), '') = '' OR coalesce(obj_description(c.oid), '') = '')").await;
    assert_eq!(without, Vec::<Value>::new());
}

#[actix_web::test]
async fn servers_may_start_together_on_an_empty_database() {
    let url = empty_database();
    let (one, two, three) = tokio::join!(
        Server::start(settings(&url), &url),
        Server::start(settings(&url), &url),
        Server::start(settings(&url), &url)
    );
    for server in [one, two, three] {
        assert_eq!(
            server.send(Method::GET, "/readyz", &[], "").await.status,
            200
        );
        server.application.stop().await.unwrap();
    }
}
