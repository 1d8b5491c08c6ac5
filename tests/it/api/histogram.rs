//! `GET /api/v1/metrics/{m}/histogram`: every session stands in exactly one place.

use serde_json::{Value, json};

use super::{DAY, at, server, session};
use crate::support::Server;

/// Ten sessions of the day: startup 100 to 900 ms by hundreds, and one without; and one of the day
/// before.
async fn eleven(server: &Server) {
    let mut sessions: Vec<Value> = (1..=9)
        .map(|number| {
            session(
                &format!("s{number}"),
                json!({"started_at": at("12:00:00"), "last_event_at": at("12:05:00"),
                    "startup_ms": number * 100, "playing_ms": 10_000 - number * 1000,
                    "rebuffer_ms": number * 1000,
                    "browser": if number < 4 { "Chrome" } else { "Firefox" }}),
            )
        })
        .collect();
    sessions.push(session(
        "none",
        json!({"started_at": at("13:00:00"), "last_event_at": at("13:00:00")}),
    ));
    sessions.push(session(
        "before",
        json!({"started_at": "2026-11-22T12:00:00Z", "last_event_at": at("00:30:00"), "startup_ms": 5}),
    ));
    server.has(&sessions).await;
}

async fn histogram(server: &Server, metric: &str, asked: &[(&str, &str)]) -> Value {
    let path = format!("/api/v1/metrics/{metric}/histogram");
    let told = server.tell(&path, &[&DAY[..], asked].concat()).await;
    let buckets = told["buckets"].as_array().unwrap();
    let inside: i64 = buckets.iter().map(|it| it["count"].as_i64().unwrap()).sum();
    let outside = told["below"].as_i64().unwrap() + told["above"].as_i64().unwrap();
    assert_eq!(told["n"], inside + outside, "{told}");
    for pair in buckets.windows(2) {
        assert_eq!(pair[0]["to"], pair[1]["from"], "{told}");
    }
    told
}

fn counts(told: &Value) -> Vec<i64> {
    let buckets = told["buckets"].as_array().unwrap().iter();
    buckets.map(|it| it["count"].as_i64().unwrap()).collect()
}

#[actix_web::test]
async fn a_bucket_has_its_beginning_and_not_its_end() {
    let server = server().await;
    eleven(&server).await;
    let asked = [("min", "200"), ("max", "800"), ("buckets", "6")];
    let told = histogram(&server, "startup_ms", &asked).await;
    assert_eq!(
        told,
        json!({
            "from": "2026-11-23T00:00:00Z", "to": "2026-11-24T00:00:00Z",
            "metric": "startup_ms", "unit": "ms", "scale": "linear",
            "n": 9, "unknown": 1, "min": 100, "max": 900, "mean": 500,
            // Of nine values the ranks are 4, 6, 7.2, 7.6 and 7.92.
            "p50": 500, "p75": 700, "p90": 820, "p95": 860, "p99": 892,
            "buckets": [
                {"from": 200, "to": 300, "count": 1}, {"from": 300, "to": 400, "count": 1},
                {"from": 400, "to": 500, "count": 1}, {"from": 500, "to": 600, "count": 1},
                {"from": 600, "to": 700, "count": 1}, {"from": 700, "to": 800, "count": 1},
            ],
            "below": 1, "above": 2,
        })
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn without_bounds_the_axis_is_round_and_holds_every_value() {
    let server = server().await;
    eleven(&server).await;
    let told = histogram(&server, "startup_ms", &[("buckets", "5")]).await;
    assert_eq!(counts(&told), [1, 2, 2, 2, 2]);
    assert_eq!(
        told["buckets"][0],
        json!({"from": 0, "to": 200, "count": 1})
    );
    assert_eq!((&told["below"], &told["above"]), (&json!(0), &json!(0)));

    let chrome = [("filter", "browser:eq:Chrome")];
    let told = histogram(&server, "startup_ms", &chrome).await;
    assert_eq!((&told["n"], &told["unknown"]), (&json!(3), &json!(0)));
    // By the last event there is one more session in this day, and it started in 5 ms.
    let told = histogram(&server, "startup_ms", &[("time", "ended")]).await;
    assert_eq!((&told["n"], &told["min"]), (&json!(10), &json!(5)));
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn of_a_ratio_each_session_has_its_own_and_there_is_no_mean() {
    let server = server().await;
    eleven(&server).await;
    let asked = [("min", "0"), ("max", "1"), ("buckets", "10")];
    let told = histogram(&server, "rebuffer_ratio", &asked).await;
    // 0.1 to 0.9, each at the beginning of its bucket; the session that never played has none.
    assert_eq!(counts(&told), [0, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    assert_eq!(told["buckets"][3]["from"], 0.3);
    assert_eq!((&told["unknown"], &told["mean"]), (&json!(1), &Value::Null));
    assert_eq!((&told["p50"], &told["unit"]), (&json!(0.5), &json!("0-1")));
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_logarithmic_axis_counts_zero_below_it() {
    let server = server().await;
    let stalled = |id: &str, count: i64| {
        session(
            id,
            json!({"started_at": at("12:00:00"), "rebuffer_count": count}),
        )
    };
    let all = [("a", 0), ("b", 0), ("c", 1), ("d", 2), ("e", 2), ("f", 9)];
    server.has(&all.map(|(id, count)| stalled(id, count))).await;
    let told = histogram(&server, "rebuffer_count", &[("scale", "log")]).await;
    assert_eq!((&told["below"], &told["above"]), (&json!(2), &json!(0)));
    assert_eq!(counts(&told), [1, 2, 0, 0, 0, 0, 0, 0, 1]);
    // Nothing is above 0: there is no such axis, and all are below it.
    let zero = [("scale", "log"), ("filter", "rebuffer_count:eq:0")];
    let told = histogram(&server, "rebuffer_count", &zero).await;
    assert_eq!((&told["buckets"], &told["below"]), (&json!([]), &json!(2)));
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn of_no_session_nothing_is_told_but_the_axis_that_was_asked_for() {
    let server = server().await;
    let told = histogram(&server, "avg_bitrate_kbps", &[]).await;
    for what in ["min", "max", "mean", "p50", "p99"] {
        assert_eq!(told[what], Value::Null, "{what}");
    }
    assert_eq!((&told["n"], &told["buckets"]), (&json!(0), &json!([])));
    let told = histogram(&server, "avg_bitrate_kbps", &[("min", "0"), ("max", "100")]).await;
    assert_eq!(counts(&told), [0; 40]);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn percentiles_are_those_of_the_figures_and_every_metric_of_a_session_has_a_histogram() {
    let server = server().await;
    eleven(&server).await;
    let dictionary = server.tell("/api/v1/metrics", &[]).await;
    let mut histograms = 0;
    for entry in dictionary["data"].as_array().unwrap() {
        let metric = entry["metric"].as_str().unwrap();
        let aggregations = entry["aggregations"].as_array().unwrap();
        if !aggregations.contains(&json!("p95")) {
            let path = format!("/api/v1/metrics/{metric}/histogram");
            let detail = server.refuses(&path, &[], "metric").await;
            assert!(detail.contains("startup_ms"), "{detail}");
            continue;
        }
        histograms += 1;
        let told = histogram(&server, metric, &[]).await;
        let key = format!("{metric}:p95");
        let asked = [&DAY[..], &[("metric", key.as_str())]].concat();
        let figures = server.tell("/api/v1/metrics/query", &asked).await;
        let figure = &figures["total"]["values"][&key];
        assert_eq!(
            (&told["p95"], &told["n"]),
            (&figure["value"], &figure["n"]),
            "{metric}"
        );
    }
    assert!(histograms > 30);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn what_no_histogram_can_be_is_told_by_name() {
    let server = server().await;
    for (metric, parameter, name, advice) in [
        (
            "startup",
            ("buckets", "40"),
            "metric",
            "did you mean startup_ms?",
        ),
        (
            "startup_ms:p95",
            ("buckets", "40"),
            "metric",
            "did you mean startup_ms?",
        ),
        (
            "vsf",
            ("buckets", "40"),
            "metric",
            "metrics/query?metric=vsf",
        ),
        ("startup_ms", ("buckets", "4"), "buckets", "5 to 200"),
        ("startup_ms", ("buckets", "201"), "buckets", "5 to 200"),
        (
            "startup_ms",
            ("bucket", "40"),
            "bucket",
            "did you mean buckets?",
        ),
        ("startup_ms", ("min", "NaN"), "min", "a number from"),
        ("startup_ms", ("min", "-inf"), "min", "a number from"),
        ("startup_ms", ("max", "1e16"), "max", "a number from"),
        ("startup_ms", ("scale", "sqrt"), "scale", "linear, log"),
        ("startup_ms", ("filter", "browsr:eq:x"), "filter", "browser"),
    ] {
        let path = format!("/api/v1/metrics/{metric}/histogram");
        let detail = server.refuses(&path, &[parameter], name).await;
        assert!(detail.contains(advice), "{parameter:?}: {detail}");
    }
    let path = "/api/v1/metrics/startup_ms/histogram";
    for (parameters, name) in [
        (vec![("min", "5"), ("max", "5")], "min"),
        (vec![("min", "0"), ("scale", "log")], "min"),
        (vec![("max", "-1"), ("scale", "log")], "max"),
    ] {
        server.refuses(path, &parameters, name).await;
    }
    server.application.stop().await.unwrap();
}
