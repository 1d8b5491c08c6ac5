//! Bad days: whatever dies under load, every acked event is there exactly once, and every summary is
//! the fold of its rows.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use crate::process::{
    ServeProcess, Simulation, free_port, private_url, stdout_of, stop_postgresql_at_once,
};
use crate::support::{Database, empty_database, until};

const SESSIONS: &str = "300";
const IDLE_TIMEOUT: &str = "1s";

#[actix_web::test]
async fn kill_9_of_the_service_under_load_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let database_url = empty_database();
    let port = free_port();
    let serve = || {
        ServeProcess::start(
            port,
            &[
                "--database-url",
                &database_url,
                "--idle-timeout",
                IDLE_TIMEOUT,
            ],
        )
    };
    let mut server = serve();
    let players = Simulation::start(
        folder.path(),
        &["--url", &server.url, "--sessions", SESSIONS],
    );
    for acked in [1000, 4000, 7000] {
        acked_events(&players, acked).await;
        drop(server);
        server = serve();
    }
    let report = players.finish();
    check(&Database::at(&database_url), folder.path(), &report).await;
    assert_eq!(server.terminate(), Some(0));
}

#[actix_web::test]
async fn an_immediate_stop_of_postgresql_under_load_loses_and_doubles_nothing() {
    let folder = tempfile::Builder::new()
        .permissions(open_to_all())
        .tempdir()
        .unwrap();
    let data_dir = folder.path().join("data");
    let arguments = [
        "--data-dir",
        data_dir.to_str().unwrap(),
        "--idle-timeout",
        IDLE_TIMEOUT,
    ];
    let server = ServeProcess::start(free_port(), &arguments);
    let players = Simulation::start(
        folder.path(),
        &["--url", &server.url, "--sessions", SESSIONS],
    );
    for acked in [1000, 5000] {
        acked_events(&players, acked).await;
        stop_postgresql_at_once(&data_dir);
    }
    let report = players.finish();
    let url = private_url(&data_dir);
    check(&Database::at(&url), folder.path(), &report).await;
    assert_eq!(server.terminate(), Some(0));
}

#[actix_web::test]
async fn two_servers_that_share_every_session_agree_with_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let database_url = empty_database();
    let serve = || {
        ServeProcess::start(
            0,
            &[
                "--database-url",
                &database_url,
                "--idle-timeout",
                IDLE_TIMEOUT,
            ],
        )
    };
    let (one, other) = (serve(), serve());
    let players = Simulation::start(
        folder.path(),
        &[
            "--url",
            &one.url,
            "--url",
            &other.url,
            "--sessions",
            SESSIONS,
            "--duplicate-share",
            "0.1",
            "--shuffle",
        ],
    );
    let report = players.finish();
    check(&Database::at(&database_url), folder.path(), &report).await;
    assert_eq!((one.terminate(), other.terminate()), (Some(0), Some(0)));
}

/// PostgreSQL's own user must be able to pass.
fn open_to_all() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o755)
}

async fn acked_events(players: &Simulation, at_least: usize) {
    until("events are acked", async || {
        (players.acked() >= at_least).then_some(())
    })
    .await;
}

/// The independent judge: the players' log of acked events against the rows, then `verify`.
async fn check(database: &Database, logs: &Path, report: &serde_json::Value) {
    assert_eq!(report["events"]["lost"], 0, "{report}");
    let acked = fs::read_to_string(logs.join("acked.log")).unwrap();
    let acked: HashSet<(String, String, i64)> = acked.lines().map(identity).collect();
    let mut rows: HashMap<(String, String, i64), u32> = HashMap::new();
    for row in database
        .rows("SELECT session_id, event_id, event_timestamp FROM telemetry_events")
        .await
    {
        let text = |column: &str| row[column].as_str().unwrap().to_owned();
        let key = (
            text("session_id"),
            text("event_id"),
            row["event_timestamp"].as_i64().unwrap(),
        );
        *rows.entry(key).or_default() += 1;
    }
    assert!(
        acked.iter().all(|event| rows.contains_key(event)),
        "an acked event is missing"
    );
    assert!(
        rows.values().all(|&times| times == 1),
        "an event is there twice"
    );
    assert_eq!(
        report["events"]["acked"],
        rows.len(),
        "acked events and rows"
    );

    let sessions = database
        .count("SELECT DISTINCT session_id FROM telemetry_events")
        .await;
    until("every session has its summary", async || {
        let current = "SELECT FROM session_summaries s WHERE event_count = \
             (SELECT count(*) FROM telemetry_events e WHERE e.session_id = s.session_id)";
        (database.count(current).await == sessions).then_some(())
    })
    .await;
    let verified = stdout_of(&[
        "verify",
        "--database-url",
        &database.url,
        "--output",
        "json",
    ]);
    let verified: serde_json::Value = serde_json::from_str(&verified).unwrap();
    assert_eq!(verified["differences"], 0, "{verified}");
    assert_eq!(verified["equal"], sessions, "{verified}");
}

fn identity(line: &str) -> (String, String, i64) {
    let fields: Vec<&str> = line.split('\t').collect();
    (
        fields[0].to_owned(),
        fields[1].to_owned(),
        fields[2].parse().unwrap(),
    )
}
