//! Figures come from columns kept in memory, and are always those of the table.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use video_telemetry::qoe::SessionSummary;
use video_telemetry::storage::query::{
    Columns, FIGURES_PARAMS, FiguresQuery, PERIOD_PARAMS, Params, Reader,
};
use video_telemetry::storage::{Pool, Saved, SessionKey, SummaryRow, SummaryWriter};

use super::{DAY, at, session};
use crate::support::{Database, database};

/// Midnight of 23 November 2026.
const MIDNIGHT: i64 = 1_795_392_000_000;
const MINUTE: i64 = 60_000;
const KEPT: u64 = 64 * 1024 * 1024;

fn reader(database: &Database, bytes: u64) -> Reader {
    let runtime = tokio::runtime::Handle::current();
    Reader::new(&database.url, runtime, Columns::new(bytes)).unwrap()
}

fn writer(database: &Database) -> SummaryWriter {
    SummaryWriter::start(Pool::new(&database.url, 2).unwrap())
}

/// A session that has no events, at these minutes of the day.
fn row(session_id: &str, begins_min: i64, ends_min: i64) -> SummaryRow {
    let summary = SessionSummary {
        started_at_ms: MIDNIGHT + begins_min * MINUTE,
        last_event_at_ms: MIDNIGHT + ends_min * MINUTE,
        playing_ms: begins_min,
        ..SessionSummary::default()
    };
    SummaryRow::new(
        &SessionKey::new(&"default".into(), session_id),
        summary,
        MIDNIGHT,
    )
}

/// Sessions and what they played by hour of the day, by start or by end.
async fn by_hour(reader: &Reader, time: &str) -> BTreeMap<String, (Value, Value)> {
    let asked = [
        ("metric", "sessions"),
        ("metric", "playing_ms"),
        ("interval", "1h"),
        ("time", time),
    ];
    let pairs = DAY
        .iter()
        .chain(&asked)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let params = Params::new(pairs.collect(), &[PERIOD_PARAMS, FIGURES_PARAMS]).unwrap();
    let query = FiguresQuery::parse("default", &params, "2026-11-24T00:00:00Z".parse().unwrap());
    let answer = reader.answer(query.unwrap()).await.unwrap().unwrap();
    let answer = serde_json::to_value(answer).unwrap();
    let series = answer["total"]["series"].as_array().unwrap().clone();
    let told = |stretch: &Value| {
        let value = |metric: &str| stretch["values"][metric]["value"].clone();
        (
            stretch["time"].to_string(),
            (value("sessions"), value("playing_ms")),
        )
    };
    let with_sessions = |told: &(String, (Value, Value))| told.1.0 != 0;
    series.iter().map(told).filter(with_sessions).collect()
}

fn hours(told: &BTreeMap<String, (Value, Value)>) -> Vec<(&str, i64)> {
    told.iter()
        .map(|(time, (sessions, _))| (&time[12..14], sessions.as_i64().unwrap()))
        .collect()
}

#[actix_web::test]
async fn a_summary_that_is_written_is_in_the_next_answer() {
    let database = database().await;
    let (reader, writer) = (reader(&database, KEPT), writer(&database));
    assert_eq!(hours(&by_hour(&reader, "started").await), []);
    for (saved, expected) in [
        (row("a", 10, 70), vec![("00", 1)]),
        (row("b", 15, 20), vec![("00", 2)]),
        (row("c", 600, 601), vec![("00", 2), ("10", 1)]),
    ] {
        assert_eq!(writer.save(saved).await.unwrap(), Saved::Written);
        assert_eq!(hours(&by_hour(&reader, "started").await), expected);
    }
    assert_eq!(
        hours(&by_hour(&reader, "ended").await),
        [("00", 1), ("01", 1), ("10", 1)]
    );
}

#[actix_web::test]
async fn a_session_that_turns_out_to_have_begun_in_another_hour_is_in_that_one_only() {
    let database = database().await;
    let (reader, writer) = (reader(&database, KEPT), writer(&database));
    for (begins, hour) in [(130, "02"), (50, "00"), (190, "03")] {
        assert_eq!(
            writer.save(row("a", begins, 200)).await.unwrap(),
            Saved::Written
        );
        assert_eq!(hours(&by_hour(&reader, "started").await), [(hour, 1)]);
        assert_eq!(hours(&by_hour(&reader, "ended").await), [("03", 1)]);
    }
}

#[actix_web::test]
async fn whatever_two_servers_write_at_once_the_figures_end_as_those_of_the_table() {
    let database = database().await;
    let kept = [reader(&database, KEPT), reader(&database, KEPT)];
    let writers = [writer(&database), writer(&database)];
    let mut dice = StdRng::seed_from_u64(7);
    for _round in 0..25 {
        // The same sessions by both, each time at other hours.
        let mut saves = Vec::new();
        for writer in &writers {
            for number in 0..20 {
                let begins = dice.random_range(0..1400);
                saves.push(writer.save(row(&format!("s{number}"), begins, begins + 30)));
            }
        }
        let saves = futures_util::future::join_all(saves);
        let (_, saved) = tokio::join!(by_hour(&kept[0], "started"), saves);
        assert!(saved.iter().all(Result::is_ok), "{saved:?}");
        for time in ["started", "ended"] {
            let fresh = by_hour(&reader(&database, 0), time).await;
            for reader in &kept {
                assert_eq!(by_hour(reader, time).await, fresh, "by {time}");
            }
        }
    }
    let table = "SELECT FROM session_summaries";
    let told: i64 = hours(&by_hour(&kept[0], "started").await)
        .iter()
        .map(|(_, n)| n)
        .sum();
    assert_eq!(told, database.count(table).await);
}

#[actix_web::test]
async fn each_filter_leaves_of_the_columns_what_it_leaves_of_the_table() {
    let server = super::server().await;
    server.has(&super::lists::various()).await;
    for (filter, expected) in super::lists::FILTERS {
        let asked = [("metric", "sessions"), ("filter", filter)];
        let told = server
            .tell("/api/v1/metrics/query", &[&DAY[..], &asked].concat())
            .await;
        assert_eq!(
            told["total"]["values"]["sessions"]["value"],
            expected.len(),
            "{filter}"
        );
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn only_what_lies_within_the_period_is_counted_of_an_hour_that_it_cuts() {
    let server = super::server().await;
    let begun = |id, time| {
        session(
            id,
            serde_json::json!({"started_at": at(time), "last_event_at": at(time)}),
        )
    };
    let times = [
        "01:29:59.999",
        "01:30:00",
        "01:59:59",
        "02:00:00",
        "02:30:00",
    ];
    let sessions: Vec<Value> = times.iter().map(|time| begun(time, time)).collect();
    server.has(&sessions).await;
    let asked = [
        ("from", "2026-11-23T01:30:00Z"),
        ("to", "2026-11-23T02:30:00Z"),
        ("metric", "sessions"),
        ("compare", "previous"),
    ];
    let told = server.tell("/api/v1/metrics/query", &asked).await;
    let figure = &told["total"]["values"]["sessions"];
    assert_eq!(
        (&figure["value"], &figure["previous"]["value"]),
        (&3.into(), &1.into())
    );
    server.application.stop().await.unwrap();
}
