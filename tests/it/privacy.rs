//! What is kept of those who send: no address of theirs, in no table and no line of the log.

use std::io::{BufRead, BufReader, Read};
use std::net::IpAddr;

use serde_json::json;

use crate::answers::least_event;
use crate::process::{interrupt, spawn};
use crate::support::{Database, empty_database, until};

/// Where the requests come from, and what proxies say of it.
const PEER: [u8; 4] = [127, 0, 0, 77];
const ADDRESSES: [&str; 5] = [
    "127.0.0.77",
    "203.0.113.9",
    "198.51.100.23",
    "2001:db8::77",
    "192.0.2.55",
];

#[actix_web::test]
async fn no_address_of_a_client_is_stored_or_logged() {
    let database = Database::at(&empty_database());
    let log = "video_telemetry=trace,actix_http=debug,actix_web=debug,info";
    let mut serve = spawn(&[
        "serve",
        "--bind",
        "127.0.0.1:0",
        "--idle-timeout",
        "200ms",
        "--database-url",
        &database.url,
        "--log",
        log,
    ]);
    let mut line = String::new();
    let mut stdout = BufReader::new(serve.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let url = line
        .trim()
        .strip_prefix("listening on ")
        .unwrap()
        .to_owned();
    let mut stderr = serve.stderr.take().unwrap();
    let logged = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).unwrap();
        text
    });

    let client = reqwest::Client::builder()
        .local_address(IpAddr::from(PEER))
        .build()
        .unwrap();
    let post = async |body: String| {
        let request = client.post(format!("{url}/telemetry"));
        let answer = request
            .header("content-type", "application/json")
            .header(
                "x-forwarded-for",
                format!("{}, {}", ADDRESSES[1], ADDRESSES[2]),
            )
            .header("forwarded", format!("for=\"[{}]\"", ADDRESSES[3]))
            .header("x-real-ip", ADDRESSES[4])
            .body(body);
        answer.send().await.unwrap().status().as_u16()
    };
    let events = json!([least_event("s", "e1"), {"sessionId": "s", "eventId": "bad"}]);
    assert_eq!(post(events.to_string()).await, 200);
    assert_eq!(post("no JSON".to_owned()).await, 400);
    until("the session has its summary", async || {
        let summaries = "SELECT FROM session_summaries WHERE session_id = 's'";
        (database.count(summaries).await == 1).then_some(())
    })
    .await;
    let metrics = client.get(format!("{url}/metrics")).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    interrupt(&serve);
    assert!(serve.wait().unwrap().success());
    let logged = logged.join().unwrap();
    assert!(logged.contains("answered"), "requests are logged: {logged}");

    let stored = database.everything().await;
    for table in ["telemetry_events", "session_summaries", "rejected_events"] {
        assert!(stored.iter().any(|row| row.starts_with(table)), "{table}");
    }
    for address in ADDRESSES {
        for traces in [
            database.traces(address).await,
            vec![logged.clone()],
            vec![metrics.clone()],
        ] {
            let told = traces.iter().find(|text| text.contains(address));
            assert_eq!(told, None, "{address}");
        }
        assert_eq!(database.traces(address).await, Vec::<String>::new());
    }
}
