//! `GET /api/v1/metrics/query`: figures over many sessions, worked out on paper.

use serde_json::{Value, json};

use super::{DAY, at, server, session};
use crate::support::Server;

const QUERY: &str = "/api/v1/metrics/query";

/// Two sessions of Chrome and two of Firefox, one that never asked to play, and one of the day before.
async fn six(server: &Server) {
    let begun = |id: &str, time: Value, columns: Value| {
        let mut columns = columns;
        columns["started_at"] = time.clone();
        columns["last_event_at"] = time;
        session(id, columns)
    };
    let before = json!("2026-11-22T01:10:00Z");
    server
        .has(&[
            begun(
                "a",
                at("01:10:00"),
                json!({"browser": "Chrome", "os": "mac", "viewer_id": "v1",
                "startup_ms": 1000, "playing_ms": 9000, "rebuffer_ms": 1000, "live": true}),
            ),
            begun(
                "b",
                at("01:50:00"),
                json!({"browser": "Chrome", "os": "win", "viewer_id": "v1",
                "startup_ms": 3000, "playing_ms": 30000, "rebuffer_ms": 0, "live": false,
                "custom": {"cdn": "x"}}),
            ),
            begun(
                "c",
                at("02:10:00"),
                json!({"browser": "Firefox", "os": "win", "viewer_id": "v2",
                "startup_ms": 2000, "playing_ms": 8000, "rebuffer_ms": 2000, "vpf": true,
                "custom": {"cdn": "y"}}),
            ),
            begun(
                "d",
                at("02:20:00"),
                json!({"browser": "Firefox", "os": "win", "viewer_id": "v3",
                "ebvs": true, "no_start_ms": 5000, "experience_score": 40.0}),
            ),
            begun(
                "e",
                before,
                json!({"browser": "Chrome", "os": "mac", "viewer_id": "v1",
                "startup_ms": 500, "playing_ms": 10000, "rebuffer_ms": 0}),
            ),
            begun("f", at("23:00:00"), json!({"vsf": true})),
        ])
        .await;
}

/// Asks for the day's figures.
async fn day(server: &Server, asked: &[(&str, &str)]) -> Value {
    server.tell(QUERY, &[&DAY[..], asked].concat()).await
}

/// Checks a value to the last digit but rounding, and its n.
#[track_caller]
fn is(figure: &Value, value: f64, n: i64) {
    let told = figure["value"].as_f64().unwrap();
    assert!((told - value).abs() < 1e-9, "{told} is not {value}");
    assert_eq!(figure["n"], n, "{figure}");
}

#[actix_web::test]
async fn each_metric_is_over_the_sessions_it_is_about() {
    let server = server().await;
    six(&server).await;
    for (metric, value, n) in [
        ("sessions", 5.0, 5),
        ("attempts", 4.0, 4),
        ("starts", 3.0, 3),
        ("viewers", 3.0, 4),
        // 1000, 2000, 3000.
        ("startup_ms", 2000.0, 3),
        ("startup_ms:p95", 2900.0, 3),
        ("startup_ms:avg", 2000.0, 3),
        ("startup_ms:min", 1000.0, 3),
        ("startup_ms:max", 3000.0, 3),
        ("playing_ms", 47_000.0, 5),
        ("playing_ms:avg", 9400.0, 5),
        // 3000 of 50 000; the mean of the ratios would be 0.1.
        ("rebuffer_ratio", 0.06, 3),
        // 0, 0.1, 0.2.
        ("rebuffer_ratio:p50", 0.1, 3),
        ("vpf", 1.0 / 3.0, 3),
        ("ebvs", 0.25, 4),
        ("ebvs:count", 1.0, 4),
        // It failed, but nobody had asked it to play.
        ("vsf", 0.0, 4),
        ("failures", 0.25, 4),
        ("experience_score", 40.0, 1),
    ] {
        let told = day(&server, &[("metric", metric)]).await;
        is(&told["total"]["values"][metric], value, n);
        is(&told["data"][0]["values"][metric], value, n);
    }
    let nothing = day(
        &server,
        &[
            ("metric", "avg_bitrate_kbps,avg_fps,startup_ms:p75"),
            ("filter", "os:eq:tv"),
        ],
    )
    .await;
    for key in ["avg_bitrate_kbps", "avg_fps", "startup_ms:p75"] {
        assert_eq!(
            nothing["total"]["values"][key],
            json!({"value": null, "n": 0})
        );
    }
    assert_eq!(
        (&nothing["data"], &nothing["groups"]),
        (&json!([]), &json!(0))
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn groups_stand_in_order_with_what_they_add_on_the_bad_side() {
    let server = server().await;
    six(&server).await;
    let told = day(
        &server,
        &[
            ("metric", "rebuffer_ratio"),
            ("metric", "sessions"),
            ("group_by", "browser"),
            ("compare", "previous"),
        ],
    )
    .await;
    let groups: Vec<&Value> = told["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["group"]["browser"])
        .collect();
    assert_eq!(groups, [&json!("Firefox"), &json!("Chrome"), &Value::Null]);
    let chrome = &told["data"][1]["values"];
    is(&chrome["rebuffer_ratio"], 0.025, 2);
    is(&chrome["rebuffer_ratio"]["previous"], 0.0, 1);
    let number = |value: &Value| (value.as_f64().unwrap() * 1e9).round() / 1e9;
    assert_eq!(
        number(&chrome["rebuffer_ratio"]["delta"]).to_bits(),
        0.025f64.to_bits()
    );
    // (0.025 - 0.06) of 40 000 of 50 000 ms, and (0.2 - 0.06) of 10 000.
    assert_eq!(
        number(&chrome["rebuffer_ratio"]["negative_impact"]).to_bits(),
        (-0.028f64).to_bits()
    );
    let firefox = &told["data"][0]["values"]["rebuffer_ratio"];
    assert_eq!(
        number(&firefox["negative_impact"]).to_bits(),
        0.028f64.to_bits()
    );
    assert_eq!(firefox["previous"], json!({"value": null, "n": 0}));
    assert_eq!(firefox["delta"], Value::Null);
    assert_eq!(chrome["sessions"]["delta"], 1);
    assert_eq!(
        told["compared_with"],
        json!({"from": "2026-11-22T00:00:00Z", "to": "2026-11-23T00:00:00Z"})
    );

    let asked = [
        ("metric", "rebuffer_ratio"),
        ("group_by", "browser"),
        ("order", "impact:rebuffer_ratio"),
        ("limit", "1"),
    ];
    let least = day(&server, &asked).await;
    assert_eq!(least["data"][0]["group"], json!({"browser": "Chrome"}));
    assert_eq!(
        (&least["groups"], &least["has_more"]),
        (&json!(3), &json!(true))
    );
    is(&least["total"]["values"]["rebuffer_ratio"], 0.06, 3);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn two_dimensions_may_be_a_site_s_own_or_true_and_false() {
    let server = server().await;
    six(&server).await;
    let asked = [
        ("metric", "sessions"),
        ("group_by", "custom.cdn,live"),
        ("order", "sessions"),
    ];
    let told = day(&server, &asked).await;
    let groups: Vec<(Value, i64)> = told["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (
                it["group"].clone(),
                it["values"]["sessions"]["value"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        groups,
        [
            (json!({"custom.cdn": null, "live": true}), 1),
            (json!({"custom.cdn": "x", "live": false}), 1),
            (json!({"custom.cdn": "y", "live": null}), 1),
            (json!({"custom.cdn": null, "live": null}), 2),
        ]
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_series_has_every_stretch_and_each_percentile_is_exact_again() {
    let server = server().await;
    six(&server).await;
    let asked = [
        ("metric", "startup_ms:p50"),
        ("metric", "sessions"),
        ("interval", "1h"),
        ("group_by", "os"),
        ("from", "2026-11-23T00:30:00Z"),
        ("to", "2026-11-23T04:00:00Z"),
    ];
    let told = server.tell(QUERY, &asked).await;
    let series = told["total"]["series"].as_array().unwrap();
    let times: Vec<&str> = series
        .iter()
        .map(|it| it["time"].as_str().unwrap())
        .collect();
    assert_eq!(
        times,
        [
            "2026-11-23T00:00:00Z",
            "2026-11-23T01:00:00Z",
            "2026-11-23T02:00:00Z",
            "2026-11-23T03:00:00Z"
        ]
    );
    is(&series[1]["values"]["startup_ms:p50"], 2000.0, 2);
    is(&series[2]["values"]["sessions"], 2.0, 2);
    assert_eq!(series[3]["values"]["sessions"], json!({"value": 0, "n": 0}));
    assert_eq!(told["data"][0]["group"], json!({"os": "win"}));
    is(&told["data"][0]["values"]["startup_ms:p50"], 2500.0, 2);
    is(
        &told["data"][0]["series"][1]["values"]["startup_ms:p50"],
        3000.0,
        1,
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn days_are_those_of_the_time_zone() {
    let server = server().await;
    six(&server).await;
    // Berlin is an hour ahead: its 24 November begins at 23:00 UTC, when the last session begins.
    let asked = [
        ("metric", "sessions"),
        ("interval", "1d"),
        ("timezone", "Europe/Berlin"),
    ];
    let told = day(&server, &asked).await;
    let series = &told["total"]["series"];
    let stretch = |at: usize| {
        (
            &series[at]["time"],
            &series[at]["values"]["sessions"]["value"],
        )
    };
    assert_eq!(series.as_array().unwrap().len(), 2);
    assert_eq!(stretch(0), (&json!("2026-11-22T23:00:00Z"), &json!(4)));
    assert_eq!(stretch(1), (&json!("2026-11-23T23:00:00Z"), &json!(1)));
    // The day on which clocks go back has 25 hours.
    let autumn = [
        ("metric", "sessions"),
        ("interval", "1d"),
        ("timezone", "Europe/Berlin"),
        ("from", "2026-10-24T22:00:00Z"),
        ("to", "2026-10-26T23:00:00Z"),
    ];
    let told = server.tell(QUERY, &autumn).await;
    let times: Vec<&Value> = told["total"]["series"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["time"])
        .collect();
    assert_eq!(
        times,
        [
            &json!("2026-10-24T22:00:00Z"),
            &json!("2026-10-25T23:00:00Z")
        ]
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn every_metric_answers_with_every_aggregation_that_the_dictionary_names() {
    let server = server().await;
    six(&server).await;
    let dictionary = server.tell("/api/v1/metrics", &[]).await;
    let entries = dictionary["data"].as_array().unwrap();
    assert!(entries.len() > 40);
    let mut asked = Vec::new();
    for entry in entries {
        let aggregations = entry["aggregations"].as_array().unwrap();
        assert!(
            aggregations.contains(&entry["default_aggregation"]),
            "{entry}"
        );
        for aggregation in aggregations {
            asked.push(format!(
                "{}:{}",
                entry["metric"].as_str().unwrap(),
                aggregation.as_str().unwrap()
            ));
        }
    }
    for some in asked.chunks(10) {
        let told = day(
            &server,
            &[
                ("metric", &some.join(",")),
                ("group_by", "browser"),
                ("interval", "1h"),
            ],
        )
        .await;
        for key in some {
            assert!(told["total"]["values"][key]["n"].is_i64(), "{key}");
        }
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn what_cannot_be_asked_of_figures_is_told_by_name() {
    let server = server().await;
    for (parameters, name, advice) in [
        (vec![], "metric", "metric=startup_ms:p95"),
        (
            vec![("metric", "startup")],
            "metric",
            "did you mean startup_ms?",
        ),
        (
            vec![("metric", "startup_ms:p96")],
            "metric",
            "did you mean p99?",
        ),
        (vec![("metric", "rebuffer_ratio:avg")], "metric", "ratio"),
        (
            vec![("metric", "sessions"), ("metric", "sessions")],
            "metric",
            "twice",
        ),
        (
            vec![("metric", "sessions"), ("group_by", "browsers")],
            "group_by",
            "did you mean browser?",
        ),
        (
            vec![("metric", "sessions"), ("group_by", "startup_ms")],
            "group_by",
            "no dimension",
        ),
        (
            vec![("metric", "sessions"), ("group_by", "os,os")],
            "group_by",
            "differ",
        ),
        (
            vec![("metric", "sessions"), ("group_by", "os,browser,live")],
            "group_by",
            "at most 2",
        ),
        (
            vec![("metric", "sessions"), ("interval", "2h")],
            "interval",
            "1h",
        ),
        (
            vec![("metric", "sessions"), ("interval", "1m"), ("last", "30d")],
            "interval",
            "at most 5000",
        ),
        (
            vec![
                ("metric", "sessions"),
                ("interval", "1d"),
                ("timezone", "Berlin"),
            ],
            "timezone",
            "Europe/Berlin",
        ),
        (
            vec![("metric", "sessions"), ("compare", "next")],
            "compare",
            "previous",
        ),
        (
            vec![("metric", "sessions"), ("order", "-starts")],
            "order",
            "sessions",
        ),
    ] {
        let detail = server.refuses(QUERY, &parameters, name).await;
        assert!(detail.contains(advice), "{parameters:?}: {detail}");
    }
    server.application.stop().await.unwrap();
}
