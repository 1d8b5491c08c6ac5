//! `retention` on the command line.

use serde_json::json;

use super::*;
use crate::command::{command, run};
use crate::support::database;

/// A database whose session `a` was told 40 days ago.
async fn database_with_an_old_day() -> Database {
    let server = server_of_old_days().await;
    server.played(&session("a", 40)).await;
    server
        .database
        .execute("UPDATE telemetry_events SET created_at = created_at - interval '40 days'")
        .await;
    server.application.stop().await.unwrap();
    server.database
}

#[actix_web::test]
async fn the_command_tells_what_would_go_then_drops_it_then_has_nothing_to_do() {
    let database = database_with_an_old_day().await;
    let dry = run(
        &database.url,
        &[
            "retention",
            "--events",
            "30d",
            "--dry-run",
            "--output",
            "json",
        ],
    );
    let told: Value = serde_json::from_str(&dry.await.ended(0)).unwrap();
    assert_eq!(told["dry_run"], true);
    let day = told["days"]
        .as_array()
        .unwrap()
        .iter()
        .find(|day| day["events"] == 4);
    let day = day.unwrap_or_else(|| panic!("{told}"));
    assert_eq!(
        (&day["sessions"], &day["end"]),
        (&json!(1), &json!("ready"))
    );
    assert_eq!(rows_of(&database, "a").await, 4);

    let asked = ["retention", "--events", "30d", "--summaries", "35d"];
    let told = run(&database.url, &asked).await.ended(0);
    assert!(told.contains("dropped"), "{told}");
    let expected =
        "10 of 10 old days dropped, 0 rows outside all days deleted, 1 summaries deleted\n";
    assert!(told.ends_with(expected), "{told}");
    assert_eq!(database.count("SELECT FROM telemetry_events").await, 0);

    let told = run(&database.url, &asked).await.ended(0);
    assert_eq!(
        told,
        expected
            .replace("10 of 10", "0 of 0")
            .replace("1 sum", "0 sum")
    );
    let csv = run(
        &database.url,
        &["retention", "--events", "30d", "--output", "csv"],
    )
    .await;
    let header = "partition,events,sessions,refolded,sealed,waiting,end\n";
    assert_eq!(csv.ended(0), header);
}

#[actix_web::test]
async fn the_command_names_who_is_in_the_way() {
    let server = server_of_old_days().await;
    server.played(&session("lively", 40)).await;
    let told = run(&server.database.url, &["retention", "--events", "30d"])
        .await
        .ended(0);
    assert!(told.contains("session lively is live"), "{told}");
    assert!(told.contains("9 of 10 old days dropped"), "{told}");
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn durations_that_make_no_sense_are_refused_with_what_would() {
    let database = database().await;
    for (asked, complaint) in [
        (&["retention"][..], "--events 30d"),
        (&["retention", "--events", "1h"], "at least 2d"),
        (&["retention", "--summaries", "400d"], "after their events"),
        (
            &["retention", "--events", "30d", "--summaries", "20d"],
            "at least as long as events",
        ),
        (
            &["serve", "--bind", "127.0.0.1:0", "--retain-events", "1d"],
            "at least 2d",
        ),
    ] {
        run(&database.url, asked).await.failed_saying(&[complaint]);
    }
}

#[actix_web::test]
async fn the_variables_of_the_server_are_those_of_the_command() {
    let database = database_with_an_old_day().await;
    let ran = command(&database.url, &["retention", "--output", "json"])
        .env("TELEMETRY_RETAIN_EVENTS", "30d")
        .env("TELEMETRY_RETAIN_SUMMARIES", "400d")
        .output()
        .await
        .unwrap();
    let told: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(told["days"].as_array().unwrap().len(), 10, "{ran:?}");
    assert_eq!(told["summaries_deleted"], 0);
    assert_eq!(rows_of(&database, "a").await, 0);
}
