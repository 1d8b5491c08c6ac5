//! The subcommands: what they print, and how they end.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::command::{Ran, command, in_path, run};
use crate::support::{Database, database, empty_database, original_event, server};

/// A database with the finished sessions s1, s2 and s3 of two events each, and no server.
pub async fn finished_sessions() -> Database {
    let server = server().await;
    for session in ["s1", "s2", "s3"] {
        let events = json!([
            original_event(session, "e1", "PLAY", 1_795_392_458_159),
            original_event(session, "e2", "PAUSE", 1_795_392_468_159)
        ]);
        assert_eq!(server.post(&events).await.0, 200);
    }
    server.application.stop().await.unwrap();
    assert_eq!(
        server.database.count("SELECT FROM session_summaries").await,
        3
    );
    server.database
}

#[actix_web::test]
async fn migrate_applies_what_is_missing_and_then_has_nothing_to_do() {
    let url = empty_database();
    let first = run(&url, &["migrate"]).await.ended(0);
    assert!(first.starts_with("applied 20261123000000"), "{first}");
    let again = run(&url, &["migrate"]).await.ended(0);
    assert_eq!(again, "nothing to do: the database is up to date\n");
    let partitions =
        "SELECT FROM pg_class WHERE relname LIKE 'telemetry_events_2%' AND relkind = 'r'";
    assert!(Database::at(&url).count(partitions).await >= 8);
}

#[actix_web::test]
async fn sessions_list_prints_a_table_json_or_csv() {
    let database = finished_sessions().await;
    let list = async |output| {
        run(&database.url, &["sessions", "list", "--output", output])
            .await
            .ended(0)
    };
    let rows: Value = serde_json::from_str(&list("json").await).unwrap();
    let ids: Vec<&str> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["session_id"].as_str().unwrap())
        .collect();
    // All began at once: then the ids decide, in the direction of the sort.
    assert_eq!(ids, ["s3", "s2", "s1"]);
    assert_eq!(
        (&rows[0]["event_count"], &rows[0]["session_ms"]),
        (&json!(2), &json!(10_000))
    );

    let text = list("csv").await;
    let mut csv = csv::Reader::from_reader(text.as_bytes());
    let header = csv.headers().unwrap().clone();
    let records: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    assert_eq!(
        (header.len(), records.len()),
        (rows[0].as_object().unwrap().len(), 3)
    );
    let place = header.iter().position(|name| name == "session_ms").unwrap();
    assert_eq!(&records[2][place], "10000");

    let table = list("table").await;
    for text in ["session_id", "s1", "s2", "s3", "idle_timeout"] {
        assert!(table.contains(text), "{text} is not in\n{table}");
    }
    // Not a terminal: csv.
    assert_eq!(
        run(&database.url, &["sessions", "list"]).await.ended(0),
        text
    );
    let one = run(
        &database.url,
        &["sessions", "list", "--limit", "1", "--output", "csv"],
    )
    .await
    .ended(0);
    assert_eq!(one.lines().count(), 2);
}

#[actix_web::test]
async fn a_list_of_nothing_is_still_a_table_json_or_csv() {
    let database = database().await;
    let list = async |output| {
        run(&database.url, &["sessions", "list", "--output", output])
            .await
            .ended(0)
    };
    assert_eq!(
        serde_json::from_str::<Value>(&list("json").await).unwrap(),
        json!([])
    );
    assert!(list("table").await.contains("session_id"));
    let csv = list("csv").await;
    assert!(
        csv.starts_with("project,session_id,viewer_id,"),
        "the header: {csv}"
    );
    assert_eq!(csv.lines().count(), 1);
}

#[actix_web::test]
async fn sessions_show_prints_every_figure_of_one_session() {
    let database = finished_sessions().await;
    let show = async |output| {
        run(
            &database.url,
            &["sessions", "show", "s2", "--output", output],
        )
        .await
        .ended(0)
    };
    let row: Value = serde_json::from_str(&show("json").await).unwrap();
    assert_eq!(
        (&row["session_id"], &row["viewer_id"]),
        (&json!("s2"), &json!("user123"))
    );
    let text = show("csv").await;
    let mut csv = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(csv.records().next().unwrap().unwrap().get(1), Some("s2"));
    let table = show("table").await;
    for column in row.as_object().unwrap().keys() {
        assert!(table.contains(column), "{column} is not in\n{table}");
    }
    run(&database.url, &["sessions", "show", "nobody"])
        .await
        .failed_saying(&["nobody", "has no summary", "has not gone quiet yet"]);
    run(
        &database.url,
        &["sessions", "show", "s2", "--project", "other"],
    )
    .await
    .failed_saying(&["other"]);
}

#[actix_web::test]
async fn without_tables_or_a_database_the_error_says_what_to_do() {
    let empty = empty_database();
    for arguments in [
        &["sessions", "list"][..],
        &["sessions", "show", "x"],
        &["verify"],
        &["refold", "--all"],
    ] {
        run(&empty, arguments)
            .await
            .failed_saying(&["no tables yet", "video-telemetry migrate"]);
        run("postgres://nobody@127.0.0.1:1/none", arguments)
            .await
            .failed_saying(&["error: "]);
        run("nonsense", arguments).await.failed_saying(&["error: "]);
    }
}

#[actix_web::test]
async fn doctor_tells_whether_the_database_answers() {
    let found = run(&empty_database(), &["doctor"]).await.ended(0);
    assert!(found.contains("DATABASE_URL answers"), "{found}");
    let found = run("postgres://nobody@127.0.0.1:1/none", &["doctor"])
        .await
        .ended(1);
    assert!(
        found.contains("missing") && found.contains("mend DATABASE_URL"),
        "{found}"
    );
}

#[actix_web::test]
async fn every_subcommand_has_help_and_a_wrong_one_is_refused() {
    for subcommand in [
        &[][..],
        &["serve"],
        &["migrate"],
        &["refold"],
        &["verify"],
        &["sessions"],
        &["sessions", "list"],
        &["sessions", "show"],
        &["query"],
        &["live"],
        &["simulate"],
        &["doctor"],
        &["completions"],
    ] {
        let help = run("", &[subcommand, &["--help"]].concat()).await.ended(0);
        assert!(help.contains("Usage: video-telemetry"), "{help}");
        assert!(!help.contains("postgresql://"), "no URL of ours is shown");
    }
    for wrong in [
        &["nonsense"][..],
        &["refold"],
        &["refold", "--all", "--session", "x"],
        &["sessions", "list", "--limit", "0"],
        &["live", "--count", "0"],
        &["serve", "--idle-timeout", "soon"],
    ] {
        let ran = run("", wrong).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{wrong:?}");
        assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    }
    assert!(
        run("", &["--version"])
            .await
            .ended(0)
            .starts_with("video-telemetry ")
    );
}

#[actix_web::test]
async fn completions_are_scripts_that_their_shell_can_read() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run("", &["completions", shell]).await.ended(0);
        assert!(
            script.contains("video-telemetry") && script.contains("refold"),
            "{shell}"
        );
        if !in_path(shell) {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("completions");
        std::fs::write(&file, script).unwrap();
        // All three read a script without running it when told so.
        let read = tokio::process::Command::new(shell)
            .arg("-n")
            .arg(&file)
            .output()
            .await
            .unwrap();
        assert!(read.status.success(), "{shell}: {read:?}");
    }
}

#[actix_web::test]
async fn a_reader_that_has_seen_enough_ends_the_command_quietly() {
    let database = finished_sessions().await;
    for arguments in [
        &["sessions", "list", "--limit", "3", "--output", "json"][..],
        &["completions", "zsh"],
    ] {
        let mut child = command(&database.url, arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let ran = Ran::from(child.wait_with_output().await.unwrap());
        assert_eq!(
            (ran.code, ran.stderr.as_str()),
            (Some(141), ""),
            "{arguments:?}"
        );
    }
}
