//! What becomes of viewers' ids: stored, hashed or dropped, in every place where an event is kept.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::tempdir;
use video_telemetry::app::Privacy;
use video_telemetry::session::clock;
use video_telemetry::storage::viewer_ids::{Hasher, ViewerIds};

use crate::answers::JSON;
use crate::process::{ServeProcess, run, stdout_of};
use crate::support::{Database, Server, empty_database, server, server_with, settings, until};

const SECRET: &[u8] = b"a secret of sixteen bytes or more";
const DAY: Duration = Duration::from_secs(86_400);

fn hashing(rotate: Option<Duration>) -> ViewerIds {
    ViewerIds::Hash(Hasher::new(SECRET, rotate).unwrap())
}

async fn server_that(viewer_ids: ViewerIds) -> Server {
    let erasure_grace = Duration::from_millis(100);
    let privacy = Privacy {
        viewer_ids,
        erasure_grace,
    };
    server_with(|settings| settings.privacy = privacy).await
}

/// An event of Ann's whose name stands there more than once, one of them in escapes.
fn events(session_id: &str) -> String {
    let at = clock::now_ms();
    format!(
        r#"[{{"viewerId":"ann","sessionId":"{session_id}","eventId":"e1","eventType":"PLAY",
             "timestamp":{at},"x":1e2,"viewer\u0049d":"secret-ann"}},
            {{"sessionId":"{session_id}","eventId":"e2","viewerId":"secret-ann"}},
            "secret-ann was here"]"#
    )
}

async fn post(server: &Server, body: String) -> Value {
    let answer = server.send(reqwest::Method::POST, "/telemetry", &[JSON], body);
    answer.await.json()
}

/// The viewer of a session in its rows, in their JSON and in its summary.
async fn viewer(server: &Server, session_id: &str) -> Value {
    let summary = server.summary(session_id).await;
    let rows = format!(
        "SELECT viewer_id AS row, raw_json->>'viewerId' AS json FROM telemetry_events \
         WHERE session_id = '{session_id}'"
    );
    let rows = server.database.rows(&rows).await;
    for row in rows {
        assert_eq!(
            (&row["row"], &row["json"]),
            (&summary["viewer_id"], &summary["viewer_id"])
        );
    }
    summary["viewer_id"].clone()
}

#[actix_web::test]
async fn a_hashed_id_stands_everywhere_where_the_id_stood_and_is_not_hashed_again() {
    let server = server_that(hashing(None)).await;
    let database = &server.database;
    let reply = post(&server, events("s")).await;
    assert_eq!(
        (&reply["accepted"], &reply["rejected"][0]["reason"]),
        (&json!(1), &json!("missing_event_type"))
    );
    post(&server, r#"{"viewerId":"secret-ann", broken"#.to_owned()).await;
    let hash = viewer(&server, "s").await;
    let hash = hash.as_str().unwrap();
    assert!(
        hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{hash}"
    );
    assert_eq!(database.traces("secret-ann").await, Vec::<String>::new());
    assert_eq!(database.traces("\"ann\"").await, Vec::<String>::new());
    // The refused event as well; what cannot be read is kept without its bytes.
    assert_eq!(database.traces(hash).await.len(), 3);
    let kept = database
        .rows("SELECT reason, length(raw) AS n FROM rejected_events ORDER BY 1")
        .await;
    assert_eq!(kept[0], json!({"reason": "invalid_json", "n": 0}));
    assert_eq!(kept[2], json!({"reason": "not_an_object", "n": 0}));

    // Rows are read back as they are.
    stdout_of(&["refold", "--database-url", &database.url, "--all"]);
    assert_eq!(viewer(&server, "s").await, hash);
    database.verified();
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_dropped_id_is_nowhere() {
    let server = server_that(ViewerIds::Drop).await;
    post(&server, events("s")).await;
    assert_eq!(viewer(&server, "s").await, Value::Null);
    assert_eq!(server.database.traces("ann").await, Vec::<String>::new());
    assert_eq!(
        server.database.traces("viewer\\u0049d").await,
        Vec::<String>::new()
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn events_stay_duplicates_when_the_policy_changes() {
    let first = server().await;
    let body = events("s");
    assert_eq!(post(&first, body.clone()).await["accepted"], 1);
    let url = first.database.url.clone();
    first.application.stop().await.unwrap();
    for viewer_ids in [hashing(None), hashing(Some(DAY)), ViewerIds::Drop] {
        let mut settings = settings(&url);
        settings.privacy.viewer_ids = viewer_ids;
        let server = Server::start(settings, &url).await;
        let reply = post(&server, body.clone()).await;
        assert_eq!(
            (&reply["accepted"], &reply["duplicates"]),
            (&json!(0), &json!(1))
        );
        server.application.stop().await.unwrap();
    }
}

#[actix_web::test]
async fn a_viewers_sessions_of_different_days_cannot_be_linked_and_can_be_erased() {
    let server = server_that(hashing(Some(DAY))).await;
    let now_ms = clock::now_ms();
    let day_ms = 86_400_000;
    let session = |days_ago: i64, name: &str| format!("{name}-{}", now_ms - days_ago * day_ms);
    let sessions = [
        session(0, "a"),
        session(0, "b"),
        session(1, "a"),
        session(2, "a"),
    ];
    for session in &sessions {
        post(&server, events(session)).await;
    }
    let mut ids = Vec::new();
    for session in &sessions {
        ids.push(viewer(&server, session).await);
    }
    assert_eq!(ids[0], ids[1], "one day, one id");
    assert!(
        ids[1] != ids[2] && ids[2] != ids[3] && ids[3] != ids[0],
        "{ids:?}"
    );
    let erased = server.send(
        reqwest::Method::DELETE,
        "/api/v1/viewers/secret-ann",
        &[],
        "",
    );
    let erased = erased.await.json();
    assert_eq!(
        (&erased["sessions"], &erased["events"]),
        (&json!(4), &json!(4))
    );
    let database = &server.database;
    database.finished(4).await;
    assert_eq!(database.count("SELECT FROM telemetry_events").await, 0);
    assert_eq!(
        database
            .count("SELECT FROM rejected_events WHERE raw_bytes > 0")
            .await,
        0
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn the_server_takes_its_policy_from_options_and_variables() {
    let folder = tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, b"a secret of sixteen bytes or more\n").unwrap();
    let database = Database::at(&empty_database());
    let serve = ServeProcess::start(
        0,
        &[
            "--database-url",
            &database.url,
            "--viewer-id",
            "hash",
            "--viewer-id-secret-file",
            secret.to_str().unwrap(),
        ],
    );
    let client = reqwest::Client::new();
    let body = events("s");
    let request = client
        .post(format!("{}/telemetry", serve.url))
        .body(body.clone());
    let answer = request
        .header("content-type", "application/json")
        .send()
        .await;
    assert_eq!(answer.unwrap().status(), 200);
    let in_process = server_that(hashing(None)).await;
    post(&in_process, body).await;
    let hash = viewer(&in_process, "s").await;
    let same = format!(
        "SELECT FROM telemetry_events WHERE viewer_id = '{}'",
        hash.as_str().unwrap()
    );
    until("the row is there", async || {
        (database.count(&same).await == 1).then_some(())
    })
    .await;
    in_process.application.stop().await.unwrap();
    assert_eq!(serve.terminate(), Some(0));
}

#[test]
fn a_policy_that_cannot_be_kept_is_refused_at_the_start() {
    let folder = tempdir().unwrap();
    let short = folder.path().join("short");
    fs::write(&short, "0123456789abcde\n").unwrap();
    let short = short.to_str().unwrap();
    for (arguments, told) in [
        (&["--viewer-id", "hash"][..], "openssl rand -hex 32"),
        (
            &["--viewer-id", "hash", "--viewer-id-secret-file", short],
            "at least 16",
        ),
        (
            &["--viewer-id", "hash", "--viewer-id-secret-file", "/none"],
            "cannot read the secret",
        ),
        (
            &[
                "--viewer-id",
                "hash",
                "--viewer-id-secret",
                "0123456789abcdef",
                "--viewer-id-rotate",
                "1h",
            ],
            "a day (1d) or longer",
        ),
        (&["--viewer-id", "guess"], "possible values"),
    ] {
        let ran = run(&[&["serve", "--bind", "127.0.0.1:0"][..], arguments].concat());
        let error = String::from_utf8_lossy(&ran.stderr);
        assert!(!ran.status.success() && error.contains(told), "{error}");
    }
}
