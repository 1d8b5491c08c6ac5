//! `live`: how it is right now, on the command line.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::api::server;
use crate::command::{Ran, Serving, command, run};
use crate::support::{Server, empty_database, until};

/// Three sessions of Chrome, two of them playing, and one of nobody knows what.
async fn watched() -> Server {
    let server = server().await;
    for (session, types) in [
        ("a", &["PLAY"][..]),
        ("b", &["PLAY", "FIRST_FRAME"]),
        ("c", &["PLAY", "FIRST_FRAME"]),
    ] {
        let events = (0..).zip(types).map(|(n, event_type)| {
            json!({"sessionId": session, "eventId": format!("e{n}"), "eventType": event_type,
                "timestamp": 1_795_392_460_000i64 + n, "device": {"browser": "Chrome\u{1b}[31m"}})
        });
        let events: Vec<Value> = events.collect();
        assert_eq!(server.post(&Value::from(events)).await.0, 200);
    }
    let event = json!({"sessionId": "d", "eventId": "e", "eventType": "PLAY", "timestamp": 0});
    assert_eq!(server.post(&event).await.0, 200);
    until("all are counted", async || {
        let live = server.tell("/api/v1/live", &[]).await;
        (live["total"]["sessions"] == 4).then_some(())
    })
    .await;
    server
}

async fn live(server: &Server, arguments: &[&str]) -> Ran {
    let base = server.url("");
    run(
        "nonsense",
        &[&["live", "--server", &base], arguments].concat(),
    )
    .await
}

#[actix_web::test]
async fn json_is_one_line_a_second_with_what_the_server_tells() {
    let server = watched().await;
    let printed = live(
        &server,
        &["--output", "json", "--count", "2", "--group-by", "browser"],
    );
    let printed = printed.await.ended(0);
    let seconds: Vec<Value> = printed
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    assert_eq!(seconds.len(), 2);
    assert_ne!(seconds[0]["time"], seconds[1]["time"]);
    let mut asked = server
        .tell("/api/v1/live", &[("group_by", "browser")])
        .await;
    for told in seconds {
        asked["time"] = told["time"].clone();
        assert_eq!(told, asked);
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn words_and_csv_tell_the_total_or_the_groups() {
    let server = watched().await;
    let words = live(&server, &["--count", "1"]).await.ended(0);
    let (_, words) = words.split_once(' ').unwrap();
    assert_eq!(
        words,
        "sessions=4 watching=4 idle=0 starting=2 playing=2 rebuffering=0 seeking=0 paused=0 \
         ended=0 failed=0 closed=0\n"
    );
    let grouped = ["--count", "1", "--group-by", "browser", "--output", "table"];
    let words = live(&server, &grouped).await.ended(0);
    let second = words.lines().nth(1).unwrap();
    assert!(
        second.starts_with("  browser=\"Chrome\\u001b[31m\" sessions=3 "),
        "{words}"
    );
    let csv = live(
        &server,
        &["--count", "2", "--group-by", "browser", "--output", "csv"],
    )
    .await;
    let csv = csv.ended(0);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines[0],
        "time,browser,sessions,watching,rebuffering_share,idle,starting,playing,rebuffering,\
         seeking,paused,ended,failed,closed"
    );
    assert_eq!(lines.len(), 5, "{csv}");
    assert!(lines[2].ends_with("Z,,1,1,0,0,1,0,0,0,0,0,0,0"), "{csv}");
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn what_is_wrong_is_told_and_a_server_is_wanted() {
    let server = server().await;
    let wrong = live(&server, &["--group-by", "browsr"]).await;
    assert_eq!(
        (wrong.code, wrong.stderr.as_str()),
        (
            Some(1),
            "error: group_by: there is no dimension \"browsr\"; did you mean browser?\n"
        )
    );
    run("", &["live", "--server", "http://127.0.0.1:1"])
        .await
        .failed_saying(&["http://127.0.0.1:1 was not reached", "--server"]);
    let page = server.url("/readyz?");
    run("", &["live", "--server", &page])
        .await
        .failed_saying(&["error: "]);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_server_that_stops_ends_the_lines_with_an_error() {
    let serving = Serving::start(&empty_database(), &[]).await;
    let mut child = command(
        "nonsense",
        &["live", "--output", "json", "--server", &serving.url],
    )
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next_line().await.unwrap().is_some());
    assert_eq!(serving.terminate().await, Some(0));
    while lines.next_line().await.unwrap().is_some() {}
    let ran = Ran::from(child.wait_with_output().await.unwrap());
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (Some(1), "error: the server ended the stream\n")
    );
}

#[actix_web::test]
async fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let server = server().await;
    let base = server.url("");
    let mut child = command("nonsense", &["live", "--server", &base])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next_line().await.unwrap().is_some());
    drop(lines);
    let ran = Ran::from(child.wait_with_output().await.unwrap());
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(141), ""));
    server.application.stop().await.unwrap();
}
