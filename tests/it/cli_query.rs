//! `query`: figures over many sessions, on the command line.

use serde_json::json;

use crate::api::{at, session};
use crate::cli_ask::{both, json_of, refused};
use crate::command::run;
use crate::support::{Server, server};

/// Two browsers on two hours of the day, and one session the day before.
async fn two_hours(server: &Server) {
    server
        .has(&[
            session(
                "a",
                json!({"browser": "Chrome", "startup_ms": 400, "started_at": at("01:10:00"),
                    "playing_ms": 900, "rebuffer_ms": 100}),
            ),
            session(
                "b",
                json!({"browser": "Chrome", "startup_ms": 800, "started_at": at("02:20:00"),
                    "playing_ms": 500, "rebuffer_ms": 500}),
            ),
            session(
                "c",
                json!({"browser": "Edge\u{1b}[31m", "started_at": at("02:30:00"),
                    "playing_ms": 1000, "rebuffer_ms": 0}),
            ),
            session(
                "d",
                json!({"startup_ms": 500, "started_at": "2026-11-22T12:00:00Z"}),
            ),
        ])
        .await;
}

const DAY: [&str; 4] = [
    "--from",
    "2026-11-23T00:00:00Z",
    "--to",
    "2026-11-24T00:00:00Z",
];

#[actix_web::test]
async fn a_query_prints_what_the_api_answers_whomever_it_is_asked_of() {
    let server = server().await;
    two_hours(&server).await;
    let arguments = [
        "query",
        "--metric",
        "startup_ms:p50",
        "--metric",
        "rebuffer_ratio",
    ];
    let more = [
        "--group-by",
        "browser",
        "--interval",
        "1h",
        "--order",
        "-startup_ms:p50",
    ];
    let json = [&arguments[..], &more, &DAY, &["--output", "json"]].concat();
    let printed = json_of(&both(&server, &json).await);
    let asked = [
        ("metric", "startup_ms:p50"),
        ("metric", "rebuffer_ratio"),
        ("group_by", "browser"),
        ("interval", "1h"),
        ("order", "-startup_ms:p50"),
        ("from", "2026-11-23T00:00:00Z"),
        ("to", "2026-11-24T00:00:00Z"),
    ];
    assert_eq!(printed, server.tell("/api/v1/metrics/query", &asked).await);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_query_is_a_table_of_groups_with_a_total() {
    let server = server().await;
    two_hours(&server).await;
    let arguments = [
        "query",
        "--metric",
        "startup_ms:p50",
        "--metric",
        "rebuffer_ratio",
    ];
    let table = [
        &arguments[..],
        &["--group-by", "browser", "--output", "table"],
        &DAY,
    ]
    .concat();
    let printed = both(&server, &table).await;
    let cells = |line: &str| -> Vec<String> {
        line.split("  ")
            .map(str::trim)
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let lines: Vec<Vec<String>> = printed.lines().map(cells).collect();
    assert_eq!(
        lines[0],
        [
            "browser",
            "startup_ms:p50 (ms)",
            "n",
            "rebuffer_ratio (0-1)",
            "n"
        ]
    );
    // (100 + 500) ÷ 2000 of Chrome, and of all 600 ÷ 3000.
    assert_eq!(lines[2], ["Chrome", "600", "2", "0.3000", "2"]);
    assert_eq!(lines[3], ["Edge\\u{1b}[31m", "-", "0", "0", "1"]);
    assert_eq!(lines[4], ["total", "600", "2", "0.2000", "3"]);
    assert!(
        printed.ends_with("2026-11-23 00:00 to 2026-11-24 00:00 UTC\n"),
        "{printed}"
    );

    let compared = [
        "--metric",
        "sessions",
        "--compare",
        "previous",
        "--interval",
        "12h",
    ];
    let all = [&["query", "--output", "table"][..], &compared, &DAY].concat();
    let printed = both(&server, &all).await;
    let lines: Vec<Vec<String>> = printed.lines().map(cells).collect();
    assert_eq!(lines[0], ["sessions", "change", "over time", "n"]);
    assert_eq!(lines[2], ["3", "+2", "█▁", "3"]);
    assert!(
        printed.contains("since 2026-11-22 00:00 to 2026-11-23 00:00"),
        "{printed}"
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_query_is_csv_of_groups_or_of_groups_over_time() {
    let server = server().await;
    two_hours(&server).await;
    let csv = async |more: &[&str]| {
        let arguments = ["query", "--metric", "rebuffer_ratio", "--output", "csv"];
        both(&server, &[&arguments[..], &DAY, more].concat()).await
    };
    assert_eq!(csv(&[]).await, "rebuffer_ratio,rebuffer_ratio n\n0.2,3\n");
    let edge = ["--filter", "browser:contains:edge"];
    assert_eq!(csv(&edge).await, "rebuffer_ratio,rebuffer_ratio n\n0,1\n");
    let grouped = csv(&["--group-by", "browser", "--compare", "previous"]).await;
    let lines: Vec<&str> = grouped.lines().collect();
    assert_eq!(
        lines[0],
        "browser,rebuffer_ratio,rebuffer_ratio n,rebuffer_ratio previous,\
         rebuffer_ratio previous n,rebuffer_ratio delta,rebuffer_ratio negative_impact"
    );
    // Of Chrome: (0.3 - 0.2) * 2000 / 3000.
    let chrome: Vec<&str> = lines[1].split(',').collect();
    assert_eq!(chrome[..6], ["Chrome", "0.3", "2", "", "0", ""]);
    assert!((chrome[6].parse::<f64>().unwrap() - 0.2 / 3.0).abs() < 1e-9);
    let over_time = csv(&["--group-by", "browser", "--interval", "12h", "--limit", "1"]).await;
    assert_eq!(
        over_time,
        "browser,time,rebuffer_ratio,rebuffer_ratio n\n\
         Chrome,2026-11-23T00:00:00Z,0.3,2\n\
         Chrome,2026-11-23T12:00:00Z,,0\n"
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_query_that_makes_no_sense_is_refused_in_the_same_words() {
    let server = server().await;
    for (arguments, complaint) in [
        (
            &["--metric", "startup"][..],
            "metric: there is no metric \"startup\"; did you mean startup_ms?",
        ),
        (
            &["--metric", "sessions", "--group-by", "browsr"],
            "group_by: there is no dimension \"browsr\"; did you mean browser?",
        ),
        (
            &[
                "--metric",
                "sessions",
                "--interval",
                "1d",
                "--timezone",
                "Mars",
            ],
            "timezone: it must be a name like Europe/Berlin or America/New_York",
        ),
    ] {
        refused(&server, &[&["query"], arguments].concat(), complaint).await;
    }
    for usage in [
        &["query"][..],
        &["query", "--metric", "sessions", "--limit", "501"],
        &[
            "query", "--metric", "sessions", "--last", "1h", "--from", "0",
        ],
    ] {
        assert_eq!(run("", usage).await.code, Some(2), "{usage:?}");
    }
    server.application.stop().await.unwrap();
}
