//! The judge of the fault tests, on faults that were planted: it must see each of them.

use std::fs;
use std::time::Duration;

use tempfile::TempDir;

#[path = "../chaos/judge.rs"]
mod bench;

use bench::{Findings, Judge, Logs};

use crate::process::Simulation;
use crate::support::{Server, server, until};

/// For what never comes.
const NO_PATIENCE: Duration = Duration::ZERO;

/// A server after a few sessions, all of them summarized, and the players' logs.
async fn played() -> (Server, TempDir) {
    let server = server().await;
    let folder = tempfile::tempdir().unwrap();
    let url = server.url("");
    let players = Simulation::start(folder.path(), &["--url", &url, "--sessions", "5"]);
    // It blocks, and the server lives on this thread.
    tokio::task::spawn_blocking(|| players.finish())
        .await
        .unwrap();
    until("all summaries are there", async || {
        (server.database.count("SELECT FROM session_summaries").await == 5).then_some(())
    })
    .await;
    (server, folder)
}

async fn judged(server: &Server, folder: &TempDir) -> Findings {
    let logs = Logs::read(&[folder.path().to_owned()]).unwrap();
    let judge = Judge::at(&server.database.url).await.unwrap();
    judge.judge(&logs, NO_PATIENCE).await.unwrap()
}

fn complains(findings: &Findings, of: &str) {
    let complaints = &findings.complaints;
    let heard = complaints.iter().any(|complaint| complaint.contains(of));
    assert!(heard, "{of}: {complaints:?}");
}

#[actix_web::test]
async fn a_day_without_faults_is_found_in_order() {
    let (server, folder) = played().await;
    let findings = judged(&server, &folder).await;
    assert_eq!(findings.complaints, [""; 0]);
    assert_eq!(findings.sessions, 5);
    assert_eq!(u64::try_from(findings.acked).unwrap(), findings.rows);
    assert_eq!(findings.issued, findings.acked);
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_lost_row_is_found() {
    let (server, folder) = played().await;
    let one = "DELETE FROM telemetry_events WHERE (session_id, event_id) = \
         (SELECT session_id, event_id FROM telemetry_events LIMIT 1)";
    server.database.execute(one).await;
    let findings = judged(&server, &folder).await;
    assert_eq!(findings.lost, 1);
    complains(&findings, "1 acked events are lost");
    complains(&findings, "1 sessions have no summary of all their rows");
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_doubled_row_is_found() {
    let (server, folder) = played().await;
    for statement in [
        "CREATE TABLE keyless AS SELECT * FROM telemetry_events",
        "INSERT INTO keyless SELECT * FROM telemetry_events LIMIT 2",
    ] {
        server.database.execute(statement).await;
    }
    let judge = Judge::at(&server.database.url).await.unwrap();
    let rows = judge.rows("keyless").await.unwrap();
    let logs = Logs::read(&[folder.path().to_owned()]).unwrap();
    let findings = bench::compare(&logs, &rows);
    assert_eq!((findings.doubled, findings.lost), (2, 0));
    complains(&findings, "2 events are there more than once");
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn a_wrong_summary_is_found() {
    let (server, folder) = played().await;
    let count = "UPDATE session_summaries SET event_count = event_count + 1 WHERE session_id = \
         (SELECT min(session_id) FROM session_summaries)";
    server.database.execute(count).await;
    let figure = "UPDATE session_summaries SET idle_ms = idle_ms + 1 WHERE session_id = \
         (SELECT max(session_id) FROM session_summaries)";
    server.database.execute(figure).await;
    let findings = judged(&server, &folder).await;
    complains(&findings, "1 sessions have no summary of all their rows");
    assert!(findings.differences >= 1, "{findings:?}");
    complains(&findings, "differences found by verify, such as");
    complains(&findings, "of 5 sessions, verify finds Some(");
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn rows_that_nobody_sent_and_rejected_ones_are_found() {
    let (server, folder) = played().await;
    let acked = folder.path().join("acked.log");
    let lines = fs::read_to_string(&acked).unwrap();
    let (first, others) = lines.split_once('\n').unwrap();
    let refused = first.rsplit_once('\t').unwrap().0;
    fs::write(&acked, format!("{refused}\trejected\n{others}")).unwrap();
    let issued = folder.path().join("issued.log");
    let lines = fs::read_to_string(&issued).unwrap();
    let (fewer, _) = lines.trim_end().rsplit_once('\n').unwrap();
    fs::write(&issued, fewer).unwrap();
    let findings = judged(&server, &folder).await;
    complains(&findings, "1 rejected events are rows");
    complains(&findings, "1 rows were never sent");
    complains(
        &findings,
        "1 events were rejected, and 0 are kept with a reason",
    );
    server.application.stop().await.unwrap();
}
