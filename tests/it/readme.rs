//! The README's first look does what it says: its `sh` and `sql` blocks are run in order.

use std::path::Path;
use std::process::Command;

use crate::process::{BINARY, ServeProcess, free_port, private_url};
use crate::support::{Database, until};

#[actix_web::test]
async fn the_first_look_of_the_readme_works_from_top_to_bottom() {
    // PostgreSQL's own user must be able to pass.
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    let folder = tempfile::Builder::new()
        .permissions(everybody)
        .tempdir()
        .unwrap();
    let data_dir = folder.path().join("data");
    let arguments = [
        "--idle-timeout",
        "2s",
        "--data-dir",
        data_dir.to_str().unwrap(),
    ];
    let server = ServeProcess::start(free_port(), &arguments);
    let database = Database::at(&private_url(&data_dir));
    let readme = include_str!("../../README.md");
    let mut blocks = 0;
    for (language, block) in blocks_of(readme) {
        match language {
            "sh" => {
                if block.contains("sessions show") || block.contains(" verify") {
                    every_session_has_a_summary(&database).await;
                }
                run(block, &server.url, folder.path());
            }
            "sql" => {
                database.rows(block.trim_end().trim_end_matches(';')).await;
            }
            _ => continue,
        }
        blocks += 1;
    }
    assert!(blocks >= 8, "only {blocks} blocks were found");
    let look = database
        .rows("SELECT * FROM session_summaries WHERE session_id = 'look'")
        .await;
    for (figure, value) in [
        ("session_ms", 20_800),
        ("startup_ms", 800),
        ("playing_ms", 18_000),
        ("rebuffer_ms", 2000),
    ] {
        assert_eq!(look[0][figure], value, "{figure}");
    }
    assert_eq!(server.terminate(), Some(0));
}

/// The fenced blocks with their languages.
fn blocks_of(markdown: &str) -> impl Iterator<Item = (&str, &str)> {
    markdown
        .split("\n```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.split_once('\n'))
}

async fn every_session_has_a_summary(database: &Database) {
    until("every session has its summary", async || {
        let missing = "SELECT DISTINCT session_id FROM telemetry_events \
             EXCEPT SELECT session_id FROM session_summaries";
        (database.count(missing).await == 0).then_some(())
    })
    .await;
}

/// Runs a block as a newcomer would, against this server and in this folder.
fn run(block: &str, url: &str, folder: &Path) {
    let script = block
        .replace("http://127.0.0.1:3000", url)
        .replace(
            "./target/release/video-telemetry simulate",
            &format!("{BINARY} simulate --url {url}"),
        )
        .replace("./target/release/video-telemetry", BINARY);
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .current_dir(folder)
        .env_remove("DATABASE_URL")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}\n{told}\n{complaint}");
    // A problem tells its status as a number.
    for status in ["\"status\":4", "\"status\":5"] {
        assert!(!told.contains(status), "{script}\n{told}");
    }
}
