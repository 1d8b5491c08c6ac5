//! docs/SQL.md and the schema `qoe_v1`: every query runs, some give what was worked out by hand, the
//! columns are all told, and the role reads the views and nothing else.

mod by_hand;

use std::collections::BTreeSet;

use diesel_async::SimpleAsyncConnection;
use serde_json::Value;

use crate::command::run;
use crate::support::{Database, database};

const DOC: &str = include_str!("../../docs/SQL.md");
const METRICS: &str = include_str!("../../docs/METRICS.md");
const MIGRATION: &str = "2026-11-23-000003_create_qoe_v1";

/// A database with simulated sessions of the last two weeks, all of them with their events.
pub async fn simulated() -> Database {
    let database = database().await;
    let bulk = ["simulate", "--bulk", "400", "--seed", "5"];
    run(&database.url, &bulk).await.ended(0);
    database
}

/// The queries, each with the heading it stands under.
fn queries() -> Vec<(&'static str, &'static str)> {
    let sections = DOC.split("\n#").map(|section| {
        let (heading, text) = section.split_once('\n').unwrap();
        (heading.trim_start_matches(['#', ' ']), text)
    });
    let queries = sections.flat_map(|(heading, text)| {
        let blocks = text.split("\n```").skip(1).step_by(2);
        blocks
            .filter_map(|block| block.strip_prefix("sql\n"))
            .map(move |sql| (heading, sql.trim().trim_end_matches(';')))
    });
    queries.collect()
}

#[actix_web::test]
async fn every_query_of_the_page_runs_and_finds_something() {
    let database = simulated().await;
    let queries = queries();
    let cookbook = queries.iter().filter(|(heading, _)| {
        heading
            .split_once(". ")
            .is_some_and(|(number, _)| number.parse::<u32>().is_ok())
    });
    assert_eq!(cookbook.count(), 15);
    for (heading, sql) in queries {
        let rows = database.rows(sql).await;
        assert!(!rows.is_empty(), "{heading} finds nothing");
    }
}

#[actix_web::test]
async fn the_cookbook_gives_what_was_worked_out_by_hand() {
    let database = database().await;
    by_hand::write(&database).await;
    for (number, expected) in by_hand::expected() {
        let heading = format!("{number}. ");
        let (_, sql) = queries()
            .into_iter()
            .find(|(found, _)| found.starts_with(&heading))
            .unwrap();
        let rows = database.rows(sql).await;
        assert_eq!(rows.len(), expected.len(), "query {number}: {rows:#?}");
        for (row, expected) in rows.iter().zip(&expected) {
            for (column, expected) in expected.as_object().unwrap() {
                let found = &row[column];
                assert!(
                    same(found, expected),
                    "query {number}, {column}: {found}, not {expected}"
                );
            }
        }
    }
}

/// Equal, numbers to nine places.
fn same(found: &Value, expected: &Value) -> bool {
    match (found.as_f64(), expected.as_f64()) {
        (Some(found), Some(expected)) => (found - expected).abs() < 1e-9 * expected.abs().max(1.0),
        _ => found == expected,
    }
}

/// The columns of the views of `qoe_v1`, as (view, column, comment).
async fn columns(database: &Database) -> Vec<(String, String, Option<String>)> {
    let text = |row: &Value, key: &str| row[key].as_str().map(str::to_owned);
    let rows = database
        .rows(
            "SELECT c.relname, a.attname, col_description(c.oid, a.attnum) AS comment, \
                obj_description(c.oid) AS about \
             FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid \
             WHERE c.relnamespace = 'qoe_v1'::regnamespace AND a.attnum > 0 ORDER BY 1, 2",
        )
        .await;
    assert!(rows.iter().all(|row| row["about"].is_string()));
    rows.iter()
        .map(|row| {
            let (view, column) = (text(row, "relname"), text(row, "attname"));
            (view.unwrap(), column.unwrap(), text(row, "comment"))
        })
        .collect()
}

#[actix_web::test]
async fn every_column_is_commented_and_told_on_the_page_or_in_the_dictionary() {
    let database = database().await;
    let columns = columns(&database).await;
    let views: BTreeSet<&str> = columns.iter().map(|(view, ..)| view.as_str()).collect();
    assert_eq!(views.len(), 9);
    for view in views {
        assert!(DOC.contains(&format!("`qoe_v1.{view}`")), "{view}");
    }
    for (view, column, comment) in &columns {
        assert!(comment.is_some(), "{view}.{column} has no comment");
        let name = format!("`{column}`");
        // What the daily views count is named by itself: sessions, attempts, starts, startups.
        let counts = view.ends_with("_daily") && !column.contains('_');
        let told = DOC.contains(&name) || METRICS.contains(&name) || counts;
        assert!(told, "{view}.{column} is not told");
    }
}

#[actix_web::test]
async fn comments_come_from_the_column_that_is_shown() {
    let database = database().await;
    let columns = columns(&database).await;
    let comment = |view: &str, column: &str| {
        let found = columns.iter().find(|(v, c, _)| v == view && c == column);
        found.unwrap().2.clone().unwrap()
    };
    assert_eq!(
        comment("sessions", "dropped_frames"),
        "Frames dropped; NULL when never reported"
    );
    let so_far = "Dropped frames so far, may restart (player.droppedFrames)";
    assert_eq!(comment("events", "dropped_frames"), so_far);
    assert_eq!(comment("mux_daily", "day"), "UTC day of the last event");
}

#[actix_web::test]
async fn the_vendors_views_are_those_of_public() {
    let database = database().await;
    by_hand::write(&database).await;
    for view in [
        "mux_sessions",
        "mux_daily",
        "conviva_sessions",
        "conviva_daily",
        "cta_2066_sessions",
        "cta_2066_daily",
    ] {
        let rows = async |schema: &str| {
            let all = format!("SELECT * FROM {schema}.{view} AS v ORDER BY to_jsonb(v)::text");
            database.rows(&all).await
        };
        let v1 = rows("qoe_v1").await;
        assert!(!v1.is_empty());
        assert_eq!(v1, rows("public").await, "{view}");
    }
}

#[actix_web::test]
async fn the_reader_reads_the_views_and_nothing_else() {
    let database = database().await;
    let mut connection = database.pool.get().await.unwrap();
    let mut tries = async |statement: &str| {
        let as_reader = format!("SET ROLE qoe_reader; {statement}");
        let tried = connection.batch_execute(&as_reader).await;
        connection.batch_execute("RESET ROLE").await.unwrap();
        tried.map_err(|error| error.to_string())
    };
    for (view, ..) in columns(&database).await {
        assert_eq!(tries(&format!("TABLE qoe_v1.{view}")).await, Ok(()));
    }
    for denied in [
        "TABLE session_summaries",
        "TABLE telemetry_events",
        "TABLE rejected_events",
        "TABLE mux_daily",
        "DELETE FROM qoe_v1.events",
        "UPDATE qoe_v1.events SET viewer_id = NULL",
        "CREATE VIEW qoe_v1.mine AS SELECT 1",
    ] {
        let error = tries(denied).await.unwrap_err();
        assert!(error.contains("permission denied"), "{denied}: {error}");
    }
}

#[actix_web::test]
async fn a_user_who_may_make_no_roles_gets_the_views_all_the_same() {
    let database = database().await;
    let file = |name: &str| {
        let path = format!(
            "{}/migrations/{MIGRATION}/{name}",
            env!("CARGO_MANIFEST_DIR")
        );
        std::fs::read_to_string(path).unwrap()
    };
    let made_by_superuser = columns(&database).await;
    let mut connection = database.pool.get().await.unwrap();
    connection.batch_execute(&file("down.sql")).await.unwrap();
    let left = "SELECT FROM pg_namespace WHERE nspname = 'qoe_v1'";
    assert_eq!(database.count(left).await, 0);

    // Another name: other databases of this server have made the real role.
    let up = file("up.sql").replace("qoe_reader", "qoe_reader_of_nobody");
    let other_owner = "DO $$ BEGIN \
            CREATE ROLE owner_without_roles; \
            EXECUTE format('GRANT CREATE ON DATABASE %I TO owner_without_roles', current_database()); \
            GRANT SELECT ON ALL TABLES IN SCHEMA public TO owner_without_roles; \
        END $$; SET ROLE owner_without_roles";
    connection.batch_execute(other_owner).await.unwrap();
    connection.batch_execute(&up).await.unwrap();
    connection.batch_execute("RESET ROLE").await.unwrap();
    assert_eq!(columns(&database).await, made_by_superuser);
    let role = "SELECT FROM pg_roles WHERE rolname = 'qoe_reader_of_nobody'";
    assert_eq!(database.count(role).await, 0);
}
