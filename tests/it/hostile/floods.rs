//! One session with far too many events, far too many sessions, and far too much that is refused.

use std::time::Duration;

use serde_json::json;
use video_telemetry::session::Limits;
use video_telemetry::storage::quarantine::Bounds;

use super::Target;
use crate::answers::least_event;
use crate::command::Serving;
use crate::support::{Database, empty_database, until};

fn batch(session: impl Fn(usize) -> String, events: std::ops::Range<usize>) -> String {
    let events = events.map(|n| least_event(&session(n), &format!("e{n}")).to_string());
    format!("[{}]", events.collect::<Vec<_>>().join(","))
}

#[actix_web::test]
async fn a_session_gets_as_many_events_as_it_may_have_and_the_excess_is_refused() {
    let target = Target::with(|settings| {
        settings.idle_timeout = Duration::from_secs(3600);
        settings.limits = Limits {
            max_session_events: 1200,
            ..Limits::default()
        };
    })
    .await;
    let mut refused = 0;
    for n in 0..6 {
        let events = n * 500..(n + 1) * 500;
        let answer = target.send(batch(|_| "one".to_owned(), events)).await;
        let rejected = answer.json()["rejected"].as_array().unwrap().clone();
        for event in &rejected {
            assert_eq!(event["reason"], "session_full");
            assert_eq!(event["detail"], "the session has its 1200 events");
        }
        refused += rejected.len();
        // Others go on.
        let other = least_event(&format!("other{n}"), "e").to_string();
        target.send(other).await.took(1, 0, 0);
    }
    assert_eq!(refused, 1800);
    let rows = "SELECT FROM telemetry_events WHERE session_id = 'one'";
    assert_eq!(target.server.database.count(rows).await, 1200);
    target.ends_unharmed().await;
}

#[actix_web::test]
async fn beyond_the_bound_on_live_sessions_a_new_one_is_put_off_and_those_that_live_go_on() {
    let target = Target::with(|settings| {
        settings.idle_timeout = Duration::from_secs(3600);
        settings.limits = Limits {
            max_live_sessions: 100,
            ..Limits::default()
        };
    })
    .await;
    target
        .send(batch(|n| format!("s{n}"), 0..100))
        .await
        .took(100, 0, 0);
    let server = &target.server;
    let new = least_event("new", "e1").to_string();
    let put_off = server.send(
        reqwest::Method::POST,
        "/telemetry",
        &[crate::answers::JSON],
        new,
    );
    let put_off = put_off.await;
    put_off.is_problem(503, "too_many_sessions");
    let seconds: u32 = put_off.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=5).contains(&seconds));
    // Known and new in one request: what is known is stored, and known when it comes again.
    let mixed = json!([least_event("s7", "e2"), least_event("new", "e1")]).to_string();
    let (status, _) = server.post_as(mixed, &[crate::answers::JSON]).await;
    assert_eq!(status, 503);
    target
        .send(least_event("s7", "e2").to_string())
        .await
        .took(0, 1, 0);
    target
        .send(batch(|n| format!("s{}", n % 100), 200..400))
        .await
        .took(200, 0, 0);
    assert_eq!(target.counted("telemetry_sessions_refused_total").await, 2);
    assert_eq!(target.counted("telemetry_live_sessions").await, 100);
    assert_eq!(
        target.counted("telemetry_events_unavailable_total").await,
        2
    );
    target.adds_up().await;
    target.server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_flood_of_session_ids_is_let_in_as_fast_as_idle_ones_leave() {
    let target = Target::with(|settings| {
        settings.limits = Limits {
            max_live_sessions: 60,
            ..Limits::default()
        };
    })
    .await;
    let sessions = 240;
    for n in 0..sessions {
        let body = least_event(&format!("flood{n}"), "e").to_string();
        until("there is room", async || {
            let sent = target.server.post_as(body.clone(), &[crate::answers::JSON]);
            let (status, _) = sent.await;
            assert!([200, 503].contains(&status), "{status}");
            (status == 200).then_some(())
        })
        .await;
        assert!(target.server.metric("telemetry_live_sessions").await <= 60.0);
    }
    until("every session has its summary", async || {
        let written = "SELECT FROM session_summaries WHERE event_count = 1";
        (target.server.database.count(written).await == sessions).then_some(())
    })
    .await;
    target.ends_unharmed().await;
}

#[actix_web::test]
async fn refused_events_beyond_what_may_be_kept_are_answered_and_counted_all_the_same() {
    let target = Target::with(|settings| {
        settings.rejected = Bounds {
            max_rows: 700,
            ..Bounds::default()
        };
    })
    .await;
    for n in 0..4 {
        let bad: Vec<String> = (0..500)
            .map(|e| format!("{{\"n\":{}}}", n * 500 + e))
            .collect();
        let answer = target.send(format!("[{}]", bad.join(","))).await;
        let problem = answer.is_problem(400, "all_rejected");
        assert_eq!(problem["rejected"].as_array().unwrap().len(), 500);
    }
    let server = &target.server;
    // 500 between two tidyings; none was due.
    assert_eq!(
        server.database.count("SELECT FROM rejected_events").await,
        500
    );
    assert_eq!(
        target.counted("telemetry_rejected_not_kept_total").await,
        1500
    );
    assert_eq!(
        target.counted("telemetry_events_rejected_total").await,
        2000
    );
    target.ends_unharmed().await;
}

#[actix_web::test]
async fn serve_takes_its_bounds_from_the_command_line() {
    let url = empty_database();
    let bounds = [
        "--max-live-sessions",
        "2",
        "--max-session-events",
        "3",
        "--rejected-max-rows",
        "0",
        "--idle-timeout",
        "1h",
    ];
    let serving = Serving::start(&url, &bounds).await;
    let client = reqwest::Client::new();
    let post = async |body: String| {
        let request = client.post(format!("{}/telemetry", serving.url));
        let answer = request
            .header("content-type", "text/plain")
            .body(body)
            .send();
        let answer = answer.await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, reply) = post(batch(|_| "a".to_owned(), 0..5)).await;
    assert_eq!((status, reply.matches("session_full").count()), (200, 2));
    assert_eq!(post(least_event("b", "e").to_string()).await.0, 200);
    let (status, reply) = post(least_event("c", "e").to_string()).await;
    assert!(
        status == 503 && reply.contains("too_many_sessions"),
        "{reply}"
    );
    let database = Database::at(&url);
    assert_eq!(database.count("SELECT FROM rejected_events").await, 0);
    assert_eq!(database.count("SELECT FROM telemetry_events").await, 4);
    assert_eq!(serving.terminate().await, Some(0));
}
