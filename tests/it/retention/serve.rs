//! Servers that do it by themselves.

use std::time::Duration;

use video_telemetry::app::{Retention, Schedule};

use super::*;
use crate::support::{database, settings, until};

/// A database with a session of four events that was played, and received, 40 days ago.
async fn database_with_an_old_session() -> Database {
    let database = database().await;
    partitions::ensure(&database.pool, days_ago(40))
        .await
        .unwrap();
    for event in session("old", 40) {
        let (id, kind, at) = (&event["eventId"], &event["eventType"], &event["timestamp"]);
        let (id, kind) = (id.as_str().unwrap(), kind.as_str().unwrap());
        database
            .execute(&format!(
                "INSERT INTO telemetry_events \
                     (session_id, event_id, event_timestamp, event_type, raw_json, created_at) \
                 VALUES ('old', '{id}', {at}, '{kind}', '{event}', to_timestamp({at} / 1000.0))"
            ))
            .await;
    }
    database
}

fn retaining(schedule: Schedule) -> Retention {
    Retention {
        policy: policy(),
        schedule,
    }
}

#[actix_web::test]
async fn a_server_drops_old_days_by_itself_and_tells_so() {
    let database = database_with_an_old_session().await;
    let mut settings = settings(&database.url);
    settings.retention = retaining(Schedule {
        first: Duration::ZERO,
        ..Schedule::default()
    });
    let server = Server::start(settings, &database.url).await;
    until("the day is gone", async || {
        (server
            .metric("telemetry_retention_days_dropped_total")
            .await
            > 9.5)
            .then_some(())
    })
    .await;
    assert_eq!(rows_of(&database, "old").await, 0);
    assert_eq!(figures(&database, "old").await.unwrap()["event_count"], 4);
    assert!(is_sealed(&database, "old").await);
    let sealed = server
        .metric("telemetry_retention_sessions_sealed_total")
        .await;
    let waiting = server.metric("telemetry_retention_days_waiting").await;
    assert!((sealed, waiting) == (1.0, 0.0), "{sealed} {waiting}");
    let last = server
        .metric("telemetry_retention_last_run_timestamp_seconds")
        .await;
    assert!(last > 1_700_000_000.0, "{last}");
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_server_that_could_not_do_everything_tries_again() {
    let database = database_with_an_old_session().await;
    database
        .execute("UPDATE telemetry_events SET created_at = now() + interval '1 hour'")
        .await;
    let mut settings = settings(&database.url);
    settings.retention = retaining(Schedule {
        first: Duration::ZERO,
        daily: Duration::from_secs(3600),
        again: Duration::from_millis(50),
    });
    let server = Server::start(settings, &database.url).await;
    until("a day waits", async || {
        (server.metric("telemetry_retention_days_waiting").await > 0.5).then_some(())
    })
    .await;
    assert_eq!(rows_of(&database, "old").await, 4);
    database
        .execute("UPDATE telemetry_events SET created_at = created_at - interval '3 hours'")
        .await;
    until("it is gone", async || {
        (rows_of(&database, "old").await == 0).then_some(())
    })
    .await;
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_server_keeps_everything_unless_it_is_told_otherwise() {
    let database = database_with_an_old_session().await;
    let mut settings = settings(&database.url);
    settings.retention.schedule.first = Duration::ZERO;
    let server = Server::start(settings, &database.url).await;
    server.summary("old").await;
    assert_eq!(rows_of(&database, "old").await, 4);
    let last = server
        .metric("telemetry_retention_last_run_timestamp_seconds")
        .await;
    assert!(last < 0.5, "{last}");
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn one_run_at_a_time() {
    let database = database_with_an_old_session().await;
    let mut holder = database.pool.get().await.unwrap();
    diesel_async::RunQueryDsl::execute(
        diesel::sql_query("SELECT pg_advisory_lock(8243122671965202799)"),
        &mut *holder,
    )
    .await
    .unwrap();
    let ran = retention::run(&database.pool, policy(), clock::now())
        .await
        .unwrap();
    assert_eq!(ran, None);
    crate::command::run(&database.url, &["retention", "--events", "30d"])
        .await
        .failed_saying(&["is at it", "try again later"]);
    drop(video_telemetry::storage::PooledConnection::take(holder));
    until("the lock is free", async || {
        retention::run(&database.pool, policy(), clock::now())
            .await
            .unwrap()
    })
    .await;
    assert_eq!(rows_of(&database, "old").await, 0);
}

#[actix_web::test]
async fn by_a_clock_that_is_ahead_of_postgresqls_nothing_is_dropped() {
    let database = database_with_an_old_session().await;
    for (now, told) in [
        (days_ahead(1), "is 86"),
        (clock::now() - TimeDelta::hours(1), "is -3"),
    ] {
        let ran = retention::run_now(&database.pool, policy(), now).await;
        let error = ran.unwrap_err().to_string();
        assert!(
            error.contains(told) && error.contains("nothing was dropped"),
            "{error}"
        );
    }
    assert_eq!(rows_of(&database, "old").await, 4);
}
