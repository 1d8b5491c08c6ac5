//! Events of sealed sessions.

use reqwest::Method;
use serde_json::json;

use super::*;
use crate::answers::JSON;
use crate::support::{settings, until};

/// A server whose session `gone` was sealed and dropped.
async fn server_with_a_sealed_session() -> (Server, Value) {
    let server = server_of_old_days().await;
    let summary = server.played(&session("gone", 40)).await;
    let report = retain(&server.database, policy(), days_ahead(1)).await;
    assert!(report.is_complete(), "{report:?}");
    (server, summary)
}

fn late(id: &str) -> Value {
    original_event("gone", id, "PLAY", clock::now_ms())
}

#[actix_web::test]
async fn a_late_event_is_refused_by_every_server_and_its_neighbours_are_not() {
    let (server, summary) = server_with_a_sealed_session().await;
    let url = server.database.url.clone();
    let other = Server::start(settings(&url), &url).await;
    for (name, server) in [("one", &server), ("other", &other)] {
        let neighbour = original_event(
            &format!("neighbour of {name}"),
            "n",
            "PLAY",
            clock::now_ms(),
        );
        let (status, reply) = server.post(&json!([neighbour, late(name)])).await;
        assert_eq!((status, &reply["accepted"]), (200, &json!(1)), "{reply}");
        let rejected = &reply["rejected"][0];
        assert_eq!(
            (&rejected["index"], &rejected["reason"]),
            (&json!(1), &json!("expired"))
        );
        // Alone, it is as any other request without a single usable event.
        let (status, reply) = server.post(&late(&format!("alone {name}"))).await;
        assert_eq!((status, &reply["code"]), (400, &json!("all_rejected")));
        assert_eq!(reply["rejected"][0]["reason"], "expired");
        assert!(server.metric("telemetry_events_rejected_total").await > 1.5);
    }
    let database = &server.database;
    assert_eq!(rows_of(database, "gone").await, 0);
    let kept = "SELECT FROM rejected_events WHERE reason = 'expired' AND raw_bytes > 100";
    assert_eq!(database.count(kept).await, 4, "they are not lost");
    // The actors of the sealed session leave again, and write nothing.
    for server in [&server, &other] {
        until("no session is live", async || {
            (server.metric("telemetry_live_sessions").await < 0.5).then_some(())
        })
        .await;
    }
    assert_eq!(figures(database, "gone").await, Some(summary));
    assert_eq!(verified(database).await["differences"], 0);
    server.application.stop().await.unwrap();
    other.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_resend_of_what_was_dropped_leaves_no_row() {
    let (server, summary) = server_with_a_sealed_session().await;
    let (status, reply) = server.post(&json!(session("gone", 40))).await;
    assert_eq!(status, 400);
    assert_eq!(reply["rejected"].as_array().unwrap().len(), 4, "{reply}");
    assert_eq!(
        server.database.count("SELECT FROM telemetry_events").await,
        0
    );
    assert_eq!(figures(&server.database, "gone").await, Some(summary));
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn among_duplicates_late_events_are_refused_too() {
    let (server, _) = server_with_a_sealed_session().await;
    let young = session("young", 0);
    server.played(&young).await;
    // The first duplicate makes the writer expect more of them.
    for round in 0..3 {
        let fresh = original_event("young", &format!("fresh {round}"), "PLAY", clock::now_ms());
        let late = late(&format!("late {round}"));
        let batch = [young.clone(), vec![late.clone(), fresh, late]].concat();
        server
            .send(
                Method::POST,
                "/telemetry",
                &[JSON],
                json!(batch).to_string(),
            )
            .await
            .took(1, 4, 2);
    }
    assert_eq!(rows_of(&server.database, "gone").await, 0);
    assert_eq!(rows_of(&server.database, "young").await, 7);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_session_that_is_sealed_under_a_running_server_gets_no_event_from_then_on() {
    let server = server_of_old_days().await;
    let database = &server.database;
    server.played(&session("gone", 40)).await;
    // Each of its events comes before the seal and is counted, or is refused.
    let sent = std::cell::Cell::new(0u32);
    let playing = async {
        while sent.get() < 40 {
            let (_, reply) = server.post(&late(&format!("p{}", sent.get()))).await;
            if reply["rejected"][0]["reason"] == "expired" {
                return;
            }
            assert_eq!(reply["accepted"], 1, "{reply}");
            sent.set(sent.get() + 1);
        }
    };
    let sealing = async {
        until("the day is gone", async || {
            let report = retain(database, policy(), days_ahead(1)).await;
            report.is_complete().then_some(())
        })
        .await;
    };
    tokio::join!(playing, sealing);
    let (_, reply) = server.post(&late("last")).await;
    assert_eq!(reply["rejected"][0]["reason"], "expired", "{reply}");
    let summary = figures(database, "gone").await.unwrap();
    assert_eq!(summary["event_count"], 4 + sent.get());
    let rows = rows_of(database, "gone").await;
    assert_eq!(
        rows,
        i64::from(sent.get()),
        "those of today are in today's partition"
    );
    assert_eq!(verified(database).await["differences"], 0);
    server.application.stop().await.unwrap();
}
