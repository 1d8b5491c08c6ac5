//! The storage protocol on a real PostgreSQL: fates row by row, summaries under guard.

use std::sync::Arc;

use bytes::Bytes;
use prometheus_client::registry::Registry;
use serde_json::json;
use video_telemetry::qoe::SessionFold;
use video_telemetry::storage::event::{EventRecord, Receipt, parse};
use video_telemetry::storage::{
    Batch, Fate, Metrics, Outcome, Saved, SessionKey, SummaryRow, SummaryWriter, Writer, audit,
    fold_session,
};

use crate::support::{Database, database, original_event};

const NOON: i64 = 1_795_392_000_000;

fn writer(database: &Database) -> Writer {
    Writer::start(&database.url, 1, &Metrics::new(&mut Registry::default()))
}

fn key(session_id: &str) -> Arc<SessionKey> {
    Arc::new(SessionKey::new(&"default".into(), session_id))
}

/// The `n`-th event of a session, with anything added to its JSON.
fn record(session_id: &str, n: i64) -> EventRecord {
    let event = original_event(session_id, &format!("e{n}"), "PLAY", NOON + n);
    let raw = Bytes::from(event.to_string());
    let receipt = Receipt {
        created_at_ms: NOON + n,
        sent_at_ms: None,
    };
    parse(str::from_utf8(&raw).unwrap(), &raw, receipt)
        .unwrap()
        .record
}

fn batch(session_id: &str, numbers: impl IntoIterator<Item = i64>) -> Arc<Batch> {
    let records = numbers.into_iter().map(|n| record(session_id, n)).collect();
    Arc::new(Batch {
        key: key(session_id),
        records,
    })
}

fn news(outcome: &Outcome) -> usize {
    outcome
        .fates
        .iter()
        .filter(|fate| **fate == Fate::New)
        .count()
}

#[actix_web::test]
async fn one_unstorable_row_is_found_and_costs_its_neighbours_nothing() {
    let database = database().await;
    let mut records: Vec<EventRecord> = (0..700).map(|n| record("s", n)).collect();
    for bad in [0, 350, 351, 699] {
        // The parser refuses such an event; here one has slipped through.
        records[bad].raw = Bytes::from_static(br#"{"a":"\u0000"}"#);
    }
    let batch = Arc::new(Batch {
        key: key("s"),
        records,
    });
    let neighbours = Arc::new(Batch {
        key: key("other"),
        records: vec![record("other", 1)],
    });
    let writer = writer(&database);
    let (outcome, beside) = tokio::join!(writer.write(batch), writer.write(neighbours));
    let outcome = outcome.unwrap();
    for (place, fate) in outcome.fates.iter().enumerate() {
        let poison = matches!(fate, Fate::Poison(message) if message.contains("Unicode"));
        assert_eq!(
            poison,
            [0, 350, 351, 699].contains(&place),
            "{place}: {fate:?}"
        );
    }
    assert_eq!(news(&outcome), 696);
    assert_eq!(news(&beside.unwrap()), 1);
    assert_eq!(database.count("SELECT FROM telemetry_events").await, 697);
}

#[actix_web::test]
async fn the_second_holder_of_a_key_is_a_duplicate_in_the_same_batch_too() {
    let database = database().await;
    let outcome = writer(&database)
        .write(batch("s", [1, 2, 1, 1, 3]))
        .await
        .unwrap();
    let expected = [
        Fate::New,
        Fate::New,
        Fate::Duplicate,
        Fate::Duplicate,
        Fate::New,
    ];
    assert_eq!(outcome.fates, expected);
    assert!(!outcome.ambiguous);
}

#[actix_web::test]
async fn servers_that_write_the_same_events_at_once_store_each_of_them_once() {
    let database = database().await;
    let servers: Vec<Writer> = (0..4).map(|_| writer(&database)).collect();
    let mut writes = Vec::new();
    for round in 0..10 {
        for (place, server) in servers.iter().enumerate() {
            let numbers: Vec<i64> = (0..200).map(|n| round * 200 + n).collect();
            let numbers: Vec<i64> = if place % 2 == 0 {
                numbers
            } else {
                numbers.into_iter().rev().collect()
            };
            writes.push(server.write(batch("s", numbers)));
        }
    }
    let outcomes = futures_util::future::join_all(writes).await;
    let all: usize = outcomes
        .iter()
        .map(|outcome| news(outcome.as_ref().unwrap()))
        .sum();
    assert_eq!(all, 2000);
    assert_eq!(database.count("SELECT FROM telemetry_events").await, 2000);
    for outcome in outcomes {
        assert!(!outcome.unwrap().fates.contains(&Fate::Unknown));
    }
}

#[actix_web::test]
async fn without_a_database_the_fate_is_unknown_and_nothing_is_blamed() {
    let nowhere = "postgres://nobody@127.0.0.1:9/nothing";
    let writer = Writer::start(nowhere, 1, &Metrics::new(&mut Registry::default()));
    let outcome = writer.write(batch("s", [1, 2])).await.unwrap();
    assert_eq!(outcome.fates, [Fate::Unknown, Fate::Unknown]);
    // It was never reached, so nothing can have been stored.
    assert!(!outcome.ambiguous);
}

#[actix_web::test]
async fn a_missing_table_is_never_the_fault_of_an_event() {
    let database = database().await;
    database
        .execute("ALTER TABLE telemetry_events RENAME TO elsewhere")
        .await;
    let writer = writer(&database);
    let outcome = writer.write(batch("s", [1])).await.unwrap();
    assert_eq!(outcome.fates, [Fate::Unknown]);
    database
        .execute("ALTER TABLE elsewhere RENAME TO telemetry_events")
        .await;
    // As the server does after a probe was committed; until then nothing is tried.
    writer.reopen();
    assert_eq!(news(&writer.write(batch("s", [1])).await.unwrap()), 1);
}

#[actix_web::test]
async fn a_connection_cut_by_the_server_is_opened_again() {
    let database = database().await;
    let writer = writer(&database);
    writer.write(batch("s", [1])).await.unwrap();
    database
        .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        .await;
    let outcome = writer.write(batch("s", [2])).await.unwrap();
    assert_eq!(outcome.fates.len(), 1);
    assert_ne!(outcome.fates, [Fate::Unknown]);
    assert_eq!(database.count("SELECT FROM telemetry_events").await, 2);
}

/// The summary of a session's rows as they are now.
async fn summary_of(database: &Database, session_id: &str) -> SummaryRow {
    let fold = fold_session(&mut database.pool.get().await.unwrap(), &key(session_id))
        .await
        .unwrap();
    SummaryRow::new(&key(session_id), fold.summary(), NOON)
}

#[actix_web::test]
async fn a_summary_is_written_only_where_it_folds_exactly_the_rows() {
    let database = database().await;
    let summaries = SummaryWriter::start(database.pool.clone());
    let writer = writer(&database);
    writer.write(batch("s", [1, 2])).await.unwrap();
    let early = summary_of(&database, "s").await;
    // Another server's row, between fold and write.
    writer.write(batch("s", [3])).await.unwrap();
    assert_eq!(summaries.save(early.clone()).await.unwrap(), Saved::Refused);
    assert_eq!(database.count("SELECT FROM session_summaries").await, 0);

    let current = summary_of(&database, "s").await;
    assert_eq!(
        summaries.save(current.clone()).await.unwrap(),
        Saved::Written
    );
    assert_eq!(summaries.save(early).await.unwrap(), Saved::Refused);
    assert_eq!(summaries.save(current).await.unwrap(), Saved::Written);
    let rows = database
        .rows("SELECT event_count FROM session_summaries")
        .await;
    assert_eq!(rows, [json!({"event_count": 3})]);
}

#[actix_web::test]
async fn a_summary_of_a_newer_fold_or_a_sealed_one_stays() {
    let database = database().await;
    let summaries = SummaryWriter::start(database.pool.clone());
    writer(&database).write(batch("s", [1])).await.unwrap();
    let current = summary_of(&database, "s").await;
    summaries.save(current.clone()).await.unwrap();
    database
        .execute("UPDATE session_summaries SET fold_version = fold_version + 1")
        .await;
    assert_eq!(
        summaries.save(current.clone()).await.unwrap(),
        Saved::Refused
    );
    database
        .execute("UPDATE session_summaries SET fold_version = 0, sealed_at = now()")
        .await;
    assert_eq!(
        summaries.save(current.clone()).await.unwrap(),
        Saved::Refused
    );
    database
        .execute("UPDATE session_summaries SET sealed_at = NULL")
        .await;
    assert_eq!(summaries.save(current).await.unwrap(), Saved::Written);
}

#[actix_web::test]
async fn a_summary_read_back_equals_the_one_written() {
    let database = database().await;
    let summaries = SummaryWriter::start(database.pool.clone());
    writer(&database)
        .write(batch("s", [1, 2, 3]))
        .await
        .unwrap();
    let written = summary_of(&database, "s").await;
    summaries.save(written.clone()).await.unwrap();
    let mut connection = database.pool.get().await.unwrap();
    let read = video_telemetry::storage::queries::summary(&mut connection, "default", "s")
        .await
        .unwrap();
    assert_eq!(read, Some(written));
}

#[actix_web::test]
async fn a_session_without_rows_folds_to_nothing() {
    let database = database().await;
    let mut connection = database.pool.get().await.unwrap();
    let fold = fold_session(&mut connection, &key("nobody")).await.unwrap();
    assert_eq!(fold.event_count(), SessionFold::new().event_count());
    let nobody = [(*key("nobody")).clone()];
    let refolded = audit::refold(&mut connection, &nobody, chrono::DateTime::UNIX_EPOCH);
    assert_eq!(refolded.await.unwrap(), audit::Refolded::default());
}
