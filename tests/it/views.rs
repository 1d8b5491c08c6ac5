//! The vendors' ratios over the parts: hand-worked, sums over sums, NULL where nothing can be divided.

use diesel_async::SimpleAsyncConnection;
use serde_json::{Value, json};

use crate::support::{Database, database};

const VIEWS: [&str; 7] = [
    "session_plays",
    "mux_sessions",
    "mux_daily",
    "conviva_sessions",
    "conviva_daily",
    "cta_2066_sessions",
    "cta_2066_daily",
];
const DAY: &str = "2026-11-23";

/// Writes a summary in which all that is not named is 0, false or NULL.
async fn insert(database: &Database, id: &str, day: &str, figures: Value) {
    let at = format!("{day}T23:59:59Z");
    let mut row = json!({
        "project": "default", "session_id": id, "started_at": at, "last_event_at": at, "updated_at": at,
        "event_count": 1, "session_ms": 0, "no_start_ms": 0, "playing_ms": 0, "micro_stall_ms": 0,
        "micro_stall_count": 0, "rebuffer_ms": 0, "rebuffer_count": 0, "seek_ms": 0, "seek_count": 0,
        "paused_ms": 0, "pause_count": 0, "ended_ms": 0, "idle_ms": 0, "gap_ms": 0, "watched_ms": 0,
        "bitrate_known_ms": 0, "upswitches": 0, "downswitches": 0, "playing_ms_by_height": {},
        "error_count": 0, "fatal_error_count": 0, "vsf": false, "ebvs": false, "vpf": false,
        "end_reason": "ended", "clean_exit": true, "fold_version": 1
    });
    for (column, value) in figures.as_object().unwrap() {
        row[column] = value.clone();
    }
    let insert = "INSERT INTO session_summaries \
         SELECT * FROM jsonb_populate_record(NULL::session_summaries,";
    database.execute(&format!("{insert} '{row}')")).await;
}

/// Three that started (one of them failed later, its startup's beginning was not seen), one that
/// left, one that failed at the start, and one that failed though nobody had asked to play.
async fn a_day(database: &Database) {
    let sessions = [
        (
            "short",
            json!({"startup_ms": 1000, "playing_ms": 8000, "rebuffer_ms": 1000, "rebuffer_count": 1,
                "watched_ms": 10_000, "avg_bitrate_kbps": 1000, "bitrate_known_ms": 8000,
                "experience_score": 70}),
        ),
        (
            "long",
            json!({"startup_ms": 3000, "playing_ms": 60_000, "rebuffer_ms": 3000, "rebuffer_count": 2,
                "seek_ms": 4000, "seek_count": 2, "watched_ms": 70_000, "avg_bitrate_kbps": 3000,
                "bitrate_known_ms": 60_000, "upswitches": 2, "downswitches": 1,
                "completion": 0.5, "experience_score": 60}),
        ),
        (
            "failed",
            json!({"playing_ms": 20_000, "seek_ms": 6000, "seek_count": 1, "watched_ms": 26_000,
                "vpf": true, "experience_score": 0}),
        ),
        (
            "left",
            json!({"no_start_ms": 20_000, "watched_ms": 20_000, "ebvs": true, "clean_exit": false,
                "experience_score": 14}),
        ),
        ("start failed", json!({"vsf": true, "experience_score": 0})),
        ("nobody asked", json!({"vsf": true})),
    ];
    for (id, figures) in sessions {
        insert(database, id, DAY, figures).await;
    }
}

/// Holds a row's columns against what they should be; numbers to nine places.
async fn check(database: &Database, view: &str, filter: &str, expected: Value) {
    let rows = database
        .rows(&format!("SELECT * FROM {view} WHERE {filter}"))
        .await;
    assert_eq!(rows.len(), 1, "{view} {filter}");
    for (column, expected) in expected.as_object().unwrap() {
        let found = &rows[0][column];
        let equal = match (expected.as_f64(), found.as_f64()) {
            (Some(expected), Some(found)) => (expected - found).abs() < 1e-9 * expected.max(1.0),
            _ => expected == found,
        };
        assert!(equal, "{view}.{column}: {found}, not {expected}");
    }
}

#[actix_web::test]
async fn each_session_has_the_vendors_ratios_of_its_own_parts() {
    let database = database().await;
    a_day(&database).await;
    check(
        &database,
        "mux_sessions",
        "session_id = 'long'",
        json!({"mux_video_startup_time_ms": 3000, "mux_rebuffer_percentage": 3.0 / 70.0,
            "mux_rebuffer_frequency": 12.0 / 7.0, "mux_seek_latency_ms": 2000,
            "mux_weighted_average_bitrate_bps": 3_000_000, "mux_view_dropped": false,
            "mux_rendition_upshift_count": 2, "mux_playback_failure": false}),
    )
    .await;
    check(
        &database,
        "conviva_sessions",
        "session_id = 'long'",
        json!({"conviva_rebuffering_ratio": 3.0 / 63.0, "conviva_cirr": 3.0 / 67.0,
            "conviva_video_restart_time_ms": 2000, "conviva_bitrate_switches": 3,
            "conviva_percentage_complete": 0.5}),
    )
    .await;
    check(
        &database,
        "cta_2066_sessions",
        "session_id = 'long'",
        json!({"cta_initial_startup_time_ms": 3000, "cta_playback_stall_count": 2,
            "cta_playback_stall_ms": 3000, "cta_watched_time_ms": 70_000,
            "cta_stalled_ratio": 3.0 / 70.0}),
    )
    .await;
}

#[actix_web::test]
async fn who_attempted_and_who_started_is_told_apart() {
    let database = database().await;
    a_day(&database).await;
    for (id, attempted, started) in [
        ("short", true, true),
        ("long", true, true),
        ("failed", true, true),
        ("left", true, false),
        ("start failed", true, false),
        ("nobody asked", false, false),
    ] {
        let expected = json!({"attempted": attempted, "started": started});
        let filter = format!("session_id = '{id}'");
        check(&database, "session_plays", &filter, expected).await;
    }
}

#[actix_web::test]
async fn over_sessions_a_ratio_is_a_sum_over_a_sum() {
    let database = database().await;
    a_day(&database).await;
    // Σ rebuffer 4 s, Σ watched 126 s, Σ playing 88 s, Σ seek 10 s in 3 seeks, 5 attempts, 3 starts.
    check(
        &database,
        "mux_daily",
        "true",
        json!({"day": DAY, "sessions": 6, "attempts": 5, "starts": 3, "startups": 2,
            "mux_video_startup_time_p50_ms": 2000, "mux_video_startup_time_p95_ms": 2900,
            "mux_exits_before_video_start": 0.2, "mux_video_startup_failure_percentage": 0.2,
            "mux_playback_failure_percentage": 0.4, "mux_watch_time_ms": 126_000,
            "mux_playing_time_ms": 88_000, "mux_rebuffer_percentage": 2.0 / 63.0,
            "mux_rebuffer_frequency": 10.0 / 7.0, "mux_seek_latency_ms": 10_000.0 / 3.0,
            "mux_weighted_average_bitrate_bps": 47_000_000.0 / 17.0,
            "mux_view_dropped_percentage": 1.0 / 6.0}),
    )
    .await;
    check(
        &database,
        "conviva_daily",
        "true",
        json!({"conviva_attempts": 5, "conviva_plays": 3, "conviva_exits_before_video_start": 0.2,
            "conviva_video_start_failures": 0.2, "conviva_video_playback_failures": 1.0 / 3.0,
            "conviva_rebuffering_ratio": 1.0 / 23.0, "conviva_cirr": 2.0 / 51.0,
            "conviva_video_restart_time_ms": 10_000.0 / 3.0,
            "conviva_average_bitrate_kbps": 47_000.0 / 17.0}),
    )
    .await;
    check(
        &database,
        "cta_2066_daily",
        "true",
        json!({"startups": 2, "cta_initial_startup_time_p50_ms": 2000,
            "cta_playback_stall_count": 3, "cta_stalled_ratio": 2.0 / 63.0}),
    )
    .await;
}

#[actix_web::test]
async fn what_has_nothing_to_divide_by_is_null() {
    let database = database().await;
    insert(&database, "empty", DAY, json!({})).await;
    for (view, columns) in [
        (
            "mux_sessions",
            "mux_rebuffer_percentage mux_rebuffer_frequency mux_seek_latency_ms mux_weighted_average_bitrate_bps",
        ),
        (
            "mux_daily",
            "mux_rebuffer_percentage mux_rebuffer_frequency mux_seek_latency_ms mux_weighted_average_bitrate_bps \
          mux_exits_before_video_start mux_video_startup_failure_percentage mux_playback_failure_percentage mux_video_startup_time_p50_ms",
        ),
        (
            "conviva_sessions",
            "conviva_rebuffering_ratio conviva_cirr conviva_video_restart_time_ms conviva_video_startup_time_ms",
        ),
        (
            "conviva_daily",
            "conviva_rebuffering_ratio conviva_cirr conviva_video_restart_time_ms conviva_average_bitrate_kbps \
          conviva_exits_before_video_start conviva_video_start_failures conviva_video_playback_failures",
        ),
        (
            "cta_2066_sessions",
            "cta_stalled_ratio cta_initial_startup_time_ms",
        ),
        (
            "cta_2066_daily",
            "cta_stalled_ratio cta_initial_startup_time_p50_ms",
        ),
    ] {
        let columns = columns.split_whitespace();
        let nulls: Value = columns
            .map(|column| (column.to_owned(), Value::Null))
            .collect();
        check(&database, view, "true", nulls).await;
    }
}

#[actix_web::test]
async fn days_are_those_of_utc_and_of_the_last_event() {
    let database = database().await;
    insert(&database, "one", "2026-11-23", json!({"watched_ms": 1})).await;
    insert(&database, "two", "2026-11-24", json!({"watched_ms": 2})).await;
    let tokyo = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Tokyo''', \
         current_database()); END $$";
    database.execute(tokyo).await;
    let other = Database::at(&database.url);
    let expected = json!({"sessions": 1, "mux_watch_time_ms": 1});
    check(&other, "mux_daily", "day = '2026-11-23'", expected).await;
}

#[actix_web::test]
async fn every_view_and_column_is_commented_and_the_migration_can_be_taken_back() {
    let database = database().await;
    let uncommented = "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a \
         ON a.attrelid = c.oid WHERE c.relkind = 'v' AND c.relnamespace = 'public'::regnamespace \
         AND a.attnum > 0 AND (col_description(c.oid, a.attnum) IS NULL \
             OR obj_description(c.oid, 'pg_class') IS NULL)";
    assert_eq!(database.rows(uncommented).await, Vec::<Value>::new());
    let views = "SELECT FROM pg_views WHERE schemaname = 'public'";
    assert_eq!(database.count(views).await, 7);

    let mut connection = database.pool.get().await.unwrap();
    let down = include_str!("../../migrations/2026-11-23-000001_create_vendor_views/down.sql");
    connection.batch_execute(down).await.unwrap();
    assert_eq!(database.count(views).await, 0);
    let up = include_str!("../../migrations/2026-11-23-000001_create_vendor_views/up.sql");
    connection.batch_execute(up).await.unwrap();
    for view in VIEWS {
        assert_eq!(database.count(&format!("SELECT FROM {view}")).await, 0);
    }
}
