//! `GET /api/v1/dimensions` and the values of one of them.

use serde_json::{Value, json};

use super::{DAY, at, server, session};
use crate::support::Server;

const LIST: &str = "/api/v1/dimensions";

/// Chrome three times, Firefox twice, Edge twice, what is not known twice, and Safari once; and an
/// Opera of the day before.
async fn eleven(server: &Server) {
    let browsers = [
        "Chrome", "Chrome", "Chrome", "Firefox", "Firefox", "Edge", "Edge", "", "", "Safari",
        "Opera",
    ];
    let sessions = browsers.iter().enumerate().map(|(number, browser)| {
        let time = match *browser {
            "Opera" => json!("2026-11-22T12:00:00Z"),
            _ => at("12:00:00"),
        };
        let plan = if number < 4 {
            json!({"plan": "free", "50%_off": true})
        } else {
            json!({"plan": 7})
        };
        session(
            &format!("s{number:02}"),
            json!({"started_at": time, "last_event_at": at("12:00:00"),
                "browser": if browser.is_empty() { Value::Null } else { json!(browser) },
                "live": if number < 2 { json!(true) } else { Value::Null },
                "custom": if number < 6 { plan } else { Value::Null }}),
        )
    });
    server.has(&sessions.collect::<Vec<_>>()).await;
}

/// The values of a dimension on that day, each with its sessions.
async fn values(server: &Server, dimension: &str, asked: &[(&str, &str)]) -> Value {
    let path = format!("{LIST}/{dimension}/values");
    let told = server.tell(&path, &[&DAY[..], asked].concat()).await;
    assert_eq!(told["next_cursor"].is_string(), told["has_more"] == true);
    let data = told["data"].as_array().unwrap().iter();
    Value::from_iter(data.map(|it| json!([it["value"], it["sessions"]])))
}

#[actix_web::test]
async fn the_site_s_own_dimensions_stand_after_those_that_all_sites_have() {
    let server = server().await;
    eleven(&server).await;
    let told = server.tell(LIST, &DAY).await;
    let data = told["data"].as_array().unwrap();
    let names: Vec<&str> = data
        .iter()
        .map(|it| it["dimension"].as_str().unwrap())
        .collect();
    assert_eq!(names[..3], ["viewer_id", "browser", "os"]);
    // Six sessions have a plan, four of them the other.
    assert_eq!(names[names.len() - 2..], ["custom.plan", "custom.50%_off"]);
    assert_eq!(
        data[1],
        json!({"dimension": "browser", "description": "browser", "kind": "text"})
    );
    let live = data.iter().find(|it| it["dimension"] == "live").unwrap();
    assert_eq!(live["kind"], "boolean");
    assert_eq!(
        (&told["next_cursor"], &told["has_more"]),
        (&Value::Null, &json!(false))
    );
    // Each can be grouped by.
    for name in &names {
        let asked = [("metric", "sessions"), ("group_by", name)];
        server
            .tell("/api/v1/metrics/query", &[&DAY[..], &asked].concat())
            .await;
    }
    let none = server.tell(LIST, &[("to", "2026-11-01T00:00:00Z")]).await;
    assert_eq!(none["data"].as_array().unwrap().len(), names.len() - 2);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn of_very_many_keys_the_most_frequent_are_told() {
    let server = server().await;
    let key = |number: usize| format!("k{number:03}");
    let sessions = (0..26).map(|number| {
        let keys = (0..20).map(|at| (key(number * 20 + at), json!(1)));
        let mut custom: serde_json::Map<String, Value> = keys.collect();
        custom.insert("everywhere".to_owned(), json!(1));
        session(
            &format!("s{number}"),
            json!({"started_at": at("12:00:00"), "custom": custom}),
        )
    });
    server.has(&sessions.collect::<Vec<_>>()).await;
    let told = server.tell(LIST, &DAY).await;
    let own = told["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["dimension"].as_str().unwrap());
    let own: Vec<&str> = own.filter(|name| name.starts_with("custom.")).collect();
    assert_eq!(
        (own.len(), own[0], own[499]),
        (500, "custom.everywhere", "custom.k498")
    );
    assert_eq!(told["has_more"], true);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn the_most_frequent_value_is_first_and_what_is_not_known_is_null() {
    let server = server().await;
    eleven(&server).await;
    assert_eq!(
        values(&server, "browser", &[]).await,
        json!([
            ["Chrome", 3],
            ["Edge", 2],
            ["Firefox", 2],
            [null, 2],
            ["Safari", 1]
        ])
    );
    assert_eq!(
        values(&server, "live", &[]).await,
        json!([[null, 8], [true, 2]])
    );
    assert_eq!(
        values(&server, "custom.plan", &[]).await,
        json!([["free", 4], [null, 4], ["7", 2]])
    );
    let chrome = [("filter", "browser:eq:Chrome")];
    assert_eq!(
        values(&server, "live", &chrome).await,
        json!([[true, 2], [null, 1]])
    );
    let ended = values(&server, "browser", &[("time", "ended"), ("q", "opera")]).await;
    assert_eq!(ended, json!([["Opera", 1]]));
    // A key that no session has.
    assert_eq!(
        values(&server, "custom.nobody", &[]).await,
        json!([[null, 10]])
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_part_of_a_value_finds_it_whatever_its_case_and_signs() {
    let server = server().await;
    eleven(&server).await;
    for (part, found) in [
        ("FIRE", json!([["Firefox", 2]])),
        ("r", json!([["Chrome", 3], ["Firefox", 2], ["Safari", 1]])),
        ("%", json!([])),
        ("_", json!([])),
        ("'; DROP TABLE session_summaries; --", json!([])),
        ("\\", json!([])),
    ] {
        assert_eq!(
            values(&server, "browser", &[("q", part)]).await,
            found,
            "{part}"
        );
    }
    assert_eq!(
        values(&server, "live", &[("q", "tr")]).await,
        json!([[true, 2]])
    );
    // A key may hold any sign.
    let path = format!("{LIST}/custom.50%25_off/values");
    let told = server.tell(&path, &DAY).await;
    assert_eq!(told["data"][1], json!({"value": "true", "sessions": 4}));
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn pages_tell_each_value_once_and_keep_the_period() {
    let server = server().await;
    eleven(&server).await;
    let path = format!("{LIST}/browser/values");
    let mut told = server
        .tell(&path, &[&DAY[..], &[("limit", "1")]].concat())
        .await;
    let mut seen = vec![told["data"][0]["value"].clone()];
    while let Some(cursor) = told["next_cursor"].as_str() {
        // The period is the cursor's: that of this question lies elsewhere.
        let asked = [("limit", "1"), ("cursor", cursor), ("last", "1h")];
        told = server.tell(&path, &asked).await;
        seen.push(told["data"][0]["value"].clone());
        assert!(seen.len() < 9, "{seen:?}");
    }
    assert_eq!(
        Value::from(seen),
        json!(["Chrome", "Edge", "Firefox", null, "Safari"])
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn what_cannot_be_asked_of_dimensions_is_told_by_name() {
    use base64::Engine;
    let server = server().await;
    server.refuses(LIST, &[("q", "a")], "q").await;
    for (dimension, parameter, name, advice) in [
        ("browsers", ("q", "a"), "dimension", "did you mean browser?"),
        ("startup_ms", ("q", "a"), "dimension", "no dimension"),
        ("custom.", ("q", "a"), "dimension", "a key of 1 to 200"),
        ("custom.a%00b", ("q", "a"), "dimension", "NUL"),
        ("os", ("limit", "501"), "limit", "1 to 500"),
        ("os", ("limit", "0"), "limit", "1 to 500"),
        ("os", ("query", "a"), "query", "did you mean q?"),
        ("os", ("cursor", "abc"), "cursor", "next_cursor"),
    ] {
        let path = format!("{LIST}/{dimension}/values");
        let detail = server.refuses(&path, &[parameter], name).await;
        assert!(detail.contains(advice), "{parameter:?}: {detail}");
    }
    // Cursors that nobody was given.
    let path = format!("{LIST}/os/values");
    for (cursor, usable) in [
        (json!({"d": "os", "n": 1, "v": "a", "f": 0, "t": 9}), true),
        (
            json!({"d": "os", "n": i64::MIN, "v": null, "f": i64::MIN, "t": i64::MAX}),
            true,
        ),
        (
            json!({"d": "os", "n": 1, "v": "a", "f": -8_000_000_000_000_000_000_i64, "t": 9}),
            true,
        ),
        (
            json!({"d": "os", "n": 1, "v": "a\0", "f": 0, "t": 9}),
            false,
        ),
        (
            json!({"d": "browser", "n": 1, "v": "a", "f": 0, "t": 9}),
            false,
        ),
        (
            json!({"d": "os", "n": 1.5, "v": "a", "f": 0, "t": 9}),
            false,
        ),
        (
            json!({"d": "os", "n": 1, "v": "a", "f": 0, "t": 9, "x": 1}),
            false,
        ),
    ] {
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let text = engine.encode(cursor.to_string());
        if usable {
            server.tell(&path, &[("cursor", &text)]).await;
        } else {
            server.refuses(&path, &[("cursor", &text)], "cursor").await;
        }
    }
    server.application.stop().await.unwrap();
}
