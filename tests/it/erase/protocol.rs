//! Erasures that break off, race, and are learned of late.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::{beside, event, hasty_server};
use crate::process::{run, stdout_of};
use crate::support::{Database, server, settings, until};
use video_telemetry::session::clock;
use video_telemetry::storage::SessionKey;
use video_telemetry::storage::erasures::{Target, erase, erased_among, finish};

/// A write that was under way when the session's rows were deleted.
async fn commit_late(database: &Database, session_id: &str) {
    let json = event(session_id, "ann", 77);
    database
        .execute(&format!(
            "INSERT INTO telemetry_events (session_id, event_id, event_timestamp, event_type, \
                 viewer_id, raw_json) \
             VALUES ('{session_id}', 'e77', {}, 'PLAY', 'ann', '{json}')",
            json["timestamp"]
        ))
        .await;
}

#[actix_web::test]
async fn what_was_under_way_is_deleted_after_the_grace() {
    let server = hasty_server().await;
    let database = &server.database;
    server
        .telemetry(&[event("late", "ann", 0)])
        .await
        .took(1, 0, 0);
    server.summary("late").await;
    server.erase("sessions/late").await;
    commit_late(database, "late").await;
    // Recovery may even make a summary of it. That is no difference either.
    stdout_of(&[
        "refold",
        "--database-url",
        &database.url,
        "--session",
        "late",
    ]);
    database.verified();
    database.finished(1).await;
    assert_eq!(database.traces("late").await, Vec::<String>::new());
    assert_eq!(database.traces("ann").await, Vec::<String>::new());
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn the_second_deletion_takes_what_the_first_could_not_see() {
    let database = crate::support::database().await;
    let (pool, now) = (&database.pool, clock::now());
    let key = SessionKey::new(&"default".into(), "late");
    for n in 0..12_000 / 1000 {
        // More than one statement's worth.
        let (from, to) = (n * 1000, n * 1000 + 999);
        database
            .execute(&format!(
                "INSERT INTO telemetry_events (session_id, event_id, event_timestamp, event_type, \
                     raw_json) \
                 SELECT 'late', 'e' || n, n, 'PLAY', '{{}}' FROM generate_series({from}, {to}) AS n"
            ))
            .await;
    }
    let target = Target::Session(key.clone());
    let mut laid = 0;
    let erased = erase(pool, &target, now, |keys| laid += keys.len(), |_| {});
    assert_eq!(erased.await.unwrap().events, 12_000);
    assert_eq!(laid, 1);
    commit_late(&database, "late").await;
    let again = finish(pool, &[key], now).await.unwrap();
    assert_eq!((again.events, again.sessions), (1, 1));
    database.finished(1).await;
    assert_eq!(database.traces("late").await, Vec::<String>::new());
}

#[actix_web::test]
async fn an_erasure_that_broke_off_behind_its_tombstone_is_finished_by_a_server() {
    let server = server().await;
    let (database, url) = (&server.database, server.database.url.clone());
    server
        .telemetry(&[event("half", "ann", 0)])
        .await
        .took(1, 0, 0);
    server.summary("half").await;
    server.application.stop().await.unwrap();
    // As a command that dies right behind its tombstone.
    database
        .execute(
            "INSERT INTO erasures VALUES (sha256('default\\000half'::bytea), 'default', 'half', now())",
        )
        .await;
    // Half-deleted or not: it is no difference.
    database.execute("DELETE FROM telemetry_events").await;
    assert_eq!(database.verified()["erased"], 1);

    let mut settings = settings(&url);
    settings.privacy.erasure_grace = Duration::from_millis(100);
    let server = crate::support::Server::start(settings, &url).await;
    let answer = server.telemetry(&[event("half", "ann", 1)]).await;
    answer.is_problem(400, "all_rejected");
    database.finished(1).await;
    assert_eq!(database.traces("half").await, Vec::<String>::new());
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_server_learns_of_what_others_erase_and_drops_what_it_holds() {
    let one = hasty_server().await;
    let two = beside(&one).await;
    let database = &one.database;
    for n in 0..3 {
        two.telemetry(&[event("shared", "ann", n)])
            .await
            .took(1, 0, 0);
    }
    two.summary("shared").await;
    let timeline = "/api/v1/sessions/shared/timeline";
    assert_eq!(two.send(Method::GET, timeline, &[], "").await.status, 200);
    let counted = "/api/v1/metrics/query?metric=sessions";
    let sessions = async || {
        let answer = two.send(Method::GET, counted, &[], "").await.json();
        answer["total"]["values"]["sessions"]["value"]
            .as_f64()
            .unwrap_or(0.0)
    };
    until("the figures count it", async || {
        (sessions().await > 0.5).then_some(())
    })
    .await;

    one.erase("sessions/shared").await;
    two.refuses_erased("shared").await;
    let gone = two.send(Method::GET, timeline, &[], "").await;
    gone.is_problem(404, "unknown_session");
    until("the figures count it no more", async || {
        (sessions().await < 0.5).then_some(())
    })
    .await;
    database.finished(1).await;
    // A server that starts later knows as well.
    let three = beside(&one).await;
    let answer = three.telemetry(&[event("shared", "ann", 0)]).await;
    answer.is_problem(400, "all_rejected");
    for server in [one, two, three] {
        server.application.stop().await.unwrap();
    }
}

#[actix_web::test]
async fn nothing_that_works_on_rows_brings_an_erased_session_back() {
    let server = hasty_server().await;
    let database = &server.database;
    server
        .telemetry(&[event("gone", "ann", 0), event("kept", "bob", 0)])
        .await;
    server.summary("gone").await;
    server.summary("kept").await;
    server.erase("sessions/gone").await;
    database.finished(1).await;
    stdout_of(&["refold", "--database-url", &database.url, "--all"]);
    let one = run(&[
        "refold",
        "--database-url",
        &database.url,
        "--session",
        "gone",
    ]);
    assert!(!one.status.success());
    assert_eq!(database.verified()["equal"], 1);
    assert_eq!(database.traces("gone").await, Vec::<String>::new());
    let project = "default".into();
    let keys = ["gone", "kept"].map(|id| SessionKey::new(&project, id));
    let erased = erased_among(&database.pool, &keys).await.unwrap();
    assert_eq!(erased.into_iter().collect::<Vec<_>>(), keys[..1]);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_session_of_another_project_is_left_alone() {
    let server = hasty_server().await;
    let database = &server.database;
    server
        .telemetry(&[event("same", "ann", 0)])
        .await
        .took(1, 0, 0);
    server.summary("same").await;
    let arguments = [
        "erase",
        "--database-url",
        &database.url,
        "--yes",
        "--no-wait",
    ];
    let more = [
        "--session",
        "same",
        "--project",
        "other",
        "--output",
        "json",
    ];
    let told = stdout_of(&[&arguments[..], &more[..]].concat());
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&told["events"], &told["project"]),
        (&json!(0), &json!("other"))
    );
    database.finished(1).await;
    let more = ["--viewer", "ann", "--project", "other"];
    stdout_of(&[&arguments[..], &more[..]].concat());
    server
        .telemetry(&[event("same", "ann", 1)])
        .await
        .took(1, 0, 0);
    server.application.stop().await.unwrap();
}
