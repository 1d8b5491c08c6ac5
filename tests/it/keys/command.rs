//! `keys`, and that a key is written down nowhere.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use super::an_event;
use crate::command::{Serving, command, run};
use crate::support::{Database, empty_database, until};

async fn create(url: &str, kind: &str, more: &[&str]) -> Value {
    let line = [
        "keys",
        "create",
        "--kind",
        kind,
        "--project",
        "shop",
        "--output",
        "json",
    ];
    let told = run(url, &[&line, more].concat()).await.ended(0);
    serde_json::from_str(&told).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[actix_web::test]
async fn a_key_is_shown_once_listed_by_its_beginning_and_revoked_by_its_id() {
    // An empty database: the first keys come before the first server.
    let url = empty_database();
    let write = create(&url, "write", &["--label", "the shop's pages"]).await;
    let read = create(&url, "read", &[]).await;
    let names: Vec<&String> = write.as_object().unwrap().keys().collect();
    assert_eq!(names, ["id", "key", "kind", "project"]);
    assert_eq!(
        (&write["kind"], &write["project"]),
        (&json!("write"), &json!("shop"))
    );
    let (key, other) = (text(&write["key"]), text(&read["key"]));
    assert!(key.starts_with("vtw_") && other.starts_with("vtr_"));
    assert!(key.len() == 47 && other.len() == 47, "{key} {other}");
    let id = write["id"].to_string();
    run(&url, &["keys", "revoke", &id]).await.ended(0);
    run(&url, &["keys", "revoke", &id]).await.ended(0);
    run(&url, &["keys", "revoke", "4711"])
        .await
        .failed_saying(&["there is no key 4711", "keys list"]);
    let listed = run(&url, &["keys", "list", "--output", "json"])
        .await
        .ended(0);
    let keys: Vec<Value> = serde_json::from_str(&listed).unwrap();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0]["label"], "the shop's pages");
    assert_eq!(keys[0]["prefix"], key[..10]);
    assert!(keys[0]["revoked_at"].is_string() && keys[1]["revoked_at"].is_null());
    for output in ["json", "csv", "table"] {
        let listed = run(&url, &["keys", "list", "--output", output])
            .await
            .ended(0);
        assert!(
            listed.contains(&key[..10]) && !listed.contains(&key[..20]),
            "{listed}"
        );
    }
    let rows = Database::at(&url).rows("SELECT * FROM keys").await;
    let rows = Value::from(rows).to_string();
    assert!(
        !rows.contains(&key[4..20]) && !rows.contains(&other[4..20]),
        "{rows}"
    );
}

#[actix_web::test]
async fn a_project_must_be_one_word_and_a_kind_one_of_three() {
    let url = "postgres://nobody@localhost:1/none";
    let refused = async |line: &[&str], says: &str| {
        let ran = run(url, &[&["keys", "create"], line].concat()).await;
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains(says), "{ran:?}");
    };
    refused(&["--kind", "read", "--project", "a b"], "letters, digits").await;
    refused(
        &["--kind", "admin", "--project", "a"],
        "[possible values: write, read, erase]",
    )
    .await;
    refused(&["--kind", "read"], "--project").await;
}

#[actix_web::test]
async fn simulated_players_and_questions_of_the_command_line_use_their_keys() {
    let url = empty_database();
    let serving = Serving::start(&url, &["--idle-timeout", "300ms"]).await;
    let (write, read) = (
        create(&url, "write", &[]).await,
        create(&url, "read", &[]).await,
    );
    let play = ["simulate", "--sessions", "3", "--url", &serving.url];
    let keyed = [&play[..], &["--write-key", text(&write["key"])]].concat();
    run(&url, &keyed).await.ended(0);
    let database = Database::at(&url);
    until("the sessions are finished", async || {
        let done = "SELECT FROM session_summaries WHERE project = 'shop'";
        (database.count(done).await == 3).then_some(())
    })
    .await;
    let unknown = format!("vtw_{:0>43}", 1);
    let refused = [&play[..], &["--write-key", &unknown]].concat();
    run(&url, &refused).await.ended(1);
    let list = [
        "sessions",
        "list",
        "--server",
        &serving.url,
        "--output",
        "json",
    ];
    let list = [&list[..], &["--key", text(&read["key"])]].concat();
    let listed = run(&url, &list).await.ended(0);
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed.len(), 3);
    assert_eq!(serving.terminate().await, Some(0));
}

#[actix_web::test]
async fn no_log_line_has_a_key_however_much_is_logged() {
    let url = empty_database();
    let (write, read) = (
        create(&url, "write", &[]).await,
        create(&url, "read", &[]).await,
    );
    let mut child = command(&url, &["serve", "--bind", "127.0.0.1:0"])
        .env("TELEMETRY_LOG", "trace")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let logged = tokio::spawn(async move {
        let mut text = String::new();
        stderr.read_to_string(&mut text).await.unwrap();
        text
    });
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let base = line.strip_prefix("listening on ").unwrap();
    let client = reqwest::Client::new();
    for key in [text(&write["key"]), text(&read["key"])] {
        let post = || client.post(format!("{base}/telemetry"));
        let enveloped = json!({"key": key, "events": an_event("1")});
        let posts = [
            post().bearer_auth(key).json(&an_event("1")),
            post().header("x-telemetry-key", key).json(&an_event("1")),
            post().json(&enveloped),
            post().body(format!("{{\"key\":\"{key}\",\"events\":[")),
            client.get(format!("{base}/api/v1/live")).bearer_auth(key),
        ];
        for request in posts {
            assert!(request.send().await.unwrap().status().as_u16() < 500);
        }
    }
    child.start_kill().unwrap();
    child.wait().await.unwrap();
    let logged = logged.await.unwrap();
    assert!(logged.contains("TRACE"), "it logs much");
    for key in [text(&write["key"]), text(&read["key"])] {
        let found = logged.lines().find(|line| line.contains(&key[..20]));
        assert_eq!(found, None);
    }
}
