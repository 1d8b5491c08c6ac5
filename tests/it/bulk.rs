//! `simulate --bulk`: finished sessions straight into the database.

use serde_json::{Value, json};

use crate::command::run;
use crate::support::{Database, database};

/// Runs it and gives its report.
async fn bulk(database: &Database, flags: &str) -> Value {
    let flags = flags.split_whitespace();
    let arguments: Vec<&str> = ["simulate", "--output", "json"]
        .into_iter()
        .chain(flags)
        .collect();
    let report = run(&database.url, &arguments).await.ended(0);
    serde_json::from_str(&report).unwrap()
}

const WRITTEN: &str = "SELECT session_id, event_count FROM session_summaries ORDER BY session_id";

#[actix_web::test]
async fn the_newest_sessions_have_their_events_and_the_others_are_sealed() {
    let database = database().await;
    let report = bulk(&database, "--bulk 300 --with-events 40 --days 3").await;
    assert_eq!(
        (
            &report["sessions"],
            &report["with_events"],
            &report["sealed"],
            &report["known"]
        ),
        (&json!(300), &json!(40), &json!(260), &json!(0))
    );
    let events = database.count("SELECT FROM telemetry_events").await;
    assert_eq!(report["events"], events);
    let whole = "SELECT FROM session_summaries AS s WHERE sealed_at IS NULL AND event_count = \
         (SELECT count(*) FROM telemetry_events AS e WHERE e.session_id = s.session_id)";
    assert_eq!(database.count(whole).await, 40);
    // Neighbours may change places by the jitter of their arrival.
    let newer = "SELECT FROM session_summaries AS s WHERE sealed_at IS NOT NULL AND last_event_at > \
         (SELECT min(last_event_at) + interval '1 hour' FROM session_summaries WHERE sealed_at IS NULL)";
    assert_eq!(database.count(newer).await, 0);
    // The day of the oldest event has its partition too.
    assert_eq!(
        database.count("SELECT FROM telemetry_events_default").await,
        0
    );

    let verified = run(&database.url, &["verify", "--idle-timeout", "1ms"]).await;
    let verified = verified.ended(0);
    assert!(
        verified.starts_with("0 differences in 300 sessions (40 equal, 0 live, 260 sealed"),
        "{verified}"
    );
}

#[actix_web::test]
async fn the_same_seed_and_start_time_write_the_same_sessions_and_only_once() {
    let (one, other) = (database().await, database().await);
    let flags = "--bulk 60 --with-events 20 --seed 3 --days 2 --start-time 2026-11-01T00:00:00Z";
    let first = bulk(&one, flags).await;
    bulk(&other, flags).await;
    assert_eq!(one.rows(WRITTEN).await, other.rows(WRITTEN).await);

    let again = bulk(&one, flags).await;
    assert_eq!(
        (
            &again["known"],
            &again["with_events"],
            &again["sealed"],
            &again["events"]
        ),
        (&json!(60), &json!(0), &json!(0), &first["events"])
    );
    assert_eq!(one.count("SELECT FROM session_summaries").await, 60);
    assert_eq!(
        one.count("SELECT FROM telemetry_events").await,
        first["events"]
    );
    bulk(
        &one,
        "--bulk 60 --seed 4 --days 2 --start-time 2026-11-01T00:00:00Z",
    )
    .await;
    assert_eq!(one.count("SELECT FROM session_summaries").await, 120);
}

#[actix_web::test]
async fn a_long_session_has_exactly_the_events_asked_for() {
    let database = database().await;
    bulk(&database, "--bulk 5 --long-session 3000").await;
    let longest = "SELECT session_id FROM session_summaries WHERE event_count = 3000 AND live \
         AND fatal_error_count = 0 AND completeness > 0.99";
    assert_eq!(database.count(longest).await, 1);
    let rows = "SELECT FROM telemetry_events GROUP BY session_id HAVING count(*) = 3000";
    assert_eq!(database.count(rows).await, 1);
}

#[actix_web::test]
async fn the_population_is_mixed_and_has_a_heavy_tail() {
    let database = database().await;
    bulk(&database, "--bulk 1500 --with-events 0 --days 7").await;
    let figures = database
        .rows(
            "SELECT min(last_event_at) >= now() - interval '7 days 1 minute' AS within, \
                max(last_event_at) <= now() AS past, \
                count(DISTINCT browser) AS browsers, count(DISTINCT (player, player_version)) AS players, \
                count(DISTINCT custom ->> 'country') AS countries, count(DISTINCT video_id) > 50 AS videos, \
                percentile_cont(0.95) WITHIN GROUP (ORDER BY startup_ms) \
                    > 3 * percentile_cont(0.5) WITHIN GROUP (ORDER BY startup_ms) AS slow_starts, \
                percentile_cont(0.5) WITHIN GROUP (ORDER BY rebuffer_ms) = 0 AS mostly_smooth, \
                max(rebuffer_ratio) > 0.1 AS bad_ones, \
                count(*) FILTER (WHERE ebvs) > 0 AND count(*) FILTER (WHERE vsf) > 0 \
                    AND count(*) FILTER (WHERE vpf) > 0 AS failures \
             FROM session_summaries",
        )
        .await;
    assert_eq!(
        figures,
        [
            json!({"within": true, "past": true, "browsers": 4, "players": 5, "countries": 8,
            "videos": true, "slow_starts": true, "mostly_smooth": true, "bad_ones": true,
            "failures": true})
        ]
    );
}

#[actix_web::test]
async fn what_makes_no_sense_is_refused() {
    let database = database().await;
    run(
        &database.url,
        &[
            "simulate",
            "--bulk",
            "5",
            "--start-time",
            "2999-01-01T00:00:00Z",
        ],
    )
    .await
    .failed_saying(&["--start-time must be at least --days 14 ago"]);
    for flags in [
        "--bulk 5 --rate 3",
        "--bulk 0",
        "--with-events 5",
        "--bulk 5 --days 0",
    ] {
        let arguments: Vec<&str> = ["simulate"].into_iter().chain(flags.split(' ')).collect();
        assert_eq!(
            run(&database.url, &arguments).await.code,
            Some(2),
            "{flags}"
        );
    }
    assert_eq!(database.count("SELECT FROM session_summaries").await, 0);
}
