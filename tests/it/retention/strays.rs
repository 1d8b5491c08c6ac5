//! Rows of the DEFAULT partition.

use serde_json::json;
use video_telemetry::storage::retention::Why;

use super::*;

/// A session by a clock that is years off.
fn skewed(id: &str, at_ms: i64) -> Vec<Value> {
    let event = |(number, kind): (i64, &str)| {
        original_event(id, &format!("e{number}"), kind, at_ms + 1000 * number)
    };
    [(0, "PLAY"), (1, "HEARTBEAT"), (9, "PAUSE")]
        .map(event)
        .to_vec()
}

#[actix_web::test]
async fn events_of_skewed_clocks_go_by_the_time_they_were_received() {
    let server = server_of_old_days().await;
    let database = &server.database;
    let past = server.played(&skewed("past", 1000)).await;
    let future = server.played(&skewed("future", 4_102_444_800_000)).await;
    assert!(
        retain(database, policy(), days_ahead(29))
            .await
            .is_complete()
    );
    assert_eq!(database.count("SELECT FROM telemetry_events").await, 6);

    let report = retain(database, policy(), days_ahead(31)).await;
    let strays = &report.strays;
    assert_eq!(
        (strays.events, strays.tally.sessions, strays.tally.sealed),
        (6, 2, 2)
    );
    assert_eq!(database.count("SELECT FROM telemetry_events").await, 0);
    assert_eq!(figures(database, "past").await, Some(past));
    assert_eq!(figures(database, "future").await, Some(future));
    let (_, reply) = server.post(&json!(skewed("past", 1000))).await;
    assert_eq!(reply["rejected"][2]["reason"], "expired", "{reply}");
    assert_eq!(verified(database).await["differences"], 0);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_stray_whose_session_goes_on_stays() {
    let server = server_of_old_days().await;
    let database = &server.database;
    server.played(&skewed("over", 1000)).await;
    server.played(&skewed("on", 1000)).await;
    database
        .execute("UPDATE telemetry_events SET created_at = created_at - interval '40 days'")
        .await;
    let more = original_event("on", "more", "PLAY", 20_000);
    assert_eq!(server.post(&more).await.1["accepted"], 1);
    let report = retain(database, policy(), clock::now()).await;
    let waiting: Vec<(&str, Why)> = report
        .strays
        .tally
        .waiting_for
        .iter()
        .map(|it| (it.session_id.as_str(), it.why))
        .collect();
    assert_eq!(waiting, [("on", Why::Live)]);
    assert!(!report.is_complete());
    assert_eq!(
        (
            rows_of(database, "over").await,
            rows_of(database, "on").await
        ),
        (0, 4)
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn an_unknown_sessions_event_of_a_day_that_is_gone_is_kept_from_when_it_came() {
    let server = server_of_old_days().await;
    let database = &server.database;
    retain(database, policy(), days_ahead(1)).await;
    server.played(&session("offline", 40)).await;
    let place = "SELECT FROM telemetry_events_default WHERE session_id = 'offline'";
    assert_eq!(database.count(place).await, 4);
    assert!(
        retain(database, policy(), days_ahead(29))
            .await
            .is_complete()
    );
    assert_eq!(database.count(place).await, 4);
    assert!(
        retain(database, policy(), days_ahead(31))
            .await
            .is_complete()
    );
    assert_eq!(database.count(place).await, 0);
    server.application.stop().await.unwrap();
}
