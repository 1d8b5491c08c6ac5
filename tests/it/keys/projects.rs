//! Two sites on one server, with the same ids for different things: none sees or changes the other's.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::server;
use crate::support::{Server, original_event, settings};

const T: i64 = 1_795_392_458_159;
/// The day of that time.
const DAY: &str = "from=2026-11-23T00:00:00Z&to=2026-11-24T00:00:00Z";

/// Of every kind of question its path in the document, and one that tells texts of the site's own.
const QUESTIONS: [(&str, &str); 14] = [
    ("/api/v1/live", "/api/v1/live?group_by=browser"),
    (
        "/api/v1/live/stream",
        "/api/v1/live/stream?group_by=browser",
    ),
    ("/api/v1/sessions", "/api/v1/sessions?DAY"),
    ("/api/v1/sessions/{session_id}", "/api/v1/sessions/shared"),
    (
        "/api/v1/sessions/{session_id}/events",
        "/api/v1/sessions/shared/events",
    ),
    (
        "/api/v1/sessions/{session_id}/timeline",
        "/api/v1/sessions/shared/timeline",
    ),
    (
        "/api/v1/metrics/query",
        "/api/v1/metrics/query?metric=sessions&group_by=browser&DAY",
    ),
    (
        "/api/v1/metrics/{metric}/histogram",
        "/api/v1/metrics/session_ms/histogram?filter=browser:contains:browser&DAY",
    ),
    ("/api/v1/dimensions", "/api/v1/dimensions?DAY"),
    (
        "/api/v1/dimensions/{dimension}/values",
        "/api/v1/dimensions/browser/values?DAY",
    ),
    ("/api/v1/errors", "/api/v1/errors?DAY"),
    (
        "/api/v1/export/sessions.{format}",
        "/api/v1/export/sessions.csv?DAY",
    ),
    (
        "/api/v1/export/events.{format}",
        "/api/v1/export/events.ndjson?DAY",
    ),
    // The dictionary is the same for all.
    ("/api/v1/metrics", ""),
];

/// A site's events, each with its mark; the second site's session is longer.
fn events(session_id: &str, mark: &str) -> Value {
    let long = if mark == "mark-two" { 9000 } else { 0 };
    let mut events = Vec::new();
    for (event_id, event_type, after_ms) in [
        ("1", "SESSION_START", 0),
        ("2", "PLAY", 0),
        ("3", "PLAYER_ERROR", 5000 + long),
    ] {
        let mut event = original_event(session_id, event_id, event_type, T + after_ms);
        event["viewerId"] = json!(mark);
        event["device"]["browser"] = json!(format!("browser-{mark}"));
        event["error"] = json!({"type": "network", "details": mark, "fatal": true});
        event["custom"] = json!({mark: mark});
        events.push(event);
    }
    json!(events)
}

struct Site {
    mark: &'static str,
    other: &'static str,
    write: String,
    read: String,
}

async fn sites(server: &Server) -> [Site; 2] {
    let site = async |mark: &'static str, other: &'static str| Site {
        mark,
        other,
        write: server.write_key(mark).await,
        read: server.read_key(mark).await,
    };
    [
        site("mark-one", "mark-two").await,
        site("mark-two", "mark-one").await,
    ]
}

/// The answer's text; of a stream what comes first.
async fn text(server: &Server, site: &Site, path: &str) -> String {
    let request = server.client.get(server.url(path)).bearer_auth(&site.read);
    let mut response = request.send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    if path.contains("/stream") {
        let piece = response.chunk().await.unwrap().unwrap();
        return String::from_utf8(piece.to_vec()).unwrap();
    }
    response.text().await.unwrap()
}

/// Asks by turns, so that what is kept in memory for one would be told to the other.
async fn each_sees_its_own(server: &Server, sites: &[Site; 2], path: &str) {
    let path = path.replace("DAY", DAY);
    for site in [&sites[0], &sites[1], &sites[0], &sites[1]] {
        let told = text(server, site, &path).await;
        assert!(
            !told.contains(site.other),
            "{path} tells {}: {told}",
            site.mark
        );
        if path.contains("histogram") {
            let length = if site.mark == "mark-one" {
                "5000"
            } else {
                "14000"
            };
            let other = if site.mark == "mark-one" {
                "14000"
            } else {
                "5000"
            };
            assert!(told.contains(length) && !told.contains(other), "{told}");
        } else {
            assert!(
                told.contains(site.mark),
                "{path} tells {}: {told}",
                site.mark
            );
        }
    }
}

async fn send(server: &Server, sites: &[Site; 2]) {
    for site in sites {
        for session in ["shared", site.mark] {
            let sent = server
                .post_with(&site.write, &events(session, site.mark))
                .await;
            // The other site's events of the same ids are no duplicates of these.
            sent.took(3, 0, 0);
        }
    }
}

#[actix_web::test]
async fn live_sessions_are_their_own_projects_alone() {
    let server = server().await;
    let sites = sites(&server).await;
    send(&server, &sites).await;
    for path in [
        "/api/v1/live?group_by=browser",
        "/api/v1/live/stream?group_by=browser",
        "/api/v1/sessions?status=live&DAY",
        "/api/v1/sessions/shared",
        "/api/v1/sessions/shared/events",
        "/api/v1/sessions/shared/timeline",
    ] {
        each_sees_its_own(&server, &sites, path).await;
    }
    let live = text(&server, &sites[0], "/api/v1/live").await;
    let live: Value = serde_json::from_str(&live).unwrap();
    assert_eq!(live["total"]["sessions"], 2);
    unknown_to_others(&server, &sites).await;
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn finished_sessions_are_their_own_projects_alone() {
    let first = server().await;
    let sites = sites(&first).await;
    send(&first, &sites).await;
    let url = first.database.url.clone();
    // Which writes the summaries.
    first.application.stop().await.unwrap();
    let server = Server::start(settings(&url), &url).await;
    for (path, question) in QUESTIONS {
        if !question.is_empty() && !path.starts_with("/api/v1/live") {
            each_sees_its_own(&server, &sites, question).await;
        }
    }
    unknown_to_others(&server, &sites).await;
    server.application.stop().await.unwrap();
}

#[test]
fn these_are_all_questions_there_are() {
    let document: Value = serde_json::from_str(&video_telemetry::http::document()).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let asked = paths.filter(|(_, methods)| methods.get("get").is_some());
    let paths = asked
        .map(|(path, _)| path)
        .filter(|path| path.starts_with("/api/v1/"));
    let asked = QUESTIONS.iter().map(|(path, _)| (*path).to_owned());
    assert_eq!(asked.collect::<BTreeSet<_>>(), paths.cloned().collect());
}

/// A session of one site is none of the other's, and a tag of one says nothing to the other.
async fn unknown_to_others(server: &Server, sites: &[Site; 2]) {
    let [one, two] = sites;
    for (site, session) in [(one, two.mark), (two, one.mark)] {
        for below in ["", "/events", "/timeline"] {
            let path = format!("/api/v1/sessions/{session}{below}");
            let answer = server.ask_as(&site.read, &path).await;
            answer.is_problem(404, "unknown_session");
        }
    }
    for path in [
        "/api/v1/sessions/shared",
        "/api/v1/sessions/shared/timeline",
    ] {
        let answer = server.ask_as(&one.read, path).await;
        assert_eq!(
            answer.header("vary"),
            Some("Authorization, X-Telemetry-Key")
        );
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
        let bearer = format!("Bearer {}", one.read);
        let tag = answer.header("etag").unwrap();
        let again = [("authorization", &*bearer), ("if-none-match", tag)];
        assert_eq!(server.send(Method::GET, path, &again, "").await.status, 304);
    }
}
