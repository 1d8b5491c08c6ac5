//! The commands that ask: a server and the database tell the same, and refuse the same.

use serde_json::{Value, json};

use crate::api::{at, session};
use crate::command::{Ran, command, run};
use crate::support::{Server, server};

/// Runs a command against the server and against its database; both must print the same.
async fn both(server: &Server, arguments: &[&str]) -> String {
    let of_database = run(&server.database.url, arguments).await.ended(0);
    let of_server = of_server(server, arguments).await.ended(0);
    assert_eq!(of_server, of_database, "{arguments:?}");
    of_database
}

async fn of_server(server: &Server, arguments: &[&str]) -> Ran {
    let base = server.url("");
    run("nonsense", &[arguments, &["--server", &base]].concat()).await
}

/// Checks that a command is refused in these words, whomever it asks.
async fn refused(server: &Server, arguments: &[&str], complaint: &str) {
    for ran in [
        run(&server.database.url, arguments).await,
        of_server(server, arguments).await,
    ] {
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
        assert_eq!(ran.stderr, format!("error: {complaint}\n"));
    }
}

fn json_of(printed: &str) -> Value {
    serde_json::from_str(printed).expect(printed)
}

fn ids(printed: &str) -> Vec<String> {
    let rows = json_of(printed);
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row["session_id"].as_str().unwrap().to_owned())
        .collect()
}

#[actix_web::test]
async fn a_list_is_filtered_and_sorted_whomever_it_is_asked_of() {
    let server = server().await;
    server
        .has(&[
            session(
                "a",
                json!({"browser": "Chrome", "startup_ms": 900, "started_at": at("01:00:00")}),
            ),
            session(
                "b",
                json!({"browser": "Firefox", "startup_ms": 400, "started_at": at("02:00:00")}),
            ),
            session(
                "c",
                json!({"browser": "Chrome", "started_at": at("03:00:00")}),
            ),
            session(
                "d",
                json!({"browser": "Chrome", "startup_ms": 1500, "started_at": at("04:00:00")}),
            ),
        ])
        .await;
    let list = async |more: &[&str]| {
        let arguments = [&["sessions", "list", "--output", "json"], more].concat();
        ids(&both(&server, &arguments).await)
    };
    assert_eq!(list(&[]).await, ["d", "c", "b", "a"], "the newest first");
    let chrome = ["--filter", "browser:eq:Chrome", "--sort", "-startup_ms"];
    assert_eq!(list(&chrome).await, ["d", "a", "c"]);
    let two = [
        "--filter",
        "browser:eq:Chrome",
        "--filter",
        "startup_ms:lt:1000",
    ];
    assert_eq!(list(&two).await, ["a"]);
    let period = [
        "--from",
        "2026-11-23T02:00:00Z",
        "--to",
        "2026-11-23T04:00:00Z",
    ];
    assert_eq!(list(&period).await, ["c", "b"]);
    let nothing = ["--to", "2026-11-23T01:00:00Z", "--last", "2h"];
    assert_eq!(list(&nothing).await, [""; 0]);
    for output in ["csv", "table"] {
        let printed = both(&server, &["sessions", "list", "--output", output]).await;
        assert!(
            printed.contains("Firefox") || output == "table",
            "{printed}"
        );
    }
    let by_browser = ["sessions", "list", "--sort", "browser", "--output", "table"];
    let table = both(&server, &by_browser).await;
    assert!(
        table.contains("Firefox"),
        "what it is sorted by is shown: {table}"
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_long_list_is_walked_page_by_page_and_ends_where_it_is_told_to() {
    let server = server().await;
    let sessions: Vec<Value> = (0..1203)
        .map(|n| session(&format!("s{n:04}"), json!({"started_at": at("01:00:00")})))
        .collect();
    server.has(&sessions).await;
    let list = async |limit| {
        let arguments = ["sessions", "list", "--sort", "session_id", "--limit", limit];
        ids(&both(&server, &[&arguments[..], &["--output", "json"]].concat()).await)
    };
    for (limit, expected) in [("499", 499), ("500", 500), ("501", 501), ("5000", 1203)] {
        let ids = list(limit).await;
        let wanted = (0..expected).map(|n| format!("s{n:04}"));
        assert!(
            ids.iter().cloned().eq(wanted),
            "{limit}: {} sessions",
            ids.len()
        );
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_session_is_shown_whomever_it_is_asked_of() {
    let server = server().await;
    let id = "a/b c?ü%\"";
    server
        .has(&[session(id, json!({"browser": "Chrome"}))])
        .await;
    let shown = json_of(&both(&server, &["sessions", "show", id, "--output", "json"]).await);
    assert_eq!(
        (&shown["session_id"], &shown["browser"], &shown["status"]),
        (&json!(id), &json!("Chrome"), &json!("finished"))
    );
    let missing = of_server(&server, &["sessions", "show", "nobody"]).await;
    missing.failed_saying(&["error: no figures are known of a session of this id"]);
    of_server(&server, &["sessions", "show", ".."])
        .await
        .failed_saying(&["cannot name"]);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn what_is_wrong_is_told_in_the_same_words_whomever_it_is_asked_of() {
    let server = server().await;
    for (arguments, complaint) in [
        (
            &["sessions", "list", "--filter", "browsr:eq:Chrome"][..],
            "filter: there is no field \"browsr\"; did you mean browser?",
        ),
        (
            &["sessions", "list", "--sort=-startup"],
            "sort: there is no field \"startup\"; did you mean startup_ms?",
        ),
        (
            &["sessions", "list", "--last", "7"],
            "last: it takes 30m, 24h, 7d or 2w, up to 3660d, not \"7\"",
        ),
    ] {
        refused(&server, arguments, complaint).await;
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn live_sessions_are_told_by_a_server_and_by_no_database() {
    let server = crate::api::server().await;
    let event = json!({"sessionId": "s", "eventId": "e", "eventType": "PLAY",
        "timestamp": 1_795_392_460_000i64});
    assert_eq!(server.post(&event).await.0, 200);
    let arguments = ["sessions", "list", "--status", "live", "--output", "json"];
    let printed = of_server(&server, &arguments).await.ended(0);
    assert_eq!(ids(&printed), ["s"]);
    assert_eq!(json_of(&printed)[0]["status"], "live");
    run(&server.database.url, &arguments)
        .await
        .failed_saying(&["only a server knows", "--server"]);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn the_server_may_be_named_by_variables_and_its_key_is_shown_to_it_alone() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut child = command("nonsense", &["sessions", "list", "--output", "json"]);
    child
        .env("TELEMETRY_SERVER", format!("http://{address}/below/"))
        .env("TELEMETRY_KEY", "secret-key");
    let ran = tokio::spawn(async move { Ran::from(child.output().await.unwrap()) });
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut request = vec![0; 4096];
    let length = socket.read(&mut request).await.unwrap();
    let request = String::from_utf8_lossy(&request[..length]).to_lowercase();
    assert!(
        request.starts_with("get /below/api/v1/sessions?from=0&"),
        "{request}"
    );
    assert!(
        request.contains("authorization: bearer secret-key\r\n"),
        "{request}"
    );
    let problem = r#"{"detail":"the key is \u001b[31mrevoked"}"#;
    let answer = format!(
        "HTTP/1.1 403 Forbidden\r\ncontent-length: {}\r\n\r\n{problem}",
        problem.len()
    );
    socket.write_all(answer.as_bytes()).await.unwrap();
    let ran = ran.await.unwrap();
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.stderr, "error: the key is \\u{1b}[31mrevoked\n");
    // An empty variable is none: the database is asked.
    let mut child = command("nonsense", &["sessions", "list"]);
    child.env("TELEMETRY_SERVER", "");
    let ran = Ran::from(child.output().await.unwrap());
    assert!(
        ran.stderr.contains("invalid connection string"),
        "{}",
        ran.stderr
    );
    let help = run("", &["sessions", "list", "--help"]).await.ended(0);
    assert!(
        help.contains("TELEMETRY_KEY") && !help.contains("secret"),
        "{help}"
    );
}

#[actix_web::test]
async fn a_server_that_is_not_there_or_is_none_is_told_as_that() {
    let server = server().await;
    let list = ["sessions", "list", "--server"];
    let asked = async |url: &str| run("", &[&list[..], &[url]].concat()).await;
    asked("http://127.0.0.1:1")
        .await
        .failed_saying(&["http://127.0.0.1:1 was not reached"]);
    asked(&server.url("/demo"))
        .await
        .failed_saying(&["there is nothing at /demo/api/v1/sessions"]);
    for wrong in ["127.0.0.1:3000", "https://example.com", "ftp://h"] {
        let ran = asked(wrong).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{wrong}");
    }
    let project = run(
        "",
        &[
            "sessions",
            "list",
            "--project",
            "x",
            "--server",
            &server.url(""),
        ],
    )
    .await;
    assert_eq!(project.code, Some(2), "a server tells of its own project");
    server.application.stop().await.unwrap();
}

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
