//! How exports end: whole, or seen not to be; and nothing of them is left.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use futures_util::TryStreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use video_telemetry::storage::StorageError;
use video_telemetry::storage::keys::KeyKind;
use video_telemetry::storage::query::{Download, Export, Exporter, Format, Limits, Params};

use super::super::{DAY, at, server, session};
use crate::answers::RawClient;
use crate::support::{Server, server_with, until};

const PATH: &str = "/api/v1/export/sessions.ndjson";
const ASKED: &str =
    "/api/v1/export/sessions.ndjson?from=2026-11-23T00:00:00Z&to=2026-11-24T00:00:00Z";
/// More than sockets and buffers hold.
const SESSIONS: usize = 10_000;

/// Fills the day with sessions of 4 kB each.
async fn fill(server: &Server) {
    let one = session(
        "0",
        json!({"started_at": at("01:00:00"), "last_event_at": at("01:00:00")}),
    );
    let one = one.to_string();
    server
        .database
        .execute(&format!(
            "INSERT INTO session_summaries SELECT s.* FROM generate_series(1, {SESSIONS}) AS n, \
             jsonb_populate_record(NULL::session_summaries, '{one}' || jsonb_build_object( \
                 'session_id', n::text, 'video_title', repeat(md5(n::text), 128))) AS s"
        ))
        .await;
}

/// Exports that have a connection to the server's database.
async fn running(server: &Server) -> i64 {
    let exports = "SELECT FROM pg_stat_activity WHERE datname = current_database() \
         AND application_name = 'video-telemetry export'";
    server.database.count(exports).await
}

async fn none_is_running(server: &Server) {
    until("no export is running", async || {
        (running(server).await == 0).then_some(())
    })
    .await;
}

/// Starts an export over HTTP and reads no more than its status.
async fn begin(server: &Server) -> RawClient {
    let mut client = RawClient::connect(server).await;
    client
        .send(&format!("GET {ASKED} HTTP/1.1\r\nhost: localhost\r\n\r\n"))
        .await;
    assert_eq!(client.status().await, 200);
    client
}

#[actix_web::test]
async fn an_export_ends_when_its_reader_leaves() {
    let server = server().await;
    fill(&server).await;
    // More often than exports may run at once: each makes room for the next.
    for _ in 0..4 {
        let client = begin(&server).await;
        assert_eq!(running(&server).await, 1);
        drop(client);
        none_is_running(&server).await;
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn the_third_export_at_once_is_asked_to_come_back_and_a_head_is_not() {
    let server = server().await;
    fill(&server).await;
    let (one, other) = (begin(&server).await, begin(&server).await);
    let answer = server.ask(PATH, &DAY).await;
    answer.is_problem(503, "overloaded");
    let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=5).contains(&seconds));
    let head = server.send(Method::HEAD, ASKED, &[], "").await;
    assert_eq!(head.status, 200, "it runs no export");
    // Questions have connections of their own.
    assert_eq!(server.ask("/api/v1/sessions", &DAY).await.status, 200);
    drop((one, other));
    none_is_running(&server).await;
    assert_eq!(server.lines(PATH, &DAY).await.len(), SESSIONS);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_body_that_is_not_whole_breaks_off() {
    let server = server().await;
    fill(&server).await;
    let mut response = server.client.get(server.url(ASKED)).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name = 'video-telemetry export'";
    assert_eq!(server.database.count(end).await, 1);
    let mut bytes = 0;
    let error = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes += chunk.len(),
            Ok(None) => panic!("{bytes} bytes look like all of them"),
            Err(error) => break error,
        }
    };
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    // The next one does not inherit the trouble.
    assert_eq!(server.lines(PATH, &DAY).await.len(), SESSIONS);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn an_export_breaks_off_when_its_key_is_revoked() {
    let server = server().await;
    fill(&server).await;
    let key = server.new_key(KeyKind::Read, "default").await;
    let request = server.client.get(server.url(ASKED)).bearer_auth(&key.key);
    let mut response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    server.revoke(key.id).await;
    until("the key is refused", async || {
        let answer = server.ask_as(&key.key, "/api/v1/live").await;
        (answer.status == 403).then_some(())
    })
    .await;
    // What sockets hold comes yet.
    while let Ok(piece) = response.chunk().await {
        assert!(piece.is_some(), "it looks whole");
    }
    none_is_running(&server).await;
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_file_is_of_one_moment_whatever_is_written_meanwhile() {
    let server = server().await;
    fill(&server).await;
    let mut response = server.client.get(server.url(ASKED)).send().await.unwrap();
    // It has hardly begun: most of it waits for its reader.
    let first = "INSERT INTO session_summaries SELECT s.* FROM session_summaries AS old, \
         jsonb_populate_record(old, jsonb_build_object('session_id', 'new ' || old.session_id)) AS s";
    server.database.execute(first).await;
    server
        .database
        .execute("UPDATE session_summaries SET started_at = started_at + interval '1 hour'")
        .await;
    server
        .database
        .execute("DELETE FROM session_summaries WHERE session_id NOT LIKE 'new %'")
        .await;
    let mut file = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        file.extend_from_slice(&chunk);
    }
    let file = String::from_utf8(file).unwrap();
    let ids = file.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["started_at"], at("01:00:00"));
        line["session_id"]
            .as_str()
            .unwrap()
            .parse::<usize>()
            .unwrap()
    });
    let ids: Vec<usize> = ids.collect();
    assert_eq!(ids.len(), SESSIONS, "nothing is doubled");
    assert_eq!(
        ids.into_iter().collect::<BTreeSet<_>>(),
        (1..=SESSIONS).collect()
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn exports_do_not_keep_a_server_from_stopping() {
    let server = server_with(|settings| settings.drain_timeout = Duration::from_secs(60)).await;
    fill(&server).await;
    let _client = begin(&server).await;
    let database = server.database;
    let stopping = tokio::time::timeout(Duration::from_secs(20), server.application.stop());
    stopping.await.expect("it stops in time").unwrap();
    let exports = "SELECT FROM pg_stat_activity WHERE datname = current_database() \
         AND application_name = 'video-telemetry export'";
    until("no export is running", async || {
        (database.count(exports).await == 0).then_some(())
    })
    .await;
}

/// An export with these bounds of which nothing is read until it is over, and what is then told.
async fn unread(server: &Server, limits: Limits) -> (usize, StorageError) {
    let exporter = Exporter::new(&server.database.url, Handle::current(), limits);
    let mut download = begin_unread(&exporter).await;
    assert_eq!(running(server).await, 1);
    none_is_running(server).await;
    let mut bytes = 0;
    loop {
        match download.try_next().await {
            Ok(Some(chunk)) => bytes += chunk.len(),
            Ok(None) => panic!("{bytes} bytes look like all of them"),
            Err(error) => return (bytes, error),
        }
    }
}

async fn begin_unread(exporter: &Exporter) -> Download {
    exporter.start(of_the_day(), Format::Csv).await.unwrap()
}

fn of_the_day() -> Export {
    let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let params = Params::new(DAY.map(pair).to_vec(), &[&["from", "to"]]).unwrap();
    let now = "2026-11-24T00:00:00Z".parse().unwrap();
    Export::sessions("default", &params, now).unwrap()
}

#[actix_web::test]
async fn a_statement_ends_whose_reader_leaves_before_the_first_row() {
    let server = server().await;
    let mut holder = server.database.pool.get().await.unwrap();
    holder
        .batch_execute("BEGIN; LOCK TABLE session_summaries")
        .await
        .unwrap();
    let exporter = Exporter::new(&server.database.url, Handle::current(), Limits::default());
    let waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() \
         AND application_name = 'video-telemetry export' AND wait_event_type = 'Lock'";
    let waits = until("the export waits", async || {
        (server.database.count(waiting).await == 1).then_some(())
    });
    tokio::select! {
        _ = exporter.start(of_the_day(), Format::Csv) => panic!("it cannot have begun"),
        () = waits => {}
    }
    // The lock is still held.
    none_is_running(&server).await;
    holder.batch_execute("ROLLBACK").await.unwrap();
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_reader_that_stops_reading_is_cut_off() {
    let server = server().await;
    fill(&server).await;
    let limits = Limits {
        stalled: Duration::from_millis(300),
        ..Limits::default()
    };
    let (bytes, error) = unread(&server, limits).await;
    assert!((1..5_000_000).contains(&bytes), "memory held {bytes} bytes");
    assert!(matches!(error, StorageError::ExportBroken(_)), "{error}");
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn an_export_that_takes_too_long_is_cut_off() {
    let server = server().await;
    fill(&server).await;
    let limits = Limits {
        whole: Duration::from_millis(500),
        ..Limits::default()
    };
    let (_, error) = unread(&server, limits).await;
    assert!(matches!(error, StorageError::ExportBroken(_)), "{error}");
    server.application.stop().await.unwrap();
}
