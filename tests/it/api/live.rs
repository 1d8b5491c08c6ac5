//! `GET /api/v1/live` and `/api/v1/live/stream`: how it is right now.

use std::time::{Duration, Instant};

use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::server;
use crate::command::Serving;
use crate::proxy::Proxy;
use crate::support::{Server, empty_database, settings, until};

const LIVE: &str = "/api/v1/live";
const STREAM: &str = "/api/v1/live/stream";

/// Sends a session's events, by their types, one a second.
async fn play(server: &Server, session_id: &str, device: &Value, types: &[&str]) {
    let events = (0..).zip(types).map(|(n, event_type)| {
        json!({"sessionId": session_id, "eventId": format!("e{n}"), "eventType": event_type,
            "timestamp": 1_795_392_460_000i64 + n * 1000, "device": device,
            "video": {"live": session_id.starts_with('l')}})
    });
    let events: Vec<Value> = events.collect();
    let (status, reply) = server.post(&Value::from(events.clone())).await;
    assert_eq!((status, &reply["accepted"]), (200, &json!(events.len())));
}

/// One session of every kind: starting, playing twice, rebuffering, paused, failed.
async fn various(server: &Server) {
    let (chrome, edge) = (json!({"browser": "Chrome"}), json!({"browser": "Edge"}));
    play(server, "a", &chrome, &["PLAY"]).await;
    play(server, "b", &chrome, &["PLAY", "FIRST_FRAME"]).await;
    play(
        server,
        "l",
        &edge,
        &["SESSION_START", "PLAY", "FIRST_FRAME"],
    )
    .await;
    play(
        server,
        "d",
        &chrome,
        &["PLAY", "FIRST_FRAME", "BUFFER_START"],
    )
    .await;
    play(server, "e", &json!({}), &["PLAY", "FIRST_FRAME", "PAUSE"]).await;
    let lost = [
        ("eventType", json!("PLAYER_ERROR")),
        ("error", json!({"fatal": true})),
    ];
    let mut event = json!({"sessionId": "f", "eventId": "x", "timestamp": 1_795_392_460_000i64,
        "device": {"browser": "Edge"}});
    for (name, value) in lost {
        event[name] = value;
    }
    assert_eq!(server.post(&event).await.0, 200);
}

/// The answer once it counts this many sessions: it may be a second old.
async fn live(server: &Server, sessions: u64, parameters: &[(&str, &str)]) -> Value {
    until("the sessions are counted", async || {
        let live = server.tell(LIVE, parameters).await;
        (live["total"]["sessions"] == sessions).then_some(live)
    })
    .await
}

fn counts(sessions: u64, watching: u64, share: &Value, states: &[(&str, u64)]) -> Value {
    let mut by_state = json!({"idle": 0, "starting": 0, "playing": 0, "rebuffering": 0,
        "seeking": 0, "paused": 0, "ended": 0, "failed": 0, "closed": 0});
    for (state, count) in states {
        by_state[*state] = json!(count);
    }
    json!({"sessions": sessions, "watching": watching, "rebuffering_share": share,
        "states": by_state})
}

/// With the dimension's value.
fn group(group: &Value, mut counts: Value) -> Value {
    counts["group"] = group.clone();
    counts
}

#[actix_web::test]
async fn a_server_without_sessions_says_so() {
    let server = server().await;
    let answer = server.ask(LIVE, &[]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let mut live = answer.json();
    let time: chrono::DateTime<chrono::Utc> = live["time"].as_str().unwrap().parse().unwrap();
    assert!((chrono::Local::now().to_utc() - time).num_seconds().abs() < 60);
    live["time"].take();
    assert_eq!(
        live,
        json!({"time": null, "group_by": [], "total": counts(0, 0, &Value::Null, &[]),
            "data": [], "other": null, "groups": 0, "next_cursor": null, "has_more": false})
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn sessions_are_counted_by_state_and_by_dimension() {
    let server = server().await;
    various(&server).await;
    let all = live(&server, 6, &[]).await;
    let states = [
        ("starting", 1),
        ("playing", 2),
        ("rebuffering", 1),
        ("paused", 1),
        ("failed", 1),
    ];
    assert_eq!(all["total"], counts(6, 4, &json!(0.25), &states));
    assert_eq!(all["data"], json!([]));

    let by_browser = live(&server, 6, &[("group_by", "browser")]).await;
    assert_eq!(by_browser["group_by"], json!(["browser"]));
    let third = json!(1.0 / 3.0);
    let chrome = [("starting", 1), ("playing", 1), ("rebuffering", 1)];
    let edge = counts(2, 1, &json!(0.0), &[("playing", 1), ("failed", 1)]);
    let unknown = counts(1, 0, &Value::Null, &[("paused", 1)]);
    assert_eq!(
        by_browser["data"],
        json!([
            group(&json!({"browser": "Chrome"}), counts(3, 3, &third, &chrome)),
            group(&json!({"browser": "Edge"}), edge.clone()),
            group(&json!({"browser": null}), unknown),
        ])
    );
    let one = live(&server, 6, &[("group_by", "browser"), ("limit", "1")]).await;
    assert_eq!(
        (
            &one["groups"],
            &one["has_more"],
            &one["data"].as_array().unwrap().len()
        ),
        (&json!(3), &json!(true), &1)
    );
    let rest = [("playing", 1), ("paused", 1), ("failed", 1)];
    assert_eq!(one["other"], counts(3, 1, &json!(0.0), &rest));

    let by_live = live(&server, 6, &[("group_by", "live")]).await;
    let groups = by_live["data"].as_array().unwrap().iter();
    let told: Vec<_> = groups
        .map(|it| {
            (
                it["group"]["live"].clone(),
                it["sessions"].as_u64().unwrap(),
            )
        })
        .collect();
    // The first frame tells it, which a and f have not shown.
    let expected = [(false.into(), 3), (Value::Null, 2), (true.into(), 1)];
    assert_eq!(told, expected);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_session_that_went_quiet_is_not_live() {
    let server = crate::support::server().await;
    play(&server, "s", &json!({}), &["PLAY"]).await;
    server.summary("s").await;
    live(&server, 0, &[]).await;
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn what_is_live_is_told_while_the_database_is_away() {
    let url = empty_database();
    let proxy = Proxy::to(&url).await;
    let mut settings = settings(&proxy.url());
    settings.idle_timeout = Duration::from_secs(600);
    let server = Server::start(settings, &url).await;
    play(&server, "s", &json!({}), &["PLAY"]).await;
    proxy.cut();
    until("storage is away", async || {
        let list = server.ask("/api/v1/sessions", &[]).await;
        (list.status == 503).then_some(())
    })
    .await;
    live(&server, 1, &[]).await;
    proxy.mend();
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_question_that_makes_no_sense_is_answered_with_what_would() {
    let server = server().await;
    for path in [LIVE, STREAM] {
        for (parameters, name, words) in [
            (
                &[("group_by", "browsr")][..],
                "group_by",
                "did you mean browser?",
            ),
            (&[("group_by", "end_reason")], "group_by", "viewer_id"),
            (&[("group_by", "browser,os")], "group_by", "browser"),
            (
                &[("group_by", "os"), ("group_by", "os")],
                "group_by",
                "once",
            ),
            (&[("limit", "0")], "limit", "1 to 500"),
            (&[("limit", "\u{0}")], "limit", "NUL"),
            (&[("filter", "a:eq:b")], "filter", "parameter"),
        ] {
            let detail = server.refuses(path, parameters, name).await;
            assert!(detail.contains(words), "{detail}");
        }
        let posted = server.send(Method::POST, path, &[], "").await;
        posted.is_problem(405, "method_not_allowed");
        let head = server.send(Method::HEAD, path, &[], "").await;
        assert_eq!((head.status, head.text.as_str()), (200, ""));
    }
    server.application.stop().await.unwrap();
}

/// A stream under way.
struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    async fn open(url: &str, parameters: &str) -> Self {
        let response = reqwest::get(format!("{url}{STREAM}{parameters}"))
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        Self {
            response,
            text: String::new(),
        }
    }

    /// The next event's lines, or none at the end.
    async fn event(&mut self) -> Option<Vec<String>> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let lines = event.lines().map(str::to_owned).collect();
                self.text = rest.to_owned();
                return Some(lines);
            }
            let chunk = self.response.chunk().await.unwrap()?;
            self.text += str::from_utf8(&chunk).unwrap();
        }
    }

    /// The next event's id and data.
    async fn beat(&mut self) -> (i64, Value) {
        let event = self.event().await.expect("it goes on");
        let field = |name| event.iter().find_map(|line| line.strip_prefix(name));
        assert_eq!(field("event: "), Some("live"));
        let data = serde_json::from_str(field("data: ").unwrap()).unwrap();
        (field("id: ").unwrap().parse().unwrap(), data)
    }
}

#[actix_web::test]
async fn a_stream_tells_at_once_and_then_every_second() {
    let server = server().await;
    various(&server).await;
    let answer = live(&server, 6, &[("group_by", "browser"), ("limit", "2")]).await;
    let mut stream = Stream::open(&server.url(""), "?group_by=browser&limit=2").await;
    for (header, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(stream.response.headers()[header], value);
    }
    let first = stream.event().await.unwrap();
    assert_eq!(first[..2], ["retry: 2000", "event: live"]);
    let begun = Instant::now();
    let (id, told) = stream.beat().await;
    let time: chrono::DateTime<chrono::Utc> = told["time"].as_str().unwrap().parse().unwrap();
    assert_eq!(id, time.timestamp_millis());
    for same in ["group_by", "total", "data", "other", "groups", "has_more"] {
        assert_eq!(told[same], answer[same], "{same}");
    }
    play(&server, "g", &json!({}), &["PLAY"]).await;
    let (mut last_id, mut sessions) = (id, json!(6));
    while sessions == 6 {
        let (id, told) = stream.beat().await;
        let apart = id - last_id;
        assert!(
            (990..5000).contains(&apart),
            "{apart} ms between two events"
        );
        (last_id, sessions) = (id, told["total"]["sessions"].clone());
    }
    assert_eq!(sessions, 7);
    assert!(begun.elapsed() < Duration::from_secs(30));
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn streams_of_one_second_tell_the_same() {
    let server = server().await;
    let (mut one, mut other) = (
        Stream::open(&server.url(""), "").await,
        Stream::open(&server.url(""), "?group_by=os").await,
    );
    let (first, other_first) = (one.beat().await.0, other.beat().await.0);
    let (second, other_second) = (one.beat().await.0, other.beat().await.0);
    let ids = [first, second, other_first, other_second];
    let different: std::collections::BTreeSet<_> = ids.into_iter().collect();
    assert!(
        different.len() <= 3,
        "they share what is made each second: {ids:?}"
    );
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_hundred_streams_may_be_open_and_whoever_leaves_makes_room() {
    let server = server().await;
    let mut streams = Vec::new();
    for _ in 0..100 {
        streams.push(Stream::open(&server.url(""), "").await);
    }
    let refused = server.ask(STREAM, &[]).await;
    refused.is_problem(503, "too_many_streams");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(server.ask(LIVE, &[]).await.status, 200);
    streams.pop();
    until("the place of who left is free", async || {
        let response = reqwest::get(server.url(STREAM)).await.unwrap();
        (response.status() == 200).then_some(())
    })
    .await;
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_server_that_stops_waits_for_no_stream() {
    let serving = Serving::start(&empty_database(), &["--drain-timeout", "60s"]).await;
    let mut stream = Stream::open(&serving.url, "").await;
    stream.beat().await;
    let begun = Instant::now();
    let ended = tokio::spawn(async move {
        while stream.event().await.is_some() {}
        begun.elapsed()
    });
    assert_eq!(serving.terminate().await, Some(0));
    let (stopped, ended) = (begun.elapsed(), ended.await.unwrap());
    assert!(ended <= stopped, "the stream was ended, not cut off");
    // Sixty seconds is what it may wait for requests and summaries.
    assert!(stopped < Duration::from_secs(15), "it took {stopped:?}");
}
