//! `export`: the same files as over HTTP.

use std::path::Path;

use serde_json::json;

use crate::api::{DAY, at, server, session};
use crate::command::{command, run};
use crate::support::{Server, original_event};

const PERIOD: [&str; 4] = ["--from", DAY[0].1, "--to", DAY[1].1];

/// A server with two sessions, and an event.
async fn filled() -> Server {
    let server = server().await;
    let sessions = [("=a", "02:00:00", "Chrome"), ("b", "01:00:00", "Firefox")];
    let sessions = sessions.map(|(id, time, browser)| {
        let columns =
            json!({"started_at": at(time), "browser": browser, "custom": {"k": [1, "ü"]}});
        session(id, columns)
    });
    server.has(&sessions).await;
    let event = original_event("s", "e", "PLAY", 1_795_392_460_000);
    assert_eq!(server.post(&event).await.0, 200);
    server
}

/// What a run prints, which may be no text.
async fn printed(server: &Server, arguments: &[&str]) -> Vec<u8> {
    let output = command(&server.database.url, arguments)
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "",
        "no terminal, no progress"
    );
    output.stdout
}

#[actix_web::test]
async fn the_command_line_and_http_give_the_same_file() {
    let server = filled().await;
    let url = server.url("");
    for what in ["sessions", "events"] {
        for format in ["csv", "ndjson", "parquet"] {
            let path = format!("/api/v1/export/{what}.{format}");
            let over_http = server.file(&path, &DAY).await;
            let asked = [&["export", what, "--format", format], &PERIOD[..]].concat();
            let from_tables = printed(&server, &asked).await;
            assert!(from_tables == over_http, "{path} from the tables");
            let asked = [&asked[..], &["--server", &url]].concat();
            let from_server = printed(&server, &asked).await;
            assert!(from_server == over_http, "{path} from the server");
        }
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn filters_columns_and_defaults_are_those_of_the_api() {
    let server = filled().await;
    let url = server.url("");
    let sessions = ["export", "sessions", "--columns", "session_id,custom"];
    let events = ["export", "events", "--columns", "event_id,session_id"];
    for (arguments, expected) in [
        (
            [&sessions[..], &["--filter", "browser:eq:Chrome"]].concat(),
            "session_id,custom\r\n'=a,\"{\"\"k\"\": [1, \"\"ü\"\"]}\"\r\n",
        ),
        (
            [&sessions[..], &["--filter", "browser:null:true"]].concat(),
            "session_id,custom\r\n",
        ),
        (
            [&events[..], &["--type", "PLAY", "--session-id", "s,t"]].concat(),
            "{\"event_id\":\"e\",\"session_id\":\"s\"}\n",
        ),
        ([&events[..], &["--type", "PAUSE"]].concat(), ""),
    ] {
        let arguments = [&arguments[..], &PERIOD].concat();
        let file = String::from_utf8(printed(&server, &arguments).await).unwrap();
        assert_eq!(file, expected, "{arguments:?}");
        let arguments = [&arguments[..], &["--server", &url]].concat();
        let file = String::from_utf8(printed(&server, &arguments).await).unwrap();
        assert_eq!(file, expected, "{arguments:?}");
    }
    server.application.stop().await.unwrap();
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| {
        let name = entry.unwrap().file_name();
        name.into_string().unwrap()
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[actix_web::test]
async fn a_file_is_of_the_format_it_is_called_by_and_only_there_when_it_is_whole() {
    let server = filled().await;
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (name, format) in [
        ("a.ndjson", "ndjson"),
        ("b.parquet", "parquet"),
        ("c", "csv"),
    ] {
        let file = out(name);
        let asked = [&["export", "sessions", "--out", &file], &PERIOD[..]].concat();
        assert_eq!(printed(&server, &asked).await, b"");
        let path = format!("/api/v1/export/sessions.{format}");
        let written = std::fs::read(file).unwrap();
        assert!(written == server.file(&path, &DAY).await, "{name}");
    }
    std::fs::write(out("kept"), "old").unwrap();
    let url = server.url("");
    for server_flags in [&[][..], &["--server", &url]] {
        let asked = [
            "export",
            "sessions",
            "--columns",
            "session_ids",
            "--out",
            &out("kept"),
        ];
        let asked = [&asked[..], server_flags].concat();
        run(&server.database.url, &asked)
            .await
            .failed_saying(&["columns: there is no column", "did you mean session_id?"]);
    }
    assert_eq!(std::fs::read(out("kept")).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["a.ndjson", "b.parquet", "c", "kept"]);
    let nowhere = out("no/where");
    run(
        &server.database.url,
        &["export", "events", "--out", &nowhere],
    )
    .await
    .failed_saying(&["cannot write", "no/where"]);
    server.application.stop().await.unwrap();
}

/// Speaks HTTP just enough to send a body that breaks off.
async fn half_a_file() -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    actix_web::rt::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        assert!(socket.read(&mut request).await.unwrap() > 0);
        let answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf\n\r\n";
        socket.write_all(answer).await.unwrap();
    });
    url
}

#[actix_web::test]
async fn a_file_that_breaks_off_is_an_error_and_leaves_nothing() {
    let url = half_a_file().await;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a.csv");
    let out = out.to_str().unwrap();
    let asked = ["export", "sessions", "--server", &url, "--out", out];
    run("", &asked).await.failed_saying(&["broke off"]);
    assert!(names(folder.path()).is_empty());
}
