//! `GET /api/v1/sessions`: filters, order, pages.

use serde_json::{Value, json};
use video_telemetry::storage::SummaryRow;
use video_telemetry::storage::query::{PERIOD_PARAMS, Params, SESSIONS_PARAMS, SessionsQuery};

use super::{DAY, at, ids, server, session};
use crate::support::Server;

const LIST: &str = "/api/v1/sessions";

/// Five sessions that differ in what filters look at.
pub(super) fn various() -> Vec<Value> {
    vec![
        session(
            "a",
            json!({"started_at": at("01:00:00"), "last_event_at": at("01:10:00"),
            "browser": "Chrome", "startup_ms": 800, "rebuffer_ratio": 0.5, "vpf": true, "live": true}),
        ),
        session(
            "b",
            json!({"started_at": at("02:00:00"), "last_event_at": at("03:30:00"),
            "browser": "Firefox", "startup_ms": 1200, "rebuffer_ratio": 0.25, "live": false}),
        ),
        session(
            "c",
            json!({"started_at": at("03:00:00"), "last_event_at": at("03:10:00"),
            "browser": "Chrome Mobile", "custom": {"plan": "a,b", "seats": 3}}),
        ),
        session(
            "d",
            json!({"started_at": at("04:00:00"), "last_event_at": at("04:10:00"),
            "startup_ms": 800, "custom": {"plan": "free"}}),
        ),
        session(
            "e",
            json!({"started_at": at("05:00:00"), "last_event_at": at("05:10:00"),
            "browser": "Ünïcode, Inc\\", "startup_ms": 0, "rebuffer_ratio": 0.25}),
        ),
    ]
}

/// What a filter leaves of `various`, in the order of their start.
pub(super) const FILTERS: [(&str, &[&str]); 26] = [
    ("browser:eq:Chrome", &["a"]),
    ("browser:eq:Chrome,Firefox", &["a", "b"]),
    ("browser:eq:chrome", &[]),
    ("browser:ne:Chrome", &["b", "c", "d", "e"]),
    ("browser:ne:Chrome,Firefox", &["c", "d", "e"]),
    ("browser:contains:CHROME", &["a", "c"]),
    ("browser:contains:fire,mobile", &["b", "c"]),
    ("browser:contains:%", &[]),
    ("browser:eq:Ünïcode\\, Inc\\\\", &["e"]),
    ("browser:null:true", &["d"]),
    ("browser:null:false", &["a", "b", "c", "e"]),
    ("startup_ms:eq:800,0", &["a", "d", "e"]),
    ("startup_ms:ne:800", &["b", "c", "e"]),
    ("startup_ms:gt:800", &["b"]),
    ("startup_ms:gte:800", &["a", "b", "d"]),
    ("startup_ms:lt:800", &["e"]),
    ("startup_ms:lte:800", &["a", "d", "e"]),
    ("rebuffer_ratio:gte:0.25", &["a", "b", "e"]),
    ("rebuffer_ratio:eq:0.25", &["b", "e"]),
    ("vpf:eq:true", &["a"]),
    ("live:ne:true", &["b", "c", "d", "e"]),
    ("started_at:gte:2026-11-23T03:00:00Z", &["c", "d", "e"]),
    ("last_event_at:lt:2026-11-23T03:30:00Z", &["a", "c"]),
    ("custom.plan:eq:free", &["d"]),
    ("custom.plan:eq:a\\,b", &["c"]),
    ("custom.seats:eq:3", &["c"]),
];

#[actix_web::test]
async fn filters_leave_the_same_sessions_in_the_table_and_in_memory() {
    let server = server().await;
    server.has(&various()).await;
    let everything: Vec<SummaryRow> = rows(&server, &[]).await;
    for (filter, expected) in FILTERS {
        let parameters = [&DAY[..], &[("filter", filter), ("sort", "started_at")]].concat();
        let list = server.tell(LIST, &parameters).await;
        assert_eq!(ids(&list), expected, "{filter}");
        let picked = question(&parameters).pick(everything.clone());
        let picked: Vec<_> = picked
            .rows
            .iter()
            .map(|row| row.session_id.as_str())
            .collect();
        assert_eq!(picked, expected, "{filter} in memory");
    }
    let both = [
        ("filter", "browser:null:false"),
        ("filter", "startup_ms:lt:1000"),
    ];
    let list = server.tell(LIST, &[&DAY[..], &both].concat()).await;
    assert_eq!(ids(&list), ["e", "a"]);
    server.application.stop().await.unwrap();
}

/// A question as the command line would put it.
fn question(parameters: &[(&str, &str)]) -> SessionsQuery {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let pairs = parameters.iter().map(owned).collect();
    let params = Params::new(pairs, &[PERIOD_PARAMS, SESSIONS_PARAMS]).unwrap();
    SessionsQuery::parse("default", &params, "2026-11-24T00:00:00Z".parse().unwrap()).unwrap()
}

async fn rows(server: &Server, parameters: &[(&str, &str)]) -> Vec<SummaryRow> {
    use video_telemetry::storage::query::{Columns, Reader};
    let (runtime, columns) = (tokio::runtime::Handle::current(), Columns::new(0));
    let reader = Reader::new(&server.database.url, runtime, columns).unwrap();
    reader.answer(question(parameters)).await.unwrap().rows
}

#[actix_web::test]
async fn a_period_is_by_start_unless_the_end_is_asked_for() {
    let server = server().await;
    server.has(&various()).await;
    let hour = [
        ("from", "2026-11-23T03:00:00Z"),
        ("to", "2026-11-23T04:00:00Z"),
    ];
    assert_eq!(ids(&server.tell(LIST, &hour).await), ["c"]);
    let ended = [&hour[..], &[("time", "ended")]].concat();
    assert_eq!(ids(&server.tell(LIST, &ended).await), ["c", "b"]);
    assert_eq!(ids(&server.tell(LIST, &[("last", "1m")]).await), [""; 0]);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn an_item_has_every_column_and_says_what_it_is_worth() {
    let server = server().await;
    server.has(&various()[..1]).await;
    let list = server.tell(LIST, &DAY).await;
    let mut expected = server
        .database
        .rows("SELECT * FROM session_summaries")
        .await
        .remove(0);
    expected["status"] = json!("finished");
    expected["partial"] = json!(false);
    for time in ["started_at", "last_event_at", "updated_at"] {
        // PostgreSQL's JSON has another way to say UTC.
        let told = expected[time].as_str().unwrap().replace("+00:00", "Z");
        expected[time] = json!(told);
    }
    assert_eq!(
        list,
        json!({"data": [expected], "next_cursor": null, "has_more": false})
    );
    server.application.stop().await.unwrap();
}

/// Reads all pages of two; before each further one a newer session is stored.
async fn pages(server: &Server, sort: &str, path: &[(&str, &str)]) -> Vec<String> {
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let asked = [("sort", sort), ("limit", "2"), ("cursor", cursor.as_str())];
        let list = server.tell(LIST, &[path, &asked].concat()).await;
        seen.extend(ids(&list).into_iter().map(str::to_owned));
        assert_eq!(list["has_more"], !list["next_cursor"].is_null());
        match list["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
        let newer = json!({"started_at": at("23:59:59"), "browser": "Zen", "startup_ms": 5000});
        let stored = server.database.count("SELECT FROM session_summaries").await;
        server
            .has(&[session(&format!("new-{stored:03}"), newer)])
            .await;
    }
    seen
}

#[actix_web::test]
async fn pages_show_each_session_once_in_order_while_newer_ones_come() {
    let server = server().await;
    server.has(&various()).await;
    for (sort, expected) in [
        ("-started_at", ["e", "d", "c", "b", "a"]),
        // Not known comes last, and equal keys go by id, in the direction of the sort.
        ("-startup_ms", ["b", "d", "a", "e", "c"]),
        ("-rebuffer_ratio", ["a", "e", "b", "d", "c"]),
        ("-live", ["a", "b", "e", "d", "c"]),
    ] {
        let old = [&DAY[..], &[("filter", "session_id:eq:a,b,c,d,e")]].concat();
        assert_eq!(pages(&server, sort, &old).await, expected, "{sort}");
    }
    // Of those that came meanwhile none is before the place that was reached.
    assert_eq!(pages(&server, "-started_at", &DAY).await.len(), 5 + 8);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn pages_go_up_and_over_text_and_what_is_not_known() {
    let server = server().await;
    server.has(&various()).await;
    for (sort, expected) in [
        ("startup_ms", ["e", "a", "d", "b", "c"]),
        ("browser", ["a", "c", "b", "e", "d"]),
        ("session_id", ["a", "b", "c", "d", "e"]),
        ("live", ["b", "a", "c", "d", "e"]),
    ] {
        let old = [&DAY[..], &[("filter", "session_id:eq:a,b,c,d,e")]].concat();
        assert_eq!(pages(&server, sort, &old).await, expected, "{sort}");
        // And the same from memory.
        let everything = rows(&server, &old).await;
        let picked = question(&[&old[..], &[("sort", sort)]].concat()).pick(everything);
        let picked: Vec<_> = picked.rows.into_iter().map(|row| row.session_id).collect();
        assert_eq!(picked, expected, "{sort} in memory");
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_further_page_keeps_the_period_of_the_first() {
    let server = server().await;
    server.has(&various()).await;
    let first = server
        .tell(LIST, &[&DAY[..], &[("limit", "4")]].concat())
        .await;
    // The default of 24 hours would end at another moment than the first page's.
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = server.tell(LIST, &[("cursor", cursor)]).await;
    assert_eq!(ids(&second), ["a"]);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn what_cannot_be_asked_is_told_by_name_and_with_what_would_be_right() {
    let server = server().await;
    for (parameters, name, advice) in [
        (
            ("filter", "browsr:eq:Chrome"),
            "filter",
            "did you mean browser?",
        ),
        (
            ("filter", "startup:eq:1"),
            "filter",
            "did you mean startup_ms?",
        ),
        (
            ("filter", "browser:equals:Chrome"),
            "filter",
            "did you mean eq?",
        ),
        (("filter", "browser"), "filter", "field:op:value"),
        (("filter", "browser:gt:C"), "filter", "numbers and times"),
        (("filter", "startup_ms:eq:1.5"), "filter", "a whole number"),
        (("filter", "startup_ms:gt:1,2"), "filter", "a whole number"),
        (("filter", "rebuffer_ratio:lt:NaN"), "filter", "a number"),
        (("filter", "vpf:eq:yes"), "filter", "true or false"),
        (
            ("filter", "startup_ms:contains:1"),
            "filter",
            "contains is for text",
        ),
        (
            ("filter", "started_at:gt:noon"),
            "filter",
            "2026-11-23T07:30:00Z",
        ),
        (("filter", "custom.:eq:a"), "filter", "a key"),
        (("filter", "browser:eq:a\0b"), "filter", "NUL"),
        (("sort", "-start_at_at"), "sort", "did you mean started_at?"),
        (("sort", "custom"), "sort", "no field"),
        (("limit", "501"), "limit", "1 to 500"),
        (("limit", "0"), "limit", "1 to 500"),
        (("status", "dead"), "status", "known are finished, live"),
        (("cursor", "abc"), "cursor", "next_cursor"),
        (("last", "1y"), "last", "7d"),
        (("form", "0"), "form", "did you mean from?"),
    ] {
        let detail = server.refuses(LIST, &[parameters], name).await;
        assert!(detail.contains(advice), "{parameters:?}: {detail}");
    }
    server.has(&various()).await;
    let list = server
        .tell(LIST, &[&DAY[..], &[("limit", "1")]].concat())
        .await;
    let cursor = list["next_cursor"].as_str().unwrap();
    server
        .refuses(
            LIST,
            &[("cursor", cursor), ("sort", "started_at")],
            "cursor",
        )
        .await;
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn live_sessions_are_listed_as_they_are_now() {
    let server = server().await;
    for (session_id, browser, heartbeat_ms) in [
        ("x", "Chrome", 4500),
        ("y", "Firefox", 2500),
        ("z", "Chrome", 9500),
    ] {
        let event = |event_type: &str, at_ms: i64| {
            json!({"sessionId": session_id, "eventId": event_type, "eventType": event_type, "viewerId": "v",
                "timestamp": 1_795_392_460_000i64 + at_ms, "device": {"browser": browser},
                "playbackPositionSec": f64::from(i32::try_from((at_ms - 500).max(0)).unwrap()) / 1000.0})
        };
        let events = json!([
            event("PLAY", 0),
            event("FIRST_FRAME", 500),
            event("HEARTBEAT", heartbeat_ms)
        ]);
        assert_eq!(server.post(&events).await.0, 200);
    }
    let asked = [&DAY[..], &[("status", "live"), ("sort", "-playing_ms")]].concat();
    let list = server.tell(LIST, &asked).await;
    assert_eq!(ids(&list), ["z", "x", "y"]);
    assert_eq!(list["data"][0]["status"], "live");
    assert_eq!(list["data"][0]["playing_ms"], 9000);
    let filtered = [
        &asked[..],
        &[("filter", "browser:eq:Chrome"), ("limit", "1")],
    ]
    .concat();
    let first = server.tell(LIST, &filtered).await;
    assert_eq!((ids(&first), &first["has_more"]), (vec!["z"], &json!(true)));
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = server
        .tell(LIST, &[&filtered[..], &[("cursor", cursor)]].concat())
        .await;
    assert_eq!(
        (ids(&second), &second["has_more"]),
        (vec!["x"], &json!(false))
    );
    assert_eq!(
        ids(&server.tell(LIST, &DAY).await),
        [""; 0],
        "none is finished"
    );
    server.application.stop().await.unwrap();
}
