//! What a file of sessions says.

use reqwest::Method;
use serde_json::{Map, Value, json};
use video_telemetry::storage::query::{ColumnKind, Export, Params};

use super::super::{DAY, at, server, session};
use super::column;

const CSV: &str = "/api/v1/export/sessions.csv";
const NDJSON: &str = "/api/v1/export/sessions.ndjson";
const PARQUET: &str = "/api/v1/export/sessions.parquet";

/// The columns and what they hold.
fn kinds() -> Vec<(&'static str, ColumnKind)> {
    let now = "2026-11-24T00:00:00Z".parse().unwrap();
    let export = Export::sessions("default", &Params::default(), now).unwrap();
    let columns = export.columns().iter();
    columns.map(|column| (column.name, column.kind)).collect()
}

/// A session whose every column has a value of its own.
fn full() -> Value {
    let values = kinds().into_iter().enumerate().map(|(at, (name, kind))| {
        let n = u8::try_from(at).unwrap();
        let minute = n % 60;
        let value = match (name, kind) {
            ("project", _) => json!("default"),
            (_, ColumnKind::Text) => json!(format!("{name}, \"Ü\"\r\n{n}")),
            (_, ColumnKind::Integer) => json!(-1_000_000_000 - i64::from(n)),
            (_, ColumnKind::Number) => json!(f64::from(n) + 0.1),
            (_, ColumnKind::Boolean) => json!(n % 2 == 1),
            (_, ColumnKind::Time) => json!(format!("2026-11-23T01:{minute:02}:00.000001Z")),
            (_, ColumnKind::Json) => json!({"key": name, "list": [1, null, "=2"]}),
        };
        (name.to_owned(), value)
    });
    let columns: Map<String, Value> = values.collect();
    session(
        columns["session_id"].as_str().unwrap(),
        Value::Object(columns.clone()),
    )
}

/// A session of which only what must be is known.
fn bare() -> Value {
    session(
        "bare",
        json!({"started_at": at("02:00:00"), "last_event_at": at("02:00:00")}),
    )
}

#[actix_web::test]
async fn every_column_comes_back_from_every_format() {
    let server = server().await;
    server.has(&[full(), bare()]).await;
    let expected = [full(), bare()];
    assert_eq!(server.lines(NDJSON, &DAY).await, expected);

    let csv = server.csv(CSV, &DAY).await;
    let names: Vec<String> = kinds().iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!((names.len(), &csv[0]), (64, &names));
    let parquet = server.parquet(PARQUET, &DAY).await;
    assert_eq!((csv.len(), parquet.len()), (3, 2));
    for (row, session) in expected.iter().enumerate() {
        for (at, (name, kind)) in kinds().into_iter().enumerate() {
            let (value, cell) = (&session[name], csv[row + 1][at].as_str());
            let packed = &parquet[row][name];
            match kind {
                _ if value.is_null() => assert_eq!((cell, packed), ("", &Value::Null), "{name}"),
                ColumnKind::Text => {
                    assert_eq!((cell, packed), (value.as_str().unwrap(), value), "{name}");
                }
                ColumnKind::Json => {
                    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
                    assert_eq!(&parse(cell), value, "{name}");
                    assert_eq!(&parse(packed.as_str().unwrap()), value, "{name}");
                }
                ColumnKind::Time => {
                    assert_eq!(cell, value.as_str().unwrap(), "{name}");
                    let time: chrono::DateTime<chrono::Utc> = cell.parse().unwrap();
                    assert_eq!(packed, &json!(time.timestamp_micros()), "{name}");
                }
                ColumnKind::Integer | ColumnKind::Number | ColumnKind::Boolean => {
                    assert_eq!(
                        (cell, packed),
                        (value.to_string().as_str(), value),
                        "{name}"
                    );
                }
            }
        }
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn in_csv_text_is_no_formula_and_null_is_not_empty_text() {
    let server = server().await;
    let cells = [
        (json!("=1+1"), "'=1+1"),
        (json!("+1"), "'+1"),
        (json!("-1"), "'-1"),
        (json!("@A1"), "'@A1"),
        (json!("\t=1"), "'\t=1"),
        (json!("\r=1"), "\"'\r=1\""),
        (json!("'=1"), "'=1"),
        (json!("a=1"), "a=1"),
        (json!("a,b"), "\"a,b\""),
        (json!("5\" \u{1f3ac}"), "\"5\"\" \u{1f3ac}\""),
        (json!(""), "\"\""),
        (Value::Null, ""),
    ];
    let sessions = cells.iter().enumerate().map(|(n, (value, _))| {
        let columns = json!({"started_at": at("01:00:00"), "viewer_id": value, "gap_ms": -5});
        session(&format!("{n:02}"), columns)
    });
    server.has(&sessions.collect::<Vec<_>>()).await;
    let asked = [&DAY[..], &[("columns", "viewer_id,gap_ms")]].concat();
    let file = String::from_utf8(server.file(CSV, &asked).await).unwrap();
    let lines = cells.iter().map(|(_, cell)| format!("{cell},-5\r\n"));
    let expected: String = std::iter::once("viewer_id,gap_ms\r\n".to_owned())
        .chain(lines)
        .collect();
    assert_eq!(file, expected);
    let values = column(&server.lines(NDJSON, &asked).await, "viewer_id");
    let told: Vec<Value> = cells.into_iter().map(|(value, _)| value).collect();
    assert_eq!(values, told, "other formats need no guard");
    server.application.stop().await.unwrap();
}

/// Three of the day, one before and one after it.
fn five() -> Vec<Value> {
    let times = [
        ("z", "01:00:00", "09:00:00", "Chrome"),
        ("b", "02:00:00", "02:10:00", "Firefox"),
        ("a", "02:00:00", "02:05:00", "Chrome"),
    ];
    let day = times.map(|(id, started, ended, browser)| {
        let columns =
            json!({"started_at": at(started), "last_event_at": at(ended), "browser": browser});
        session(id, columns)
    });
    let other = [
        ("before", "2026-11-22T23:59:59.999Z"),
        ("after", "2026-11-24T00:00:00Z"),
    ];
    let other = other.map(|(id, time)| {
        session(
            id,
            json!({"started_at": time, "last_event_at": time, "browser": "Chrome"}),
        )
    });
    day.into_iter().chain(other).collect()
}

#[actix_web::test]
async fn a_file_has_the_sessions_asked_for_in_the_order_of_their_time() {
    let server = server().await;
    server.has(&five()).await;
    for (parameters, expected) in [
        (&[][..], &["z", "a", "b"][..]),
        (&[("time", "ended")], &["a", "b", "z"]),
        (&[("filter", "browser:eq:Chrome")], &["z", "a"]),
        (
            &[
                ("filter", "browser:eq:Chrome"),
                ("filter", "started_at:gte:2026-11-23T02:00:00Z"),
            ],
            &["a"],
        ),
    ] {
        let asked = [&DAY[..], parameters, &[("columns", "session_id")]].concat();
        let ids = column(&server.lines(NDJSON, &asked).await, "session_id");
        assert_eq!(ids, expected, "{parameters:?}");
    }
    let asked = [&DAY[..], &[("columns", "browser,session_id")]].concat();
    let file = server.file(NDJSON, &asked).await;
    let first = "{\"browser\":\"Chrome\",\"session_id\":\"z\"}\n";
    assert!(
        file.starts_with(first.as_bytes()),
        "columns are in the order asked for"
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_file_of_no_sessions_is_a_whole_file() {
    let server = server().await;
    let asked = [&DAY[..], &[("columns", "session_id,startup_ms")]].concat();
    assert_eq!(server.file(CSV, &asked).await, b"session_id,startup_ms\r\n");
    assert_eq!(server.file(NDJSON, &asked).await, b"");
    assert!(server.parquet(PARQUET, &asked).await.is_empty());
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_file_of_many_sessions_has_each_of_them_once() {
    let server = server().await;
    server.has(&[bare()]).await;
    let others = kinds().into_iter().map(|(name, _)| name);
    let others: Vec<&str> = others.filter(|name| *name != "session_id").collect();
    let others = others.join(", ");
    server
        .database
        .execute(&format!(
            "INSERT INTO session_summaries (session_id, {others}) \
             SELECT lpad(n::text, 6, '0'), {others} FROM session_summaries, generate_series(1, 40000) AS n"
        ))
        .await;
    let asked = [&DAY[..], &[("columns", "session_id,end_reason,custom")]].concat();
    let mut expected: Vec<Value> = (1..=40_000).map(|n| json!(format!("{n:06}"))).collect();
    expected.push(json!("bare"));
    let parquet = server.parquet(PARQUET, &asked).await;
    assert!(
        column(&parquet, "session_id") == expected,
        "over several row groups"
    );
    let lines = server.lines(NDJSON, &asked).await;
    assert!(column(&lines, "session_id") == expected);
    let csv = server.csv(CSV, &asked).await;
    let ids = csv[1..].iter().map(|row| json!(row[0]));
    assert!(ids.collect::<Vec<_>>() == expected);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn the_head_tells_what_the_file_is_and_what_to_call_it() {
    let server = server().await;
    for (path, content_type, name) in [
        (
            CSV,
            "text/csv; charset=utf-8",
            "sessions-20261123T000000Z-20261124T000000Z.csv",
        ),
        (
            NDJSON,
            "application/x-ndjson",
            "sessions-20261123T000000Z-20261124T000000Z.ndjson",
        ),
        (
            PARQUET,
            "application/vnd.apache.parquet",
            "sessions-20261123T000000Z-20261124T000000Z.parquet",
        ),
    ] {
        let url = format!("{path}?from=2026-11-23T00:00:00Z&to=2026-11-24T00:00:00Z");
        for method in [Method::GET, Method::HEAD] {
            let request = server.client.request(method.clone(), server.url(&url));
            let response = request.send().await.unwrap();
            let header = |name| response.headers()[name].to_str().unwrap();
            assert_eq!(response.status(), 200, "{method} {path}");
            assert_eq!(header("content-type"), content_type);
            let disposition = format!("attachment; filename=\"{name}\"");
            assert_eq!(header("content-disposition"), disposition);
            assert_eq!(header("cache-control"), "no-store");
            let is_empty = response.bytes().await.unwrap().is_empty();
            assert_eq!(is_empty, method == Method::HEAD || path == NDJSON);
        }
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn what_makes_no_sense_is_refused_with_what_would_be_right() {
    let server = server().await;
    for (parameters, name, advice) in [
        (
            ("columns", "session_ids"),
            "columns",
            "did you mean session_id?",
        ),
        (
            ("columns", "session_id,session_id"),
            "columns",
            "session_id stands there twice",
        ),
        (("columns", "session_id,"), "columns", "no column \"\""),
        (
            ("columns", "session_id; DROP TABLE x"),
            "columns",
            "no column",
        ),
        (("columns", "*"), "columns", "no column \"*\""),
        (("filter", "browsr:eq:x"), "filter", "did you mean browser?"),
        (("filter", "browser:eq:\0"), "filter", "NUL"),
        (("last", "1y"), "last", "7d"),
        (("sort", "started_at"), "sort", "there is no parameter"),
        (("limit", "5"), "limit", "there is no parameter"),
        (("session_id", "s"), "session_id", "there is no parameter"),
    ] {
        for path in [CSV, NDJSON, PARQUET] {
            let detail = server.refuses(path, &[parameters], name).await;
            assert!(detail.contains(advice), "{parameters:?}: {detail}");
        }
    }
    let twice = [("columns", "os"), ("columns", "os")];
    server.refuses(CSV, &twice, "columns").await;
    for path in [
        "sessions.xlsx",
        "sessions.",
        "sessions",
        "sessions.csv/x",
        "viewers.csv",
    ] {
        let answer = server.ask(&format!("/api/v1/export/{path}"), &[]).await;
        answer.is_problem(404, "not_found");
    }
    let answer = server.send(Method::POST, CSV, &[], "").await;
    answer.is_problem(405, "method_not_allowed");
    server.application.stop().await.unwrap();
}
