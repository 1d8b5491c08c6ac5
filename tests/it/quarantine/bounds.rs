//! The table stays within its bounds.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use prometheus_client::metrics::counter::Counter;
use video_telemetry::storage::event::Reason;
use video_telemetry::storage::quarantine::{Bounds, Quarantine, RejectedEvent};

use super::{kept, refused};
use crate::support::{Database, database};

const MIB: u64 = 1024 * 1024;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_795_392_458_000).unwrap()
}

fn quarantine(database: &Database, bounds: Bounds) -> (Quarantine, Counter) {
    let not_kept = Counter::default();
    let quarantine = Quarantine::new(database.pool.clone(), bounds, not_kept.clone());
    (quarantine, not_kept)
}

/// The `n`th letter.
fn letter(n: u32) -> String {
    char::from_digit(10 + n, 36).unwrap().to_string()
}

fn events(count: usize, bytes: usize) -> Vec<RejectedEvent> {
    (0..count)
        .map(|index| RejectedEvent {
            session_id: None,
            index,
            reason: Reason::NotAnObject,
            detail: "d".to_owned(),
            raw: Bytes::from(format!("{index:0bytes$}")),
        })
        .collect()
}

#[actix_web::test]
async fn of_more_rows_than_may_be_kept_the_newest_stay() {
    let database = database().await;
    for n in 0..10 {
        refused(
            &database,
            n,
            now() + TimeDelta::seconds(n.into()),
            "r",
            letter(n).as_bytes(),
        )
        .await;
    }
    let bounds = Bounds {
        max_rows: 4,
        ..Bounds::default()
    };
    let (quarantine, _) = quarantine(&database, bounds);
    assert_eq!(quarantine.tidy(now()).await.unwrap(), 6);
    assert_eq!(kept(&database).await, ["g", "h", "i", "j"]);
    assert_eq!(quarantine.tidy(now()).await.unwrap(), 0);
}

#[actix_web::test]
async fn rows_of_the_same_moment_do_not_go_beyond_the_bound_and_do_not_all_go() {
    let database = database().await;
    for n in 0..10 {
        refused(&database, n, now(), "r", b"x").await;
    }
    let bounds = Bounds {
        max_rows: 4,
        ..Bounds::default()
    };
    let (quarantine, _) = quarantine(&database, bounds);
    assert_eq!(quarantine.tidy(now()).await.unwrap(), 6);
    assert_eq!(kept(&database).await.len(), 4);
}

#[actix_web::test]
async fn of_more_bytes_than_may_be_kept_the_newest_stay() {
    let database = database().await;
    for n in 0..5 {
        let raw = letter(n).repeat(10_000);
        refused(
            &database,
            n,
            now() + TimeDelta::seconds(n.into()),
            "r",
            raw.as_bytes(),
        )
        .await;
    }
    let bounds = Bounds {
        max_bytes: 25_000,
        ..Bounds::default()
    };
    let (quarantine, _) = quarantine(&database, bounds);
    assert_eq!(quarantine.tidy(now()).await.unwrap(), 3);
    let kept = kept(&database).await;
    assert_eq!(
        kept.iter().map(|raw| &raw[..1]).collect::<Vec<_>>(),
        ["d", "e"]
    );
}

#[actix_web::test]
async fn what_is_older_than_may_be_goes_also_where_nothing_new_comes() {
    let database = database().await;
    let bounds = Bounds {
        max_age: Duration::from_secs(3600),
        ..Bounds::default()
    };
    let (quarantine, _) = quarantine(&database, bounds);
    assert_eq!(quarantine.tidy(now()).await.unwrap(), 0);
    refused(&database, 0, now() - TimeDelta::seconds(3601), "r", b"old").await;
    refused(
        &database,
        1,
        now() - TimeDelta::seconds(3599),
        "r",
        b"young",
    )
    .await;
    assert_eq!(quarantine.tidy(now()).await.unwrap(), 1);
    assert_eq!(kept(&database).await, ["young"]);
    // An age beyond the calendar is no bound.
    let forever = Bounds {
        max_age: Duration::MAX,
        ..Bounds::default()
    };
    let (quarantine, _) = self::quarantine(&database, forever);
    assert_eq!(quarantine.tidy(now()).await.unwrap(), 0);
}

#[actix_web::test]
async fn between_two_tidyings_no_more_is_kept_than_a_tenth_of_the_bounds() {
    let database = database().await;
    let bounds = Bounds {
        max_rows: 10_000,
        max_bytes: 30 * MIB,
        ..Bounds::default()
    };
    let (quarantine, not_kept) = quarantine(&database, bounds);
    let rows = "SELECT FROM rejected_events";
    quarantine
        .keep("default", 0, &events(600, 10))
        .await
        .unwrap();
    quarantine.keep("other", 0, &events(600, 10)).await.unwrap();
    assert_eq!((database.count(rows).await, not_kept.get()), (1000, 200));
    quarantine.tidy(now()).await.unwrap();
    // 3 MiB, by which 95 of 32 KiB and what a row costs are kept.
    database.execute("DELETE FROM rejected_events").await;
    quarantine
        .keep("default", 0, &events(200, 32 * 1024))
        .await
        .unwrap();
    assert_eq!(database.count(rows).await, 95);
    // A small one still fits.
    quarantine.keep("small", 0, &events(1, 10)).await.unwrap();
    assert_eq!(
        (database.count(rows).await, not_kept.get()),
        (96, 200 + 105)
    );
}

#[actix_web::test]
async fn a_budget_is_renewed_by_a_tidying_that_succeeds_only() {
    let database = database().await;
    let bounds = Bounds {
        max_rows: 500,
        ..Bounds::default()
    };
    let (quarantine, not_kept) = quarantine(&database, bounds);
    let now_ms = now().timestamp_millis();
    quarantine
        .keep("a", now_ms, &events(500, 10))
        .await
        .unwrap();
    quarantine.keep("b", now_ms, &events(1, 10)).await.unwrap();
    assert_eq!(not_kept.get(), 1);
    database
        .execute("ALTER TABLE rejected_events RENAME TO elsewhere")
        .await;
    assert!(quarantine.tidy(now()).await.is_err());
    quarantine.keep("b", now_ms, &events(1, 10)).await.unwrap();
    assert_eq!(not_kept.get(), 2);
    database
        .execute("ALTER TABLE elsewhere RENAME TO rejected_events")
        .await;
    quarantine.tidy(now()).await.unwrap();
    quarantine.keep("b", now_ms, &events(1, 10)).await.unwrap();
    assert_eq!(not_kept.get(), 2);
    assert_eq!(database.count("SELECT FROM rejected_events").await, 501);
    assert_eq!(quarantine.tidy(now()).await.unwrap(), 1);
}

#[actix_web::test]
async fn what_could_not_be_kept_is_an_error_and_costs_no_budget() {
    let database = database().await;
    let bounds = Bounds {
        max_rows: 500,
        ..Bounds::default()
    };
    let (quarantine, not_kept) = quarantine(&database, bounds);
    database
        .execute("ALTER TABLE rejected_events RENAME TO elsewhere")
        .await;
    assert!(quarantine.keep("a", 0, &events(500, 10)).await.is_err());
    database
        .execute("ALTER TABLE elsewhere RENAME TO rejected_events")
        .await;
    quarantine.keep("a", 0, &events(500, 10)).await.unwrap();
    assert_eq!(database.count("SELECT FROM rejected_events").await, 500);
    assert_eq!(not_kept.get(), 0);
}

#[actix_web::test]
async fn with_a_bound_of_nothing_nothing_is_kept() {
    let database = database().await;
    let bounds = Bounds {
        max_rows: 0,
        ..Bounds::default()
    };
    let (quarantine, not_kept) = quarantine(&database, bounds);
    quarantine.keep("a", 0, &events(3, 10)).await.unwrap();
    assert_eq!(database.count("SELECT FROM rejected_events").await, 0);
    assert_eq!(not_kept.get(), 3);
    refused(&database, 0, now(), "r", b"x").await;
    assert_eq!(quarantine.tidy(now()).await.unwrap(), 1);
}
