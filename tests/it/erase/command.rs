//! `erase` on the command line.

use serde_json::{Value, json};

use super::{event, hasty_server};
use crate::process::{run, stdout_of};
use crate::support::{Database, server};

fn erase(database: &Database, arguments: &[&str]) -> Value {
    let begin = [
        "erase",
        "--database-url",
        &database.url,
        "--yes",
        "--output",
        "json",
    ];
    let told = stdout_of(&[&begin[..], arguments].concat());
    serde_json::from_str(&told).unwrap()
}

#[actix_web::test]
async fn the_command_erases_and_finishes_without_any_server() {
    let server = server().await;
    let events: Vec<Value> = (0..4).map(|n| event("s-of-ann", "ann", n)).collect();
    server.telemetry(&events).await.took(4, 0, 0);
    server.summary("s-of-ann").await;
    let database = Database::at(&server.database.url);
    server.application.stop().await.unwrap();
    let told = erase(
        &database,
        &["--session", "s-of-ann", "--erasure-grace", "50ms"],
    );
    assert_eq!(
        told,
        json!({"project": "default", "session": "s-of-ann", "viewer": null, "sessions": 1,
            "events": 4, "summaries": 1, "rejected_events": 0, "finished": true})
    );
    assert_eq!(database.traces("s-of-ann").await, Vec::<String>::new());
    database.finished(1).await;
    database.verified();
}

#[actix_web::test]
async fn what_the_command_does_not_wait_for_the_server_finishes() {
    let server = hasty_server().await;
    let database = &server.database;
    for session in ["a-1", "a-2"] {
        server
            .telemetry(&[event(session, "ann", 0)])
            .await
            .took(1, 0, 0);
    }
    let told = erase(database, &["--viewer", "ann", "--no-wait"]);
    assert_eq!(
        (&told["sessions"], &told["events"], &told["finished"]),
        (&json!(2), &json!(2), &json!(false))
    );
    for session in ["a-1", "a-2"] {
        server.refuses_erased(session).await;
    }
    database.finished(2).await;
    assert_eq!(database.traces("ann").await, Vec::<String>::new());
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn nothing_is_erased_by_mistake() {
    let server = server().await;
    server
        .telemetry(&[event("s", "ann", 0)])
        .await
        .took(1, 0, 0);
    let url = &server.database.url;
    for (arguments, told) in [
        (&["--session", "s"][..], "say --yes"),
        (&["--yes"], "--session <ID>"),
        (
            &["--yes", "--session", "s", "--viewer", "ann"],
            "cannot be used with",
        ),
        (&["--yes", "--session", ""], "1 to 200 bytes"),
        (
            &["--yes", "--viewer", "ann", "--viewer-id", "hash"],
            "needs a secret",
        ),
    ] {
        let ran = run(&[&["erase", "--database-url", url][..], arguments].concat());
        let error = String::from_utf8_lossy(&ran.stderr);
        assert!(!ran.status.success() && error.contains(told), "{error}");
    }
    assert_eq!(server.database.count("SELECT FROM erasures").await, 0);
    assert_eq!(
        server.database.count("SELECT FROM telemetry_events").await,
        1
    );
    server.application.stop().await.unwrap();
}
