//! `refold` on the binary: beside live traffic after a change of the fold, interrupted, and resumed.

use serde_json::Value;
use tempfile::{TempDir, tempdir};
use video_telemetry::qoe::FOLD_VERSION;

use crate::process::{Simulation, interrupt, spawn, stdout_of};
use crate::support::{Database, Server, server, until};

/// What an older fold may have written: its version, and figures that today's does not give. The rows
/// are locked in the order of their keys, as the service does, so that neither waits for the other.
const AGE: &str = "WITH held AS MATERIALIZED (SELECT project, session_id FROM session_summaries \
     ORDER BY project, session_id FOR UPDATE) \
     UPDATE session_summaries AS s SET fold_version = 0, playing_ms = playing_ms + 1 \
     FROM held WHERE s.project = held.project AND s.session_id = held.session_id";

/// Players under way, with logs in `folder`.
fn simulate(server: &Server, folder: &TempDir, arguments: &[&str]) -> Simulation {
    let url = server.url("");
    let arguments: Vec<&str> = ["--url", &url].iter().chain(arguments).copied().collect();
    Simulation::start(folder.path(), &arguments)
}

/// Waits until every session has a summary of all its rows.
async fn all_summed(database: &Database) -> i64 {
    let rows = "SELECT session_id, count(*) AS n FROM telemetry_events GROUP BY session_id";
    let due = format!(
        "SELECT FROM ({rows}) AS e LEFT JOIN session_summaries s USING (session_id) \
         WHERE s.event_count IS DISTINCT FROM e.n"
    );
    until("every session has its summary", async || {
        (database.count(&due).await == 0).then_some(())
    })
    .await;
    database.count("SELECT FROM session_summaries").await
}

async fn of_version(database: &Database, version: i32) -> i64 {
    let query = format!("SELECT FROM session_summaries WHERE fold_version = {version}");
    database.count(&query).await
}

fn refold_all(database: &Database, more: &[&str]) -> i64 {
    let arguments = ["--database-url", &database.url, "refold", "--all"];
    let arguments: Vec<&str> = arguments.iter().chain(more).copied().collect();
    let told = stdout_of(&arguments);
    told.split(' ').next().unwrap().parse().unwrap()
}

/// Holds all summaries against their rows; gives the number that equal them.
fn verified(database: &Database) -> i64 {
    let url = &database.url;
    let told = stdout_of(&["verify", "--database-url", url, "--output", "json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["differences"], 0, "{told}");
    told["equal"].as_i64().unwrap()
}

async fn sessions_in_order(database: &Database) -> Vec<String> {
    let rows = database
        .rows("SELECT session_id FROM session_summaries ORDER BY session_id")
        .await;
    let ids = rows.iter().map(|row| row["session_id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

#[actix_web::test]
async fn refolding_all_beside_live_traffic_leaves_every_summary_current_and_right() {
    let (server, folder) = (server().await, tempdir().unwrap());
    let database = &server.database;
    simulate(&server, &folder, &["--sessions", "100"]).finish();
    let before = all_summed(database).await;
    assert_eq!(before, 100);

    let players = simulate(&server, &folder, &["--sessions", "300", "--seed", "2"]);
    until("there is live traffic", async || {
        (server.metric("telemetry_live_sessions").await > 0.0).then_some(())
    })
    .await;
    database.execute(AGE).await;
    let first = refold_all(database, &[]);
    assert!(first >= before, "{first} of at least {before}");
    database.execute(AGE).await;
    refold_all(database, &[]);
    players.finish();

    assert_eq!(all_summed(database).await, 400);
    assert_eq!(of_version(database, FOLD_VERSION).await, 400);
    assert_eq!(verified(database), 400);
}

#[actix_web::test]
async fn a_resumed_refold_does_the_sessions_behind_the_one_it_is_given() {
    let (server, folder) = (server().await, tempdir().unwrap());
    let database = &server.database;
    simulate(&server, &folder, &["--sessions", "30"]).finish();
    assert_eq!(all_summed(database).await, 30);
    let ids = sessions_in_order(database).await;
    database.execute(AGE).await;

    assert_eq!(refold_all(database, &["--after", &ids[9]]), 20);
    let old = "SELECT session_id FROM session_summaries WHERE fold_version = 0 ORDER BY session_id";
    let old = database.rows(old).await;
    let old: Vec<&str> = old
        .iter()
        .map(|row| row["session_id"].as_str().unwrap())
        .collect();
    assert_eq!(old, ids[..10]);

    assert_eq!(refold_all(database, &[]), 30);
    assert_eq!(verified(database), 30);
}

#[actix_web::test]
async fn an_interrupted_refold_tells_from_where_to_go_on() {
    let (server, folder) = (server().await, tempdir().unwrap());
    let database = &server.database;
    simulate(
        &server,
        &folder,
        &["--sessions", "520", "--events-per-session", "2"],
    )
    .finish();
    assert_eq!(all_summed(database).await, 520);
    let ids = sessions_in_order(database).await;
    database.execute(AGE).await;

    // The second page, of 20, cannot get past a row that somebody else holds.
    let mut holder = database.pool.get().await.unwrap();
    let hold = format!(
        "BEGIN; SELECT FROM session_summaries WHERE session_id = '{}' FOR UPDATE",
        ids[519]
    );
    diesel_async::SimpleAsyncConnection::batch_execute(&mut holder, &hold)
        .await
        .unwrap();
    let refold = spawn(&["--database-url", &database.url, "refold", "--all"]);
    until("the first page is done", async || {
        (of_version(database, FOLD_VERSION).await == 500).then_some(())
    })
    .await;
    until("the second page waits for the row", async || {
        let waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
             AND datname = current_database()";
        (database.count(waiting).await == 1).then_some(())
    })
    .await;
    interrupt(&refold);
    let output = refold.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(told.contains(&format!("--after '{}'", ids[499])), "{told}");
    diesel_async::SimpleAsyncConnection::batch_execute(&mut holder, "ROLLBACK")
        .await
        .unwrap();

    assert_eq!(refold_all(database, &["--after", &ids[499]]), 20);
    assert_eq!(of_version(database, FOLD_VERSION).await, 520);
    assert_eq!(verified(database), 520);
}
