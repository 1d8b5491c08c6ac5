//! `GET /api/v1/sessions/{id}/events`: a session's rows, page by page.

use reqwest::Method;
use serde_json::{Value, json};

use super::{server, session};
use crate::support::{Server, original_event};

const BEGIN: i64 = 1_795_392_460_000;
const EVENTS: &str = "/api/v1/sessions/s/events";

/// The least an event needs.
fn event(id: &str, event_type: &str, at_ms: i64) -> Value {
    json!({"sessionId": "s", "eventId": id, "eventType": event_type, "timestamp": BEGIN + at_ms})
}

async fn send(server: &Server, events: &[Value]) {
    let (status, reply) = server.post(&Value::from(events)).await;
    assert_eq!((status, &reply["accepted"]), (200, &json!(events.len())));
}

/// Times that fall together, go back, and ids that sort otherwise than they came.
fn various() -> Vec<Value> {
    vec![
        event("b", "PLAY", 0),
        event("a", "BUFFER_START", 0),
        event("c", "BUFFER_END", 800),
        event("B", "HEARTBEAT", 800),
        event("é", "AD,BREAK", 5000),
        event("f", "PAUSE", 4000),
    ]
}

fn event_ids(list: &Value) -> Vec<&str> {
    let events = list["data"].as_array().unwrap().iter();
    events
        .map(|event| event["event_id"].as_str().unwrap())
        .collect()
}

#[actix_web::test]
async fn an_event_has_every_column_and_is_there_as_it_was_sent() {
    let server = server().await;
    let mut sent = original_event("s", "e1", "BUFFER_END", BEGIN + 5);
    sent["nobody knows"] = json!([1.5, {"deep": "é\"\u{1F3AC}"}, null]);
    sent["seq"] = json!(7);
    let envelope = json!({"sentAt": BEGIN + 1000, "events": [sent.clone()]});
    assert_eq!(server.post(&envelope).await.0, 200);
    let list = server.tell(EVENTS, &[]).await;
    assert_eq!(
        (&list["next_cursor"], &list["has_more"]),
        (&Value::Null, &json!(false))
    );
    let told = &list["data"][0];
    assert_eq!(told["raw_json"], sent);
    assert_eq!(told["occurred_at"], "2026-11-23T00:07:40.005Z");
    assert_eq!(told["sent_at"], "2026-11-23T00:07:41Z");
    let row = server
        .database
        .rows("SELECT * FROM telemetry_events")
        .await
        .remove(0);
    let row = row.as_object().unwrap();
    assert_eq!(told.as_object().unwrap().len(), row.len() + 1);
    for (column, value) in row {
        if !["sent_at", "created_at"].contains(&column.as_str()) {
            // 30.0 and 30 are the same number.
            match value.as_f64() {
                Some(number) => assert_eq!(told[column].as_f64(), Some(number), "{column}"),
                None => assert_eq!(&told[column], value, "{column}"),
            }
        }
    }
    assert!(told["created_at"].as_str().unwrap().ends_with('Z'));
    let least = event("e2", "PLAY", 6);
    send(&server, &[least]).await;
    let second = server.tell(EVENTS, &[]).await["data"][1].clone();
    for column in [
        "seq",
        "sent_at",
        "playback_position_sec",
        "bitrate_kbps",
        "viewer_id",
    ] {
        assert_eq!(second[column], Value::Null, "{column}");
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn events_come_in_the_order_of_their_times_and_ids() {
    let server = server().await;
    send(&server, &various()).await;
    let up = ["a", "b", "B", "c", "f", "é"];
    let mut down = up;
    down.reverse();
    for (sort, expected) in [
        ("", up),
        ("event_timestamp", up),
        ("-event_timestamp", down),
    ] {
        let list = server.tell(EVENTS, &[("sort", sort)]).await;
        assert_eq!(event_ids(&list), expected, "{sort}");
    }
    for (types, expected) in [
        ("PLAY", &["b"][..]),
        ("BUFFER_START,BUFFER_END", &["a", "c"]),
        ("AD\\,BREAK", &["é"]),
        ("play", &[]),
        ("PLAY,", &["b"]),
        ("' OR true --", &[]),
    ] {
        let list = server.tell(EVENTS, &[("type", types)]).await;
        assert_eq!(event_ids(&list), expected, "{types}");
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn pages_are_stable_while_events_arrive() {
    let server = server().await;
    // Once the first page is read, one comes before the place that was reached and one after it,
    // both beside an event of the same time.
    let arriving = [event("0", "PLAY", 0), event("g", "PLAY", 4000)];
    for (sort, expected) in [
        (
            "event_timestamp",
            ["a", "b", "B", "c", "f", "g", "é"].as_slice(),
        ),
        ("-event_timestamp", &["é", "f", "c", "B", "b", "a", "0"]),
    ] {
        let delete = "DELETE FROM telemetry_events";
        server.database.execute(delete).await;
        send(&server, &various()).await;
        let mut read: Vec<String> = Vec::new();
        let mut cursor = String::new();
        for page in 0.. {
            let asked = [("sort", sort), ("limit", "2"), ("cursor", &cursor)];
            let list = server.tell(EVENTS, &asked).await;
            read.extend(event_ids(&list).into_iter().map(str::to_owned));
            assert_eq!(list["has_more"], list["next_cursor"].is_string());
            let Some(next) = list["next_cursor"].as_str() else {
                break;
            };
            cursor = next.to_owned();
            if page == 0 {
                send(&server, &arriving).await;
            }
        }
        assert_eq!(read, expected, "{sort}");
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_session_without_rows_is_empty_and_an_unknown_one_a_404() {
    let server = server().await;
    server
        .has(&[session("old", json!({"event_count": 360}))])
        .await;
    let old = server.tell("/api/v1/sessions/old/events", &[]).await;
    assert_eq!(
        old,
        json!({"data": [], "next_cursor": null, "has_more": false})
    );
    send(&server, &various()).await;
    let none = server.tell(EVENTS, &[("type", "ENDED")]).await;
    assert_eq!(event_ids(&none), [""; 0]);
    let (too_long, longest) = ("x".repeat(201), "y".repeat(200));
    for id in [
        "nobody", "a%00b", "%FF%FE", "%ud800", "%", "..%2F..", "'--", &too_long, &longest,
    ] {
        let answer = server
            .ask(&format!("/api/v1/sessions/{id}/events"), &[])
            .await;
        answer.is_problem(404, "unknown_session");
    }
    let answer = server.send(Method::DELETE, EVENTS, &[], "").await;
    answer.is_problem(405, "method_not_allowed");
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn what_cannot_be_asked_is_refused_by_name() {
    let server = server().await;
    send(&server, &various()).await;
    let first = server.tell(EVENTS, &[("limit", "1")]).await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let many_types = "PLAY,".repeat(300);
    for (parameters, name, advice) in [
        (
            &[("sort", "event_time")][..],
            "sort",
            "did you mean event_timestamp?",
        ),
        (&[("limit", "0")], "limit", "1 to 500"),
        (&[("limit", "501")], "limit", "1 to 500"),
        (&[("cursor", "abc")], "cursor", "next_cursor"),
        // {"d":false,"t":0,"i":"\u0000"}
        (
            &[("cursor", "eyJkIjpmYWxzZSwidCI6MCwiaSI6Ilx1MDAwMCJ9")],
            "cursor",
            "next_cursor",
        ),
        (
            &[("cursor", cursor), ("sort", "-event_timestamp")],
            "cursor",
            "same sort",
        ),
        (&[("type", "a\0b")], "type", "NUL"),
        (&[("type", &many_types)], "type", "values are allowed"),
        (&[("types", "PLAY")], "types", "did you mean type?"),
    ] {
        let detail = server.refuses(EVENTS, parameters, name).await;
        assert!(detail.contains(advice), "{parameters:?}: {detail}");
    }
    server.application.stop().await.unwrap();
}
