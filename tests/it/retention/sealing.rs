//! Sealing: what is folded before, what cannot be sealed, and what takes a seal back.

use diesel_async::RunQueryDsl;
use video_telemetry::storage::retention::{DayEnd, Why};

use super::*;
use crate::support::until;

#[actix_web::test]
async fn what_is_missing_or_stale_is_folded_before_it_is_sealed() {
    let server = server_of_old_days().await;
    let database = &server.database;
    let mut before = Vec::new();
    for id in ["missing", "short", "older", "right"] {
        before.push((id, server.played(&session(id, 40)).await));
    }
    for change in [
        "DELETE FROM session_summaries WHERE session_id = 'missing'",
        "UPDATE session_summaries SET event_count = 3, rebuffer_ms = 1 WHERE session_id = 'short'",
        "UPDATE session_summaries SET fold_version = 0, paused_ms = 1 WHERE session_id = 'older'",
    ] {
        database.execute(change).await;
    }
    let report = retain(database, policy(), days_ahead(1)).await;
    assert!(report.is_complete(), "{report:?}");
    let refolded: u64 = report.days.iter().map(|day| day.tally.refolded).sum();
    assert_eq!((refolded, report.sealed()), (3, 4));
    for (id, mut summary) in before {
        let mut now = figures(database, id).await.unwrap();
        summary["updated_at"].take();
        now["updated_at"].take();
        assert_eq!(now, summary, "{id}");
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_summary_of_more_events_than_there_are_is_never_taken_for_the_truth() {
    let server = server_of_old_days().await;
    let database = &server.database;
    server.played(&session("robbed", 40)).await;
    database
        .execute("DELETE FROM telemetry_events WHERE session_id = 'robbed' AND event_id = 'e2'")
        .await;
    let report = retain(database, policy(), days_ahead(1)).await;
    let waits = (DayEnd::Waiting, vec![("robbed", Why::Differs)]);
    assert!(ends(&report).contains(&waits), "{report:?}");
    assert_eq!(rows_of(database, "robbed").await, 3);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn an_event_on_its_way_while_its_session_is_sealed_takes_the_seal_back() {
    let server = server_of_old_days().await;
    let database = &server.database;
    server.played(&session("caught", 40)).await;
    // Its day is the first: a run ends at the first that is in use.
    let before = days_ago(41).format("%Y%m%d");
    database
        .execute(&format!("DROP TABLE telemetry_events_{before}"))
        .await;
    // An INSERT that looked for seals before there was one, and commits after.
    let mut writer = database.pool.get().await.unwrap();
    for statement in [
        "BEGIN",
        "INSERT INTO telemetry_events (session_id, event_id, event_timestamp, event_type, raw_json) \
         SELECT session_id, 'late', event_timestamp, event_type, \
             raw_json || '{\"eventId\": \"late\"}' FROM telemetry_events \
         WHERE session_id = 'caught' AND event_id = 'e3'",
    ] {
        diesel::sql_query(statement)
            .execute(&mut *writer)
            .await
            .unwrap();
    }
    let commit = async {
        until("the session is sealed", async || {
            is_sealed(database, "caught").await.then_some(())
        })
        .await;
        diesel::sql_query("COMMIT")
            .execute(&mut *writer)
            .await
            .unwrap();
    };
    let (report, ()) = tokio::join!(retain(database, policy(), days_ahead(1)), commit);
    assert!(
        ends(&report).contains(&(DayEnd::Changed, vec![])),
        "{report:?}"
    );
    assert!(!is_sealed(database, "caught").await);
    assert_eq!((report.sealed(), rows_of(database, "caught").await), (0, 5));

    let report = retain(database, policy(), days_ahead(2)).await;
    assert!(report.is_complete(), "{report:?}");
    let summary = figures(database, "caught").await.unwrap();
    assert_eq!(summary["event_count"], 5, "nothing of it was lost");
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_seal_that_a_broken_off_run_left_with_too_few_events_is_taken_back_by_the_next() {
    let server = server_of_old_days().await;
    let database = &server.database;
    server.played(&session("left", 40)).await;
    database
        .execute("UPDATE session_summaries SET sealed_at = now(), event_count = 3")
        .await;
    let report = retain(database, policy(), days_ahead(1)).await;
    assert!(report.is_complete(), "{report:?}");
    let summary = figures(database, "left").await.unwrap();
    assert_eq!(summary["event_count"], 4);
    assert!(is_sealed(database, "left").await);
    server.application.stop().await.unwrap();
}
