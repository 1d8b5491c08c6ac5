//! `rejected list` and `rejected show`.

use chrono::TimeDelta;
use serde_json::{Value, json};
use video_telemetry::session::clock;

use super::refused;
use crate::command::run;
use crate::support::{Database, database};

/// Twelve events, a minute apart, the last one now: every third one is too large.
async fn twelve() -> Database {
    let database = database().await;
    for n in 0..12 {
        let at = clock::now() - TimeDelta::minutes((11 - n).into());
        let reason = if n % 3 == 0 {
            "event_too_large"
        } else {
            "missing_event_id"
        };
        refused(
            &database,
            n,
            at,
            reason,
            format!("{{\"n\":{n}}}").as_bytes(),
        )
        .await;
    }
    database
}

async fn listed(database: &Database, arguments: &[&str]) -> Vec<Value> {
    let arguments = [&["rejected", "list", "--output", "json"], arguments].concat();
    let printed = run(&database.url, &arguments).await.ended(0);
    serde_json::from_str(&printed).unwrap()
}

fn numbers(rows: &[Value]) -> Vec<u32> {
    let number = |row: &Value| row["detail"].as_str()?.rsplit(' ').next()?.parse().ok();
    rows.iter().map(|row| number(row).unwrap()).collect()
}

#[actix_web::test]
async fn the_list_is_newest_first_by_project_reason_and_time_a_page_at_a_time() {
    let database = twelve().await;
    let all = listed(&database, &[]).await;
    assert_eq!(numbers(&all), (0..12).rev().collect::<Vec<_>>());
    let first = all.last().unwrap();
    assert_eq!(first["id"].as_str().unwrap().len(), 64);
    assert_eq!(
        json!([first["project"], first["reason"], first["raw_bytes"]]),
        json!(["default", "event_too_large", 7])
    );
    let large = listed(&database, &["--reason", "event_too_large"]).await;
    assert_eq!(numbers(&large), [9, 6, 3, 0]);
    assert_eq!(
        numbers(&listed(&database, &["--since", "150s"]).await),
        [11, 10, 9]
    );
    assert!(listed(&database, &["--project", "other"]).await.is_empty());
    // Page by page, by the beginning of an id.
    let mut seen = Vec::new();
    let mut behind: Option<String> = None;
    loop {
        let mut arguments = vec!["--limit", "5"];
        arguments.extend(
            behind
                .as_ref()
                .iter()
                .flat_map(|id| ["--after", id.as_str()]),
        );
        let page = listed(&database, &arguments).await;
        let Some(last) = page.last() else { break };
        behind = Some(last["id"].as_str().unwrap()[..16].to_owned());
        seen.extend(numbers(&page));
    }
    assert_eq!(seen, (0..12).rev().collect::<Vec<_>>());
}

#[actix_web::test]
async fn pages_are_whole_also_where_many_came_at_the_same_moment() {
    let database = database().await;
    let at = clock::now();
    for n in 0..7 {
        refused(&database, n, at, "invalid_json", b"x").await;
    }
    let first = listed(&database, &["--limit", "4"]).await;
    let behind = first[3]["id"].as_str().unwrap();
    let second = listed(&database, &["--limit", "4", "--after", behind]).await;
    let mut seen = [numbers(&first), numbers(&second)].concat();
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6]);
}

#[actix_web::test]
async fn a_table_and_csv_tell_the_same() {
    let database = twelve().await;
    let table = run(
        &database.url,
        &["rejected", "list", "--output", "table", "--limit", "2"],
    )
    .await
    .ended(0);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 4, "{table}");
    for (line, parts) in [
        (
            0,
            vec![
                "id",
                "received_at",
                "project",
                "reason",
                "raw_bytes",
                "detail",
            ],
        ),
        (
            2,
            vec!["default", "missing_event_id", "8", "what was wrong with 11"],
        ),
    ] {
        for part in parts {
            assert!(lines[line].contains(part), "{part} in {table}");
        }
    }
    let csv = run(
        &database.url,
        &[
            "rejected",
            "list",
            "--output",
            "csv",
            "--reason",
            "unstorable",
        ],
    )
    .await
    .ended(0);
    assert_eq!(csv, "id,received_at,project,reason,raw_bytes,detail\n");
}

#[actix_web::test]
async fn an_event_is_shown_by_the_beginning_of_its_id_and_nothing_of_it_speaks_to_the_terminal() {
    let database = database().await;
    let sent = b"{\"a\":\"\x1b]0;pwned\x07\xff\xe2\x80\xae\"}";
    refused(&database, 1, clock::now(), "invalid_json", sent).await;
    let id = listed(&database, &[]).await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let shown = run(&database.url, &["rejected", "show", &id[..7]])
        .await
        .ended(0);
    assert!(
        shown.contains("invalid_json") && shown.contains(&id),
        "{shown}"
    );
    assert!(shown.contains("pwned\\u{7}\\xff\\u{202e}"), "{shown}");
    assert!(
        !shown.chars().any(|c| c.is_control() && c != '\n'),
        "{shown}"
    );
    let json = run(
        &database.url,
        &["rejected", "show", &id, "--output", "json"],
    )
    .await
    .ended(0);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["raw"], Value::Null);
    assert!(
        json["raw_base64"].as_str().unwrap().starts_with("eyJhIjoi"),
        "{json}"
    );
    let raw = crate::command::command(&database.url, &["rejected", "show", &id, "--raw"])
        .output()
        .await
        .unwrap();
    assert_eq!(raw.stdout, sent);
}

#[actix_web::test]
async fn what_is_no_id_and_what_stands_for_none_or_several_is_said() {
    let database = database().await;
    for project in ["a", "b"] {
        database
            .execute(&format!(
                "INSERT INTO rejected_events (project, digest, received_at, reason, detail, raw, raw_bytes) \
                 VALUES ('{project}', sha256('x'), now(), 'r', 'd', '{project}', 1)"
            ))
            .await;
    }
    let id = listed(&database, &[]).await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let show = async |arguments: &[&str]| {
        let arguments = [&["rejected", "show"], arguments].concat();
        run(&database.url, &arguments).await
    };
    show(&["00000000"])
        .await
        .failed_saying(&["no rejected event"]);
    show(&[&id[..8]])
        .await
        .failed_saying(&["several", "--project"]);
    let of_b = show(&[&id[..8], "--project", "b", "--raw"]).await.ended(0);
    assert_eq!(of_b, "b");
    let wrong = show(&["xyz"]).await;
    assert_eq!(wrong.code, Some(2));
    assert!(
        wrong.stderr.contains("4 to 64 hexadecimal digits"),
        "{}",
        wrong.stderr
    );
    let wrong = run(&database.url, &["rejected", "list", "--reason", "nonsense"]).await;
    assert!(
        wrong.stderr.contains("missing_session_id"),
        "{}",
        wrong.stderr
    );
}
