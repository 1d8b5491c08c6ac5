//! `serve` as a process.

use serde_json::json;

use crate::command::{Serving, run};
use crate::support::{Database, empty_database, original_event};

#[actix_web::test]
async fn serve_refuses_an_address_that_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    run(&empty_database(), &["serve", "--bind", &address])
        .await
        .failed_saying(&["cannot listen on", &address, "--bind"]);
    run(&empty_database(), &["serve", "--bind", "nonsense"])
        .await
        .failed_saying(&["cannot listen on nonsense"]);
}

#[actix_web::test]
async fn a_server_told_to_stop_writes_the_summaries_of_its_live_sessions() {
    let url = empty_database();
    let serving = Serving::start(&url, &["--idle-timeout", "1h"]).await;
    let client = reqwest::Client::new();
    for n in 0..40 {
        let events = json!([
            original_event(&format!("s{n}"), "e1", "PLAY", 1_795_392_458_159),
            original_event(&format!("s{n}"), "e2", "PAUSE", 1_795_392_459_159)
        ]);
        let response = client
            .post(format!("{}/telemetry", serving.url))
            .json(&events)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
    }
    let database = Database::at(&url);
    assert_eq!(
        database.count("SELECT FROM session_summaries").await,
        0,
        "they are live"
    );
    assert_eq!(serving.terminate().await, Some(0));
    assert_eq!(
        database
            .count("SELECT FROM session_summaries WHERE event_count = 2")
            .await,
        40
    );
    run(&url, &["verify", "--idle-timeout", "1ms"])
        .await
        .ended(0);
}
