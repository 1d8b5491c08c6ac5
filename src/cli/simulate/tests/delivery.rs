//! The rules for real clients, against a server that answers what the test tells it to.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::super::{Report, run};
use super::args;

/// Status, further header lines, body.
type Reply = (u16, &'static str, String);
type Answer = Arc<dyn Fn(usize, &[Value]) -> Reply + Send + Sync>;
type Bodies = Arc<Mutex<Vec<Value>>>;

/// A server that answers by `answer(number of the request, its events)`.
async fn server(
    answer: impl Fn(usize, &[Value]) -> Reply + Send + Sync + 'static,
) -> (String, Bodies) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let bodies = Bodies::default();
    let (seen, answer): (Bodies, Answer) = (Arc::clone(&bodies), Arc::new(answer));
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(serve(socket, Arc::clone(&answer), Arc::clone(&seen)));
        }
    });
    (url, bodies)
}

async fn serve(socket: TcpStream, answer: Answer, seen: Bodies) {
    let mut socket = BufReader::new(socket);
    while let Some(body) = request(&mut socket).await {
        let events = events_of(&body);
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(body);
            seen.len() - 1
        };
        let (status, headers, text) = answer(number, &events);
        let length = text.len();
        let head = format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\n\r\n");
        socket.write_all((head + &text).as_bytes()).await.unwrap();
    }
}

async fn request(socket: &mut BufReader<TcpStream>) -> Option<Value> {
    let (mut length, mut gzip) = (0, false);
    loop {
        let mut line = String::new();
        if socket.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.to_lowercase();
        gzip |= line.starts_with("content-encoding: gzip");
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.ok()?;
    Some(if gzip {
        serde_json::from_reader(flate2::read::GzDecoder::new(body.as_slice())).unwrap()
    } else {
        serde_json::from_slice(&body).unwrap()
    })
}

/// The events of any of the three shapes of a body.
fn events_of(body: &Value) -> Vec<Value> {
    match (body.get("events"), body) {
        (Some(Value::Array(events)), _) | (None, Value::Array(events)) => events.clone(),
        _ => vec![body.clone()],
    }
}

fn accepted(events: &[Value]) -> Reply {
    let body = json!({"ok": true, "accepted": events.len(), "duplicates": 0, "rejected": []});
    (200, "", body.to_string())
}

async fn simulate(line: &str) -> Report {
    let report = run(&args(line), 1_800_000_000_000, &mut std::io::sink()).await;
    let report = report.unwrap();
    let events = report.events;
    let outcomes = events.accepted + events.duplicates + events.rejected + events.lost;
    assert_eq!(outcomes, events.issued + events.copies, "{report:?}");
    report
}

#[tokio::test]
async fn every_event_of_every_session_is_acked_once() {
    let (url, bodies) = server(|_, events| accepted(events)).await;
    let report = simulate(&format!("--url {url} --sessions 20")).await;
    assert!(report.complete());
    assert_eq!(report.sessions.finished, 20);
    assert_eq!(report.events.acked, report.events.issued);
    let bodies = bodies.lock().unwrap();
    let all: Vec<Value> = bodies.iter().flat_map(events_of).collect();
    let ids: HashSet<&str> = all.iter().map(|e| e["eventId"].as_str().unwrap()).collect();
    assert_eq!(u64::try_from(ids.len()).unwrap(), report.events.issued);
    assert!(bodies.iter().any(|body| body["sentAt"].is_i64()));
    assert!(bodies.iter().any(Value::is_array));
}

#[tokio::test]
async fn what_the_server_cannot_take_now_is_sent_again_unchanged() {
    for status in [408, 429, 500, 503] {
        let (url, bodies) = server(move |number, events| match number {
            0 => (status, "Retry-After: 0\r\n", String::new()),
            _ => accepted(events),
        })
        .await;
        let report = simulate(&format!("--url {url} --sessions 1")).await;
        assert!(report.complete(), "{status}");
        assert_eq!(report.retries, 1, "{status}");
        assert_eq!(report.retries_by_reason[&format!("http_{status}")], 1);
        let bodies = bodies.lock().unwrap();
        assert_eq!(bodies[0], bodies[1]);
    }
}

#[tokio::test]
async fn a_batch_that_is_too_large_is_split_until_it_fits() {
    let (url, _) = server(|_, events| match events.len() {
        0..=3 => accepted(events),
        _ => (413, "", String::new()),
    })
    .await;
    let report = simulate(&format!("--url {url} --sessions 5")).await;
    assert!(report.complete(), "{report:?}");
    assert_eq!(report.events.acked, report.events.issued);
}

#[tokio::test]
async fn what_can_never_be_taken_is_dropped_and_counted_as_lost() {
    for status in [400, 404, 413, 415] {
        let (url, _) = server(move |_, _| (status, "", String::new())).await;
        let report = simulate(&format!("--url {url} --sessions 3")).await;
        assert!(!report.complete());
        assert_eq!(report.events.lost, report.events.issued);
        let why = format!("http_{status}");
        assert_eq!(report.lost_by_reason.keys().collect::<Vec<_>>(), [&why]);
    }
}

#[tokio::test]
async fn without_a_valid_key_a_session_stops_sending() {
    for status in [401, 403] {
        let (url, bodies) = server(move |_, _| (status, "", String::new())).await;
        simulate(&format!("--url {url} --sessions 3 --batch 2")).await;
        assert_eq!(bodies.lock().unwrap().len(), 3);
    }
}

#[tokio::test]
async fn resending_ends_after_the_longest_wait() {
    let (url, _) = server(|_, _| (503, "Retry-After: 3600\r\n", String::new())).await;
    let report = simulate(&format!("--url {url} --sessions 2 --max-wait 1s")).await;
    assert_eq!(report.events.lost, report.events.issued);
    let why: Vec<&String> = report.lost_by_reason.keys().collect();
    assert_eq!(why, ["http_503, gave up"]);
}

#[tokio::test]
async fn the_logs_say_what_was_sent_and_what_became_of_it() {
    let (url, _) = server(|_, events| {
        let id = &events[0]["eventId"];
        let reason = json!([{"index": 0, "eventId": id, "reason": "session_full"}]);
        let rest = events.len() - 1;
        let body = json!({"ok": true, "accepted": rest, "duplicates": 0, "rejected": reason});
        (200, "", body.to_string())
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name| folder.path().join(name).display().to_string();
    let (issued, acked) = (path("issued"), path("acked"));
    let logs = format!("--issued-log {issued} --acked-log {acked}");
    let report = simulate(&format!("--url {url} --sessions 4 {logs}")).await;
    let read = |path| std::fs::read_to_string(path).unwrap();
    let count = |text: &str, end: &str| text.lines().filter(|l| l.ends_with(end)).count();
    let (issued, acked) = (read(&issued), read(&acked));
    assert_eq!(
        u64::try_from(issued.lines().count()).unwrap(),
        report.events.issued
    );
    assert!(issued.lines().all(|line| line.split('\t').count() == 3));
    assert_eq!(acked.lines().count(), issued.lines().count());
    assert!(acked.lines().all(|line| line.split('\t').count() == 4));
    let rejected = u64::try_from(count(&acked, "\trejected")).unwrap();
    assert_eq!(rejected, report.events.rejected);
    assert_eq!(report.rejected_by_reason["session_full"], rejected);
    assert_eq!(
        u64::try_from(count(&acked, "\taccepted")).unwrap(),
        report.events.acked
    );
}

#[tokio::test]
async fn two_servers_each_get_half_of_every_sessions_batches() {
    let (one, first) = server(|_, events| accepted(events)).await;
    let (other, second) = server(|_, events| accepted(events)).await;
    simulate(&format!(
        "--url {one} --url {other} --sessions 10 --batch 3"
    ))
    .await;
    let sessions = |bodies: &Bodies| -> HashSet<String> {
        let bodies = bodies.lock().unwrap();
        let events = bodies.iter().flat_map(events_of);
        events.map(|e| e["sessionId"].to_string()).collect()
    };
    assert_eq!(sessions(&first), sessions(&second));
    let requests = [first, second].map(|bodies| bodies.lock().unwrap().len());
    assert!(requests[0].abs_diff(requests[1]) <= 10, "{requests:?}");
}

#[tokio::test]
async fn batches_may_be_doubled_shuffled_and_compressed() {
    let known = Mutex::new(HashSet::new());
    let (url, bodies) = server(move |_, events| {
        let mut known = known.lock().unwrap();
        let ids = events.iter().map(|e| e["eventId"].to_string());
        let new = ids.filter(|id| known.insert(id.clone())).count();
        let old = events.len() - new;
        (
            200,
            "",
            json!({"ok": true, "accepted": new, "duplicates": old}).to_string(),
        )
    })
    .await;
    let line = "--sessions 6 --batch 4 --duplicate-share 1 --shuffle --gzip --original-share 0";
    let report = simulate(&format!("--url {url} {line}")).await;
    assert_eq!(report.events.copies, report.events.issued);
    assert_eq!(report.events.accepted, report.events.issued);
    assert_eq!(report.events.duplicates, report.events.issued);
    assert_eq!(report.events.acked, report.events.issued);
    let bodies = bodies.lock().unwrap();
    let starts = bodies.iter().map(|body| body["events"][0]["seq"].as_u64());
    let starts: Vec<_> = starts.collect();
    assert!(!starts.is_sorted());
}

#[tokio::test]
async fn a_client_that_lives_in_time_does_not_hold_its_events_for_long() {
    let (url, bodies) = server(|_, events| accepted(events)).await;
    let line = "--sessions 5 --speed 100000 --batch 1000 --original-share 0";
    simulate(&format!("--url {url} {line}")).await;
    for body in bodies.lock().unwrap().iter() {
        let events = events_of(body);
        let late = |e: &&Value| e["eventType"] != "SEEK" && e["eventType"] != "BUFFER_START";
        let stamps = events
            .iter()
            .filter(late)
            .map(|e| e["timestamp"].as_i64().unwrap());
        let (first, last) = (stamps.clone().min(), stamps.max());
        assert!(last <= first.map(|ms| ms + 10_000), "{body}");
    }
}
