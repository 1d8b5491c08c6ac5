//! Dropping days.

use diesel_async::RunQueryDsl;
use serde_json::json;
use video_telemetry::storage::retention::{DayEnd, Policy, Why};

use super::*;
use crate::command::run;

const OLD_DAYS: &str = "SELECT FROM pg_inherits WHERE inhparent = 'telemetry_events'::regclass";

#[actix_web::test]
async fn a_day_goes_when_its_sessions_are_sealed_and_their_figures_stay_as_they_were() {
    let server = server_of_old_days().await;
    let database = &server.database;
    let mut before = Vec::new();
    for (id, days) in [("a", 40), ("b", 40), ("c", 33), ("young", 1)] {
        before.push((id, server.played(&session(id, days)).await));
    }
    let told = server.tell("/api/v1/sessions/a", &[]).await;

    let report = retain(database, policy(), days_ahead(1)).await;
    assert_eq!(report.days_dropped(), 10);
    assert!(report.is_complete(), "{report:?}");
    let sizes: Vec<(u64, u64, u64)> = report
        .days
        .iter()
        .map(|day| (day.events, day.tally.sessions, day.tally.sealed))
        .filter(|sizes| sizes.0 > 0)
        .collect();
    assert_eq!(sizes, [(8, 2, 2), (4, 1, 1)]);
    // DEFAULT, yesterday, today and eight days ahead.
    assert_eq!(database.count(OLD_DAYS).await, 11);
    assert_eq!(database.count("SELECT FROM telemetry_events").await, 4);
    for (id, summary) in &before {
        assert_eq!(figures(database, id).await.as_ref(), Some(summary), "{id}");
        assert_eq!(is_sealed(database, id).await, *id != "young");
    }

    // Nothing else minds.
    run(&database.url, &["refold", "--all"]).await.ended(0);
    assert_eq!(figures(database, "a").await.unwrap(), before[0].1);
    assert_eq!(verified(database).await["differences"], 0);
    let mut sealed = server.tell("/api/v1/sessions/a", &[]).await;
    assert!(sealed["sealed_at"].take().is_string());
    assert_eq!(sealed, told);
    let events = server.tell("/api/v1/sessions/a/events", &[]).await;
    assert_eq!(events["data"], json!([]), "{events}");
    let timeline = server.tell("/api/v1/sessions/a/timeline", &[]).await;
    assert_eq!(timeline["partial"], true);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_session_that_spans_days_is_sealed_with_the_first_and_its_rows_go_with_their_days() {
    let server = server_of_old_days().await;
    let database = &server.database;
    partitions::ensure(&database.pool, days_ago(27))
        .await
        .unwrap();
    let mut events = session("long", 33);
    events.extend(session("long", 27).into_iter().map(|mut event| {
        event["eventId"] = json!(format!("later {}", event["eventId"]));
        event
    }));
    let summary = server.played(&events).await;
    assert_eq!(summary["event_count"], 8);

    assert!(
        retain(database, policy(), days_ahead(1))
            .await
            .is_complete()
    );
    assert_eq!(rows_of(database, "long").await, 4);
    assert!(is_sealed(database, "long").await);
    let told = verified(database).await;
    assert_eq!(
        (&told["differences"], &told["sealed"]),
        (&json!(0), &json!(1))
    );
    let timeline = server.tell("/api/v1/sessions/long/timeline", &[]).await;
    assert_eq!(timeline["partial"], true, "half of its events are gone");

    let report = retain(database, policy(), days_ahead(5)).await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(report.sealed(), 0, "it was sealed before");
    assert_eq!(rows_of(database, "long").await, 0);
    assert_eq!(figures(database, "long").await, Some(summary));
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_day_waits_for_its_live_sessions_and_none_of_its_others_is_sealed() {
    let server = server_of_old_days().await;
    let database = &server.database;
    server.played(&session("quiet", 40)).await;
    database
        .execute("UPDATE telemetry_events SET created_at = created_at - interval '2 hours'")
        .await;
    server.played(&session("busy", 40)).await;
    let report = retain(database, policy(), clock::now()).await;
    assert_eq!(report.days_dropped(), 9);
    let waits = (DayEnd::Waiting, vec![("busy", Why::Live)]);
    assert!(ends(&report).contains(&waits), "{report:?}");
    for id in ["quiet", "busy"] {
        assert!(!is_sealed(database, id).await);
        assert_eq!(rows_of(database, id).await, 4);
    }
    let more = json!({"eventId": "more", "sessionId": "busy", "eventType": "HEARTBEAT",
        "timestamp": clock::now_ms()});
    assert_eq!(server.post(&more).await.1["accepted"], 1);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_dry_run_tells_what_would_go_and_changes_nothing() {
    let server = server_of_old_days().await;
    let database = &server.database;
    server.played(&session("a", 40)).await;
    server.played(&session("b", 40)).await;
    database
        .execute("DELETE FROM session_summaries WHERE session_id = 'b'")
        .await;
    let dry = Policy {
        dry_run: true,
        summaries: Some(TimeDelta::days(30)),
        ..policy()
    };
    let report = retain(database, dry, days_ahead(1)).await;
    assert!(
        ends(&report)
            .iter()
            .all(|end| *end == (DayEnd::Ready, vec![])),
        "{report:?}"
    );
    let day = report.days.iter().find(|day| day.events > 0).unwrap();
    let tally = &day.tally;
    assert_eq!(
        (day.events, tally.sessions, tally.refolded, tally.sealed),
        (8, 2, 1, 0)
    );
    assert_eq!(database.count("SELECT FROM telemetry_events").await, 8);
    assert_eq!(database.count("SELECT FROM session_summaries").await, 1);
    let untouched = "SELECT FROM retention_state WHERE NOT sealing AND expired_before_ms = 0";
    assert_eq!(database.count(untouched).await, 1);
    assert!(!is_sealed(database, "a").await);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn dropping_days_costs_no_event_that_arrives_meanwhile() {
    let server = server_of_old_days().await;
    let database = &server.database;
    for number in 0..20 {
        server
            .played(&session(&format!("old{number}"), 32 + number % 10))
            .await;
    }
    let done = std::cell::Cell::new(false);
    let dropping = async {
        let report = retain(database, policy(), days_ahead(1)).await;
        done.set(true);
        report
    };
    let player = async |name: &str| {
        let mut sent = 0;
        while !done.get() {
            let event = json!({"eventId": format!("e{sent}"), "sessionId": name,
                "eventType": "HEARTBEAT", "timestamp": clock::now_ms()});
            let (status, reply) = server.post(&event).await;
            assert_eq!((status, &reply["accepted"]), (200, &json!(1)), "{reply}");
            sent += 1;
        }
        sent
    };
    let (report, a, b, c) = tokio::join!(dropping, player("a"), player("b"), player("c"));
    assert_eq!((report.days_dropped(), report.sealed()), (10, 20));
    assert_eq!(
        database.count("SELECT FROM telemetry_events").await,
        a + b + c
    );
    assert_eq!(database.count("SELECT FROM rejected_events").await, 0);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_long_read_of_the_events_makes_days_wait_and_no_event() {
    let server = server_of_old_days().await;
    let database = &server.database;
    server.played(&session("a", 40)).await;
    // One old day is enough: each of them waits for a second.
    for days in (32..=41).filter(|days| *days != 40) {
        let day = days_ago(days).format("%Y%m%d");
        database
            .execute(&format!("DROP TABLE telemetry_events_{day}"))
            .await;
    }
    let mut reader = database.pool.get().await.unwrap();
    for statement in ["BEGIN", "SELECT count(*) FROM telemetry_events"] {
        diesel::sql_query(statement)
            .execute(&mut *reader)
            .await
            .unwrap();
    }
    let event = json!({"eventId": "1", "sessionId": "now", "eventType": "PLAY", "timestamp": clock::now_ms()});
    let (report, posted) = tokio::join!(
        retain(database, policy(), days_ahead(1)),
        server.post(&event)
    );
    assert_eq!((posted.0, &posted.1["accepted"]), (200, &json!(1)));
    assert_eq!(ends(&report), [(DayEnd::InUse, vec![])]);
    assert_eq!(rows_of(database, "a").await, 4);
    diesel::sql_query("COMMIT")
        .execute(&mut *reader)
        .await
        .unwrap();
    let report = retain(database, policy(), days_ahead(1)).await;
    assert_eq!(ends(&report), [(DayEnd::Dropped, vec![])]);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_day_of_more_sessions_than_a_page_and_of_several_projects_goes_whole() {
    let database = &crate::support::database().await;
    let pool = &database.pool;
    partitions::ensure(pool, days_ago(40)).await.unwrap();
    let noon = session("any", 40)[0]["timestamp"].clone();
    database
        .execute(&format!(
            "INSERT INTO telemetry_events \
                 (project, session_id, event_id, event_timestamp, event_type, raw_json, created_at) \
             SELECT p, 's' || n, 'e', {noon}, 'PLAY', jsonb_build_object('sessionId', 's' || n, \
                 'eventId', 'e', 'eventType', 'PLAY', 'timestamp', {noon}), \
                 to_timestamp({noon} / 1000.0) \
             FROM unnest('{{a,b}}'::text[]) AS p, generate_series(1, 700) AS n"
        ))
        .await;
    let both = Policy {
        summaries: Some(TimeDelta::days(39)),
        ..policy()
    };
    let report = retain(database, policy(), clock::now()).await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!((report.sealed(), report.summaries_deleted), (1400, 0));
    assert_eq!(database.count("SELECT FROM telemetry_events").await, 0);
    let whole = "SELECT FROM session_summaries WHERE sealed_at IS NOT NULL AND event_count = 1";
    assert_eq!(database.count(whole).await, 1400);
    let report = retain(database, both, clock::now()).await;
    assert_eq!(report.summaries_deleted, 1400);
    assert_eq!(database.count("SELECT FROM session_summaries").await, 0);
    assert_eq!(database.count("SELECT FROM summary_hours").await, 0);
}
