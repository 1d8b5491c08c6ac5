//! `verify` and `refold`.

use serde_json::{Value, json};

use crate::cli::finished_sessions;
use crate::command::{Ran, run};
use crate::support::{Database, server};

async fn verify(database: &Database, output: &str) -> Ran {
    run(
        &database.url,
        &["verify", "--idle-timeout", "1ms", "--output", output],
    )
    .await
}

#[actix_web::test]
async fn verify_finds_each_kind_of_difference_and_refold_mends_it() {
    let database = finished_sessions().await;
    assert!(
        verify(&database, "table")
            .await
            .ended(0)
            .contains("0 differences in 3 sessions (3 equal")
    );
    database
        .execute(
            "UPDATE session_summaries SET rebuffer_ms = rebuffer_ms + 1 WHERE session_id = 's1'",
        )
        .await;
    database
        .execute("DELETE FROM session_summaries WHERE session_id = 's2'")
        .await;
    database
        .execute("UPDATE session_summaries SET event_count = 1 WHERE session_id = 's3'")
        .await;

    let found: Value = serde_json::from_str(&verify(&database, "json").await.ended(1)).unwrap();
    let faults: Vec<Value> = found["found"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!([row["session_id"], row["column"]]))
        .collect();
    let mut sorted = faults.clone();
    sorted.sort_by_key(ToString::to_string);
    assert_eq!(
        sorted,
        [
            json!(["s1", "rebuffer_ms"]),
            json!(["s2", "(all)"]),
            json!(["s3", "event_count"])
        ]
    );
    assert_eq!(
        (&found["differences"], &found["sessions"]),
        (&json!(3), &json!(3))
    );
    let table = verify(&database, "table").await.ended(1);
    assert!(
        table.contains("rebuffer_ms") && table.contains("3 differences"),
        "{table}"
    );
    let text = verify(&database, "csv").await.ended(1);
    let mut csv = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(csv.records().map(Result::unwrap).count(), 3, "{text}");

    let one = run(&database.url, &["refold", "--session", "s1"])
        .await
        .ended(0);
    assert!(one.starts_with("1 summaries written"), "{one}");
    let left: Value = serde_json::from_str(&verify(&database, "json").await.ended(1)).unwrap();
    assert_eq!(left["differences"], 2);
    let all = run(&database.url, &["refold", "--all"]).await.ended(0);
    assert!(all.starts_with("3 summaries written"), "{all}");
    verify(&database, "table").await.ended(0);
    run(&database.url, &["refold", "--session", "nobody"])
        .await
        .failed_saying(&["has no events"]);
}

#[actix_web::test]
async fn verify_finds_a_summary_without_rows() {
    let database = finished_sessions().await;
    database
        .execute("DELETE FROM telemetry_events WHERE session_id = 's2'")
        .await;
    let found: Value = serde_json::from_str(&verify(&database, "json").await.ended(1)).unwrap();
    assert_eq!(
        found["found"],
        json!([{"project": "default", "session_id": "s2", "column": "(all)",
        "summary": "present", "events": "missing"}])
    );
}

#[actix_web::test]
async fn whole_numbers_of_a_site_that_no_double_counts_one_by_one_are_no_difference() {
    let server = server().await;
    let events: Vec<Value> = [
        "9007199254740992",
        "1e18",
        "18446744073709549568",
        "1e20",
        "-1e17",
        "-0.0",
    ]
    .iter()
    .enumerate()
    .map(|(at, number)| {
        let number: Value = serde_json::from_str(number).unwrap();
        json!({"sessionId": format!("s{at}"), "eventId": "e", "eventType": "SESSION_START",
                "timestamp": 1_795_392_460_000i64, "custom": {"number": number}})
    })
    .collect();
    let (status, _) = server.post(&Value::from(events.clone())).await;
    assert_eq!(status, 200);
    for at in 0..events.len() {
        server.summary(&format!("s{at}")).await;
    }
    let told = verify(&server.database, "table").await.ended(0);
    assert!(
        told.contains("0 differences in 6 sessions (6 equal"),
        "{told}"
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn verify_counts_sealed_sessions_apart_also_when_their_events_are_gone() {
    let database = finished_sessions().await;
    database
        .execute("UPDATE session_summaries SET sealed_at = now() WHERE session_id <> 's1'")
        .await;
    database
        .execute("DELETE FROM telemetry_events WHERE session_id = 's2'")
        .await;
    let told = verify(&database, "table").await.ended(0);
    assert!(
        told.contains("0 differences in 3 sessions (1 equal, 0 live, 2 sealed"),
        "{told}"
    );
}
