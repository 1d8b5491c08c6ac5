//! `rejected replay`: what is good by now is stored, exactly once, and the rest stays.

use chrono::TimeDelta;
use serde_json::{Value, json};
use video_telemetry::session::clock;
use video_telemetry::storage::SessionKey;
use video_telemetry::storage::erasures::{Target, erase};

use super::{kept, refused};
use crate::answers::{JSON, least_event};
use crate::command::run;
use crate::support::{Database, database, server, until};

async fn replay(database: &Database, arguments: &[&str]) -> Value {
    let arguments = [&["rejected", "replay", "--output", "json"], arguments].concat();
    let printed = run(&database.url, &arguments).await.ended(0);
    serde_json::from_str(&printed).unwrap()
}

#[actix_web::test]
async fn an_erased_session_is_not_replayed_and_its_rows_go() {
    let database = database().await;
    let (now, project) = (clock::now(), "default".into());
    // Its name is in escapes, so that erasing does not find it.
    let escaped = r#"{"session\u0049d":"g\u006fne","eventId":"e","eventType":"PLAY","timestamp":1795392458159}"#;
    let kept = least_event("kept", "e").to_string();
    for (n, event) in [escaped, kept.as_str()].into_iter().enumerate() {
        let (n, bytes) = (u32::try_from(n).unwrap(), event.as_bytes());
        refused(&database, n, now, "missing_timestamp", bytes).await;
    }
    let target = Target::Session(SessionKey::new(&project, "gone"));
    let erased = erase(&database.pool, &target, now, |_| {}, |_| {}).await;
    assert_eq!(erased.unwrap().rejected_events, 0);
    let told = replay(&database, &["--all"]).await;
    assert_eq!(
        json!([
            told["tried"],
            told["removed"],
            told["inserted"],
            told["still_rejected"]
        ]),
        json!([2, 2, 1, {}])
    );
    let stored = database
        .rows("SELECT session_id FROM telemetry_events")
        .await;
    assert_eq!(stored, [json!({"session_id": "kept"})]);
    assert_eq!(database.count("SELECT FROM rejected_events").await, 0);
}

#[actix_web::test]
async fn what_is_good_by_now_is_stored_folded_and_gone_and_what_is_still_bad_stays() {
    let database = database().await;
    let yesterday = clock::now() - TimeDelta::days(1);
    // As a stricter parser of an earlier version may have refused them.
    for n in 0..450 {
        let event = least_event(&format!("s{}", n % 9), &format!("e{n}")).to_string();
        refused(
            &database,
            n,
            yesterday,
            "number_out_of_range",
            event.as_bytes(),
        )
        .await;
    }
    refused(
        &database,
        900,
        yesterday,
        "missing_event_id",
        b"{\"sessionId\":\"s\"}",
    )
    .await;
    refused(
        &database,
        901,
        yesterday,
        "unstorable_string",
        b"{\"a\":\"\\u0000\"}",
    )
    .await;
    refused(&database, 902, yesterday, "invalid_json", b"\xff").await;
    let told = replay(&database, &["--all"]).await;
    assert_eq!(
        told,
        json!({"tried": 453, "removed": 450, "inserted": 450, "duplicates": 0, "unknown": 0,
            "summaries": 9, "still_rejected":
            {"missing_event_id": 1, "unstorable_string": 1, "invalid_json": 1}})
    );
    assert_eq!(database.count("SELECT FROM telemetry_events").await, 450);
    assert_eq!(kept(&database).await.len(), 3);
    let verified = run(&database.url, &["verify", "--idle-timeout", "1ms"])
        .await
        .ended(0);
    assert!(
        verified.starts_with("0 differences in 9 sessions (9 equal"),
        "{verified}"
    );
    // Nothing is left to do.
    let told = replay(&database, &["--all"]).await;
    assert_eq!(json!([told["tried"], told["inserted"]]), json!([3, 0]));
}

#[actix_web::test]
async fn an_event_that_is_stored_already_is_not_stored_again() {
    let database = database().await;
    let event = least_event("s", "e").to_string();
    for n in 0..3 {
        refused(&database, n, clock::now(), "unstorable", event.as_bytes()).await;
    }
    let told = replay(&database, &["--all"]).await;
    assert_eq!(
        json!([told["removed"], told["inserted"], told["duplicates"]]),
        json!([3, 1, 2])
    );
    refused(&database, 3, clock::now(), "unstorable", event.as_bytes()).await;
    let told = replay(&database, &["--all"]).await;
    assert_eq!(
        json!([
            told["removed"],
            told["inserted"],
            told["duplicates"],
            told["summaries"]
        ]),
        json!([1, 0, 1, 0])
    );
    assert_eq!(database.count("SELECT FROM telemetry_events").await, 1);
}

#[actix_web::test]
async fn only_the_reason_and_the_project_asked_for_are_tried() {
    let database = database().await;
    for (n, reason) in ["invalid_timestamp", "unstorable"].into_iter().enumerate() {
        let event = least_event("s", reason).to_string();
        refused(
            &database,
            u32::try_from(n).unwrap(),
            clock::now(),
            reason,
            event.as_bytes(),
        )
        .await;
    }
    let told = replay(&database, &["--all", "--project", "other"]).await;
    assert_eq!(told["tried"], 0);
    let told = replay(&database, &["--reason", "unstorable"]).await;
    assert_eq!(json!([told["tried"], told["inserted"]]), json!([1, 1]));
    let rows = database
        .rows("SELECT event_id, project FROM telemetry_events")
        .await;
    assert_eq!(
        rows,
        [json!({"event_id": "unstorable", "project": "default"})]
    );
    let neither = run(&database.url, &["rejected", "replay"]).await;
    assert_eq!(neither.code, Some(2));
    assert!(neither.stderr.contains("--reason"), "{}", neither.stderr);
}

#[actix_web::test]
async fn a_body_that_was_refused_whole_is_split_and_goes_only_when_all_of_it_is_good() {
    let database = database().await;
    let events = [least_event("s", "e1"), least_event("t", "e2")];
    let whole = json!({"sentAt": 1_795_392_458_200_i64, "events": events}).to_string();
    refused(&database, 1, clock::now(), "invalid_json", whole.as_bytes()).await;
    let half = format!("[{},17]", least_event("s", "e3"));
    refused(&database, 2, clock::now(), "invalid_json", half.as_bytes()).await;
    let told = replay(&database, &["--all"]).await;
    assert_eq!(
        json!([told["removed"], told["inserted"], told["still_rejected"]]),
        json!([1, 3, {"not_an_object": 1}])
    );
    assert_eq!(kept(&database).await, [half]);
    let sent = "SELECT FROM telemetry_events WHERE extract(epoch FROM sent_at) = 1795392458.2";
    assert_eq!(database.count(sent).await, 2);
}

#[actix_web::test]
async fn what_was_cut_stays_and_so_does_what_a_full_session_has_no_room_for() {
    let database = database().await;
    let event = least_event("s", "e").to_string();
    refused(
        &database,
        1,
        clock::now(),
        "event_too_large",
        event.as_bytes(),
    )
    .await;
    database
        .execute("UPDATE rejected_events SET raw_bytes = 100000")
        .await;
    database
        .execute(
            "INSERT INTO telemetry_events (session_id, event_id, event_timestamp, event_type, raw_json) \
             SELECT 'full', 'e' || n, n, 'PLAY', jsonb_build_object('sessionId', 'full', 'eventId', 'e' || n, \
             'eventType', 'PLAY', 'timestamp', n) FROM generate_series(1, 99999) AS n",
        )
        .await;
    for n in 2..5 {
        let event = least_event("full", &format!("more{n}")).to_string();
        refused(&database, n, clock::now(), "session_full", event.as_bytes()).await;
    }
    let told = replay(&database, &["--all"]).await;
    assert_eq!(
        json!([told["inserted"], told["still_rejected"]]),
        json!([1, {"event_too_large": 1, "session_full": 2}])
    );
    let full = "SELECT FROM telemetry_events WHERE session_id = 'full'";
    assert_eq!(database.count(full).await, 100_000);
}

#[actix_web::test]
async fn beside_a_server_the_summary_of_a_session_that_is_live_is_whole_in_the_end() {
    let server = server().await;
    let database = &server.database;
    refused(
        database,
        1,
        clock::now(),
        "unstorable",
        least_event("s", "old").to_string().as_bytes(),
    )
    .await;
    let body = least_event("s", "new").to_string();
    let (status, _) = server.post_as(body, &[JSON]).await;
    assert_eq!(status, 200);
    let told = replay(database, &["--all"]).await;
    assert_eq!(told["inserted"], 1);
    until("the summary has both events", async || {
        let whole = "SELECT FROM session_summaries WHERE session_id = 's' AND event_count = 2";
        (database.count(whole).await == 1).then_some(())
    })
    .await;
    server.application.stop().await.unwrap();
    run(&database.url, &["verify", "--idle-timeout", "1ms"])
        .await
        .ended(0);
}

#[actix_web::test]
async fn a_replay_that_ended_before_folding_leaves_rows_that_recovery_finds() {
    // As a replay leaves it: rows with a stamp of now, and a summary of an older day that misses them.
    let server = server().await;
    let (status, _) = server
        .post_as(least_event("s", "e1").to_string(), &[JSON])
        .await;
    assert_eq!(status, 200);
    server.summary("s").await;
    let (application, database) = (server.application, server.database);
    application.stop().await.unwrap();
    database
        .execute("UPDATE recovery_watermark SET scanned_until = now()")
        .await;
    database
        .execute(
            "INSERT INTO telemetry_events (session_id, event_id, event_timestamp, event_type, raw_json) \
             VALUES ('s', 'e2', 1795392459159, 'PAUSE', '{\"sessionId\": \"s\", \"eventId\": \"e2\", \
             \"eventType\": \"PAUSE\", \"timestamp\": 1795392459159}')",
        )
        .await;
    let settings = crate::support::settings(&database.url);
    let again = crate::support::Server::start(settings, &database.url).await;
    until("recovery has folded both events", async || {
        let whole = "SELECT FROM session_summaries WHERE session_id = 's' AND event_count = 2";
        (database.count(whole).await == 1).then_some(())
    })
    .await;
    again.application.stop().await.unwrap();
}
