//! The private cluster on a real PostgreSQL. Processes that are killed are this test binary again,
//! running only [`child_process`].

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use super::postmaster::{State, look};
use super::*;

mod ends;
mod places;
mod users;

/// A data folder that the server's user can reach, removed at the end.
fn data_dir() -> tempfile::TempDir {
    let open = fs::Permissions::from_mode(0o755);
    tempfile::Builder::new()
        .prefix("vt-")
        .permissions(open)
        .tempdir_in("/tmp")
        .unwrap()
}

fn serve(folder: &Path) -> PrivateCluster {
    PrivateCluster::open(folder, Ownership::Exclusive).unwrap()
}

fn share(folder: &Path) -> PrivateCluster {
    PrivateCluster::open(folder, Ownership::Shared).unwrap()
}

/// The first column of the rows, a line each.
fn query(cluster: &PrivateCluster, sql: &str) -> String {
    query_url(&cluster.database_url(), sql)
}

fn query_url(url: &str, sql: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let messages = runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
            .await
            .unwrap();
        let driver = tokio::spawn(connection);
        let messages = client.simple_query(sql).await.unwrap();
        drop(client);
        driver.await.unwrap().unwrap();
        messages
    });
    let rows = messages.iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    rows.collect::<Vec<_>>().join("\n")
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "waited in vain: {what}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn wait_until_down(pgdata: &Path) {
    wait_until("the server ends", || look(pgdata).unwrap() == State::Down);
}

/// Waits for the server's own word that it ended well; it comes after its lock file has gone.
fn wait_until_shut_down(cluster_log: &Path) {
    wait_until("a clean end", || ended_cleanly(cluster_log));
}

fn ended_cleanly(cluster_log: &Path) -> bool {
    fs::read_to_string(cluster_log)
        .unwrap()
        .contains("database system is shut down")
}

/// Another process with the cluster of `folder` open.
struct Other {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Other {
    /// Starts it and waits until the cluster is open; `role` is `serve`, `share` or `temporary`.
    fn start(role: &str, folder: &Path) -> (Self, String) {
        Self::start_with(role, folder, |_| {})
    }

    fn start_with(role: &str, folder: &Path, change: impl Fn(&mut Command)) -> (Self, String) {
        Self::start_program(&std::env::current_exe().unwrap(), role, folder, change)
    }

    fn start_program(
        program: &Path,
        role: &str,
        folder: &Path,
        change: impl Fn(&mut Command),
    ) -> (Self, String) {
        let mut command = Command::new(program);
        command
            .args([
                "--exact",
                "storage::cluster::tests::child_process",
                "--nocapture",
            ])
            .env("CLUSTER_TEST_ROLE", role)
            .env("CLUSTER_TEST_FOLDER", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        change(&mut command);
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut other = Self { child, output };
        let said = other.hear("cluster: ");
        (other, said)
    }

    /// The rest of the next line that begins with this.
    fn hear(&mut self, begin: &str) -> String {
        for line in self.output.by_ref().lines() {
            if let Some((_, rest)) = line.unwrap().split_once(begin) {
                return rest.to_owned();
            }
        }
        panic!("the other process ended without saying {begin:?}");
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends its standard input, which it takes as the order to stop.
    fn end(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

/// Not a test by itself: the other process.
#[test]
fn child_process() {
    let Ok(role) = std::env::var("CLUSTER_TEST_ROLE") else {
        return;
    };
    let folder = PathBuf::from(std::env::var_os("CLUSTER_TEST_FOLDER").unwrap());
    let opened = match role.as_str() {
        "serve" => PrivateCluster::open(&folder, Ownership::Exclusive),
        "share" => PrivateCluster::open(&folder, Ownership::Shared),
        _ => PrivateCluster::temporary(),
    };
    match opened {
        Ok(cluster) => {
            println!(
                "cluster: {}\t{}\t{}",
                cluster.database_url(),
                cluster.pgdata().display(),
                cluster.notes().join(" ")
            );
            std::io::stdin().lines().for_each(drop);
            cluster.stop().unwrap();
        }
        Err(error) => println!("cluster: error {error}"),
    }
}

#[test]
fn data_survives_a_stop_and_the_settings_are_durable() {
    let folder = data_dir();
    let cluster = serve(folder.path());
    query(&cluster, "CREATE TABLE t AS SELECT 42 AS answer");
    let facts = "SELECT concat_ws('|', current_user, datname, pg_encoding_to_char(encoding),
        datcollate, inet_server_addr()) FROM pg_database WHERE datname = current_database()";
    assert_eq!(query(&cluster, facts), "telemetry|telemetry|UTF8|C");
    for (setting, value) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("listen_addresses", ""),
        ("max_connections", "100"),
        ("TimeZone", "UTC"),
    ] {
        assert_eq!(
            query(&cluster, &format!("SHOW {setting}")),
            value,
            "{setting}"
        );
    }
    let log = cluster.home.log_file();
    cluster.stop().unwrap();
    assert!(ended_cleanly(&log));
    let major = cluster_major(folder.path()).unwrap().unwrap();
    assert_eq!(find_binaries(Some(major)).unwrap().major, major);
    let again = serve(folder.path());
    assert_eq!(query(&again, "SELECT answer FROM t"), "42");
    assert!(again.notes().is_empty());
}

#[test]
fn each_test_can_have_its_own_database() {
    let cluster = PrivateCluster::temporary().unwrap();
    let url = cluster.create_database("one \"test\"").unwrap();
    assert_eq!(url, cluster.create_database("one \"test\"").unwrap());
    assert_eq!(query_url(&url, "SELECT current_database()"), "one \"test\"");
}

/// Through a shell, as a person would run it. A machine may have no psql; then it stays with the
/// text of the command.
#[test]
fn the_psql_command_works_when_pasted() {
    let cluster = PrivateCluster::temporary().unwrap();
    let command = cluster.psql_command();
    assert!(command.ends_with(&format!(" '{}'", cluster.database_url())));
    if !binaries::is_in_path("psql") && command.starts_with("psql") {
        println!("psql is not installed: {command} was not tried");
        return;
    }
    let line = format!("{command} -XAtc 'SELECT 6 * 7'");
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "42");
}
