//! `GET /api/v1/errors`: every session with an error stands at exactly one.

use serde_json::{Value, json};

use super::{DAY, at, server, session};
use crate::support::Server;

const ERRORS: &str = "/api/v1/errors";

/// The day before: two attempts, one with `fragLoadError`. The day: eight sessions, seven of them
/// attempts, five with an error.
async fn ten(server: &Server) {
    let yesterday = |id: &str, error: Value| {
        session(
            id,
            json!({"started_at": "2026-11-22T10:00:00Z", "last_event_at": "2026-11-22T10:30:00Z",
                "startup_ms": 500, "first_error": error, "error_count": 1}),
        )
    };
    let today = |id: &str, time: &str, columns: Value| {
        let mut columns = columns;
        columns["started_at"] = at(time);
        columns["last_event_at"] = at(&time.replace(":00:00", ":20:00"));
        session(id, columns)
    };
    let started = json!({"startup_ms": 700, "browser": "Chrome"});
    server
        .has(&[
            yesterday("y1", json!("fragLoadError")),
            yesterday("y2", Value::Null),
            today("a", "01:00:00", started.clone()),
            today("b", "02:00:00", started.clone()),
            today("c", "03:00:00", started),
            today(
                "d",
                "04:00:00",
                json!({"startup_ms": 900, "first_error": "fragLoadError",
                "error_count": 3, "fatal_error_count": 0, "browser": "Chrome"}),
            ),
            today(
                "e",
                "05:00:00",
                json!({"startup_ms": 900, "first_error": "fragLoadError",
                "error_count": 5, "fatal_error_count": 1, "vpf": true}),
            ),
            today(
                "f",
                "06:00:00",
                json!({"no_start_ms": 100, "first_error": "manifestLoadError",
                "error_count": 1, "fatal_error_count": 1, "vsf": true, "experience_score": 0.0}),
            ),
            // It failed before anybody asked it to play: no attempt.
            today(
                "g",
                "07:00:00",
                json!({"first_error": "manifestLoadError",
                "error_count": 2, "fatal_error_count": 2, "vsf": true}),
            ),
            today(
                "h",
                "08:00:00",
                json!({"startup_ms": 1, "first_error": "a, \"quoted\" one",
                "error_count": 1}),
            ),
        ])
        .await;
}

async fn errors(server: &Server, asked: &[(&str, &str)]) -> Value {
    server.tell(ERRORS, &[&DAY[..], asked].concat()).await
}

fn names(told: &Value) -> Vec<&str> {
    let data = told["data"].as_array().unwrap().iter();
    data.map(|it| it["error"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn an_error_tells_whom_it_met_and_how_it_went_on() {
    let server = server().await;
    ten(&server).await;
    let told = errors(&server, &[]).await;
    assert_eq!(
        told,
        json!({
            "from": "2026-11-23T00:00:00Z", "to": "2026-11-24T00:00:00Z", "compared_with": null,
            "total": {"sessions": 8, "attempts": 7},
            "data": [
                {"error": "fragLoadError", "sessions": 2, "attempts": 2,
                 "share_of_attempts": 2.0 / 7.0, "failed": 1, "vsf": 0, "vpf": 1,
                 "error_count": 8, "fatal_error_count": 1,
                 "first_seen": at("04:00:00"), "last_seen": at("05:20:00"), "sample_session_id": "e"},
                {"error": "manifestLoadError", "sessions": 2, "attempts": 1,
                 "share_of_attempts": 1.0 / 7.0, "failed": 2, "vsf": 2, "vpf": 0,
                 "error_count": 3, "fatal_error_count": 3,
                 "first_seen": at("06:00:00"), "last_seen": at("07:20:00"), "sample_session_id": "g"},
                {"error": "a, \"quoted\" one", "sessions": 1, "attempts": 1,
                 "share_of_attempts": 1.0 / 7.0, "failed": 0, "vsf": 0, "vpf": 0,
                 "error_count": 1, "fatal_error_count": 0,
                 "first_seen": at("08:00:00"), "last_seen": at("08:20:00"), "sample_session_id": "h"},
            ],
            "errors": 3, "next_cursor": null, "has_more": false,
        })
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn beside_the_period_before_stands_what_changed() {
    let server = server().await;
    ten(&server).await;
    let told = errors(&server, &[("compare", "previous"), ("order", "-delta")]).await;
    assert_eq!(
        names(&told),
        ["manifestLoadError", "a, \"quoted\" one", "fragLoadError"]
    );
    assert_eq!(
        told["compared_with"],
        json!({"from": "2026-11-22T00:00:00Z", "to": "2026-11-23T00:00:00Z"})
    );
    assert_eq!(told["total"], json!({"sessions": 8, "attempts": 7}));
    assert_eq!(
        told["previous_total"],
        json!({"sessions": 2, "attempts": 2})
    );
    let frag = &told["data"][2];
    assert_eq!(
        (&frag["sessions"], &frag["error_count"]),
        (&json!(2), &json!(8))
    );
    assert_eq!(
        frag["previous"],
        json!({"sessions": 1, "attempts": 1, "share_of_attempts": 0.5})
    );
    assert_eq!(
        frag["delta"],
        json!({"sessions": 1, "attempts": 1, "share_of_attempts": 2.0 / 7.0 - 0.5})
    );
    assert_eq!(told["data"][0]["previous"]["sessions"], 0);
    // What went away is not told.
    let chrome = [("compare", "previous"), ("filter", "session_id:eq:y1,a")];
    let told = errors(&server, &chrome).await;
    assert_eq!((&told["data"], &told["errors"]), (&json!([]), &json!(0)));
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn errors_stand_in_the_order_that_is_asked_for() {
    let server = server().await;
    ten(&server).await;
    let (quoted, frag, manifest) = ("a, \"quoted\" one", "fragLoadError", "manifestLoadError");
    for (order, expected) in [
        // Equal ones go by name either way.
        ("sessions", [quoted, frag, manifest]),
        ("-failed", [manifest, frag, quoted]),
        ("-error_count", [frag, manifest, quoted]),
        ("-fatal_error_count", [manifest, frag, quoted]),
        ("first_seen", [frag, manifest, quoted]),
        ("-last_seen", [quoted, manifest, frag]),
    ] {
        assert_eq!(
            names(&errors(&server, &[("order", order)]).await),
            expected,
            "{order}"
        );
    }
    let told = errors(&server, &[("limit", "2")]).await;
    assert_eq!(names(&told), [frag, manifest]);
    assert_eq!(
        (&told["errors"], &told["has_more"]),
        (&json!(3), &json!(true))
    );
    let told = errors(&server, &[("filter", "browser:eq:Chrome")]).await;
    assert_eq!(
        (names(&told), &told["total"]["attempts"]),
        (vec![frag], &json!(4))
    );
    assert_eq!(told["data"][0]["share_of_attempts"], 0.25);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn without_attempts_there_is_no_share_and_without_errors_no_row() {
    let server = server().await;
    ten(&server).await;
    let told = errors(&server, &[("filter", "session_id:eq:g")]).await;
    assert_eq!(told["data"][0]["share_of_attempts"], Value::Null);
    let told = server
        .tell(ERRORS, &[("last", "1m"), ("compare", "previous")])
        .await;
    assert_eq!(told["total"], json!({"sessions": 0, "attempts": 0}));
    assert_eq!(told["data"], json!([]));
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn what_cannot_be_asked_of_errors_is_told_by_name() {
    let server = server().await;
    for (parameter, advice) in [
        (("order", "-session"), "did you mean sessions?"),
        (("order", "delta"), "compare=previous"),
        (("compare", "next"), "previous"),
        (("limit", "501"), "1 to 500"),
        (("filter", "error:eq:a"), "error_count"),
        (("cursor", "a"), "known are"),
        (("last", "4000d"), "3660d"),
    ] {
        let detail = server.refuses(ERRORS, &[parameter], parameter.0).await;
        assert!(detail.contains(advice), "{parameter:?}: {detail}");
    }
    server.application.stop().await.unwrap();
}
