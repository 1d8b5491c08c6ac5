//! Deleting summaries.

use serde_json::json;
use video_telemetry::storage::retention::Policy;

use super::*;

fn keeping_summaries(days: i64) -> Policy {
    Policy {
        summaries: Some(TimeDelta::days(days)),
        ..policy()
    }
}

/// The sessions of the last 60 days, as the running server counts them.
async fn counted(server: &Server) -> Value {
    let asked = [("metric", "sessions"), ("last", "60d")];
    let told = server.tell("/api/v1/metrics/query", &asked).await;
    told["total"]["values"]["sessions"]["value"].clone()
}

#[actix_web::test]
async fn old_summaries_go_after_their_events_and_from_a_running_servers_figures() {
    let server = server_of_old_days().await;
    let database = &server.database;
    for (id, days) in [("old", 40), ("older", 41), ("kept", 33), ("young", 0)] {
        server.played(&session(id, days)).await;
    }
    assert_eq!(counted(&server).await, 4);
    let report = retain(database, keeping_summaries(38), days_ahead(1)).await;
    assert_eq!(report.summaries_deleted, 2, "{report:?}");
    assert_eq!(counted(&server).await, 2);
    let left = database
        .rows("SELECT session_id FROM session_summaries ORDER BY session_id")
        .await;
    assert_eq!(
        left,
        [
            json!({"session_id": "kept"}),
            json!({"session_id": "young"})
        ]
    );
    let hours = "SELECT FROM summary_hours AS h WHERE NOT EXISTS (SELECT FROM session_summaries AS s \
        WHERE date_trunc('hour', s.started_at, 'UTC') = h.hour)";
    assert_eq!(database.count(hours).await, 0, "their hours are gone, too");
    assert_eq!(verified(database).await["differences"], 0);

    // The last that was known of it is gone; what lies before the line is refused all the same.
    let (_, reply) = server.post(&json!(session("old", 40))).await;
    assert_eq!(reply["rejected"][3]["reason"], "expired", "{reply}");
    assert_eq!(rows_of(database, "old").await, 0);
    // What lies behind it is not, and the figures know of it.
    server.played(&session("new", 33)).await;
    assert_eq!(counted(&server).await, 3);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_summary_stays_while_a_row_of_its_session_does() {
    let server = server_of_old_days().await;
    let database = &server.database;
    // Over for 40 days by its own clock, but received today: its rows are strays.
    retain(database, policy(), days_ahead(1)).await;
    server.played(&session("stray", 40)).await;
    let report = retain(database, keeping_summaries(31), days_ahead(2)).await;
    assert_eq!(report.summaries_deleted, 0);
    assert!(figures(database, "stray").await.is_some());
    let report = retain(database, keeping_summaries(31), days_ahead(32)).await;
    assert_eq!((report.strays.events, report.summaries_deleted), (4, 1));
    assert_eq!(verified(database).await["differences"], 0);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_clock_that_is_years_behind_is_not_taken_for_a_late_event_where_the_client_tells_it() {
    let server = server_of_old_days().await;
    let database = &server.database;
    retain(database, keeping_summaries(38), days_ahead(1)).await;
    let event = |session: &str| original_event(session, "e", "PLAY", 50_000);
    let told = json!({"sentAt": 51_000, "events": [event("told")]});
    assert_eq!(server.post(&told).await.1["accepted"], 1);
    let (_, reply) = server.post(&json!([event("untold")])).await;
    assert_eq!(reply["rejected"][0]["reason"], "expired");
    server.application.stop().await.unwrap();
}
