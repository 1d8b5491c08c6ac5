//! Day partitions: made ahead of time, and whole also when a day's rows came before its partition.

use chrono::{DateTime, Days, Utc};
use serde_json::{Value, json};
use video_telemetry::session::clock;
use video_telemetry::storage::partitions;

use crate::answers::least_event;
use crate::support::{Database, database, server};

/// Midnight of a day, UTC, epoch ms.
fn midnight_ms(now: DateTime<Utc>, days_ahead: u64) -> i64 {
    let day = now.date_naive() + Days::new(days_ahead);
    day.and_time(chrono::NaiveTime::MIN)
        .and_utc()
        .timestamp_millis()
}

fn name(now: DateTime<Utc>, days_ahead: u64) -> String {
    format!(
        "telemetry_events_{}",
        (now.date_naive() + Days::new(days_ahead)).format("%Y%m%d")
    )
}

/// The partitions that hold rows, and how many.
async fn places(database: &Database) -> Vec<Value> {
    database
        .rows(
            "SELECT tableoid::regclass::text AS place, count(*) AS rows FROM telemetry_events \
        GROUP BY 1 ORDER BY 1",
        )
        .await
}

#[actix_web::test]
async fn a_running_server_has_partitions_for_today_and_the_week_ahead() {
    let server = server().await;
    let now = clock::now();
    for day in 0..=7 {
        let at = |ms: i64| {
            let mut event = least_event("week", &format!("{day} {ms}"));
            event["timestamp"] = json!(midnight_ms(now, day) + ms);
            event
        };
        // The first and the last millisecond of the day.
        assert_eq!(server.post(&json!([at(0), at(86_399_999)])).await.0, 200);
    }
    // A clock that is years off.
    let mut skewed = least_event("week", "skewed");
    skewed["timestamp"] = json!(253_402_300_799_999i64);
    assert_eq!(server.post(&skewed).await.0, 200);
    let mut expected: Vec<Value> = (0..=7)
        .map(|day| json!({"place": name(now, day), "rows": 2}))
        .collect();
    expected.push(json!({"place": "telemetry_events_default", "rows": 1}));
    assert_eq!(places(&server.database).await, expected);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_day_whose_rows_came_first_is_moved_whole() {
    let database = database().await;
    let now = clock::now();
    let insert = |id: &str, at: i64| {
        format!(
            "INSERT INTO telemetry_events (session_id, event_id, event_timestamp, event_type, raw_json) \
         VALUES ('s', '{id}', {at}, 'PLAY', '{{\"id\": \"{id}\"}}')"
        )
    };
    for (id, at) in [
        ("first of today", midnight_ms(now, 0)),
        ("last of today", midnight_ms(now, 1) - 1),
        ("first of tomorrow", midnight_ms(now, 1)),
        ("far away", midnight_ms(now, 400)),
        ("1970", 0),
    ] {
        database.execute(&insert(id, at)).await;
    }
    assert_eq!(
        places(&database).await,
        [json!({"place": "telemetry_events_default", "rows": 5})]
    );
    let before = database
        .rows("SELECT * FROM telemetry_events ORDER BY event_id")
        .await;

    let made = partitions::ensure(&database.pool, now).await.unwrap();
    assert_eq!(
        made.len(),
        10,
        "yesterday, today and eight days ahead: {made:?}"
    );
    assert_eq!(
        places(&database).await,
        [
            json!({"place": name(now, 0), "rows": 2}),
            json!({"place": name(now, 1), "rows": 1}),
            json!({"place": "telemetry_events_default", "rows": 2}),
        ]
    );
    assert_eq!(
        database
            .rows("SELECT * FROM telemetry_events ORDER BY event_id")
            .await,
        before
    );
    assert_eq!(
        partitions::ensure(&database.pool, now).await.unwrap(),
        Vec::<String>::new()
    );
    let tomorrow = partitions::ensure(&database.pool, now + Days::new(1))
        .await
        .unwrap();
    assert_eq!(tomorrow, [name(now, 9)]);
}

#[actix_web::test]
async fn a_moved_row_is_still_known_as_a_duplicate() {
    let server = server().await;
    let later = clock::now() + Days::new(30);
    let mut event = least_event("moved", "e1");
    event["timestamp"] = json!(midnight_ms(later, 0) + 1);
    assert_eq!(server.post(&event).await.1["accepted"], 1);
    partitions::ensure(&server.database.pool, later)
        .await
        .unwrap();
    assert_eq!(
        places(&server.database).await,
        [json!({"place": name(later, 0), "rows": 1})]
    );
    assert_eq!(server.post(&event).await.1["duplicates"], 1);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn making_a_days_partition_costs_no_event_that_arrives_meanwhile() {
    let server = server().await;
    let later = clock::now() + Days::new(30);
    let done = std::cell::Cell::new(false);
    let making = async {
        for days in (0..60).step_by(10) {
            let pool = &server.database.pool;
            partitions::ensure(pool, later + Days::new(days))
                .await
                .unwrap();
        }
        done.set(true);
    };
    let player = async |session: &str| {
        let mut sent = 0;
        while !done.get() {
            let mut event = least_event(session, &format!("e{sent}"));
            event["timestamp"] = json!(midnight_ms(later, sent % 60));
            let (status, reply) = server.post(&event).await;
            assert_eq!((status, &reply["accepted"]), (200, &json!(1)), "{reply}");
            sent += 1;
        }
        sent
    };
    let sent = tokio::join!(making, player("a"), player("b"), player("c"), player("d"));
    let sent = sent.1 + sent.2 + sent.3 + sent.4;
    let rows = server.database.count("SELECT FROM telemetry_events").await;
    assert_eq!(u64::try_from(rows).unwrap(), sent);
    assert_eq!(
        server.database.count("SELECT FROM rejected_events").await,
        0
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_long_read_of_the_events_delays_a_partition_and_not_the_events() {
    let server = server().await;
    let later = clock::now() + Days::new(30);
    let mut reader = server.database.pool.get().await.unwrap();
    for statement in ["BEGIN", "SELECT count(*) FROM telemetry_events"] {
        diesel_async::RunQueryDsl::execute(diesel::sql_query(statement), &mut *reader)
            .await
            .unwrap();
    }
    let event = least_event("during", "e1");
    let pool = &server.database.pool;
    let (made, posted) = tokio::join!(partitions::ensure(pool, later), server.post(&event));
    assert_eq!(made.unwrap(), Vec::<String>::new());
    assert_eq!(posted.0, 200);
    diesel_async::RunQueryDsl::execute(diesel::sql_query("COMMIT"), &mut *reader)
        .await
        .unwrap();
    assert_eq!(partitions::ensure(pool, later).await.unwrap().len(), 10);
    server.application.stop().await.unwrap();
}
