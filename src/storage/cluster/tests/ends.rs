//! However a process ends, the database is whole and the next start finds it.

use std::os::unix::process::ExitStatusExt;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::*;

fn pid_of(pgdata: &Path) -> i32 {
    match look(pgdata).unwrap() {
        State::Ready(found) => found.pid,
        other => panic!("not ready: {other:?}"),
    }
}

/// URL and cluster folder, as the other process said them.
fn parts(said: &str) -> (&str, PathBuf) {
    let mut parts = said.split('\t');
    (parts.next().unwrap(), PathBuf::from(parts.next().unwrap()))
}

#[test]
fn a_killed_process_leaves_a_clean_database() {
    for role in ["serve", "share"] {
        let folder = data_dir();
        let (other, said) = Other::start(role, folder.path());
        let (url, pgdata) = parts(&said);
        query_url(url, "CREATE TABLE t AS SELECT 7 AS a");
        other.kill();
        wait_until_down(&pgdata);
        wait_until_shut_down(&folder.path().join("postgresql.log"));
        assert_eq!(
            query(&serve(folder.path()), "SELECT a FROM t"),
            "7",
            "{role}"
        );
    }
}

/// A folder with links to these programs, to be a whole PATH.
fn only_programs(names: &[&str]) -> tempfile::TempDir {
    let folder = data_dir();
    for name in names {
        let real = Path::new("/usr/bin").join(name);
        std::os::unix::fs::symlink(real, folder.path().join(name)).unwrap();
    }
    folder
}

#[test]
fn a_killed_process_leaves_a_clean_database_without_setpriv_too() {
    let folder = data_dir();
    let path = only_programs(&["flock", "test"]);
    let (other, said) = Other::start_with("serve", folder.path(), |command| {
        command.env("PATH", path.path());
    });
    assert!(said.contains("setpriv is missing"), "{said}");
    other.kill();
    wait_until_down(&folder.path().join("postgresql"));
    wait_until_shut_down(&folder.path().join("postgresql.log"));
}

#[test]
fn without_setpriv_and_flock_the_next_serve_adopts_what_is_left() {
    let folder = data_dir();
    let path = only_programs(&["test"]);
    let (other, said) = Other::start_with("serve", folder.path(), |command| {
        command.env("PATH", path.path());
    });
    assert!(said.contains("flock cannot be run"), "{said}");
    let left = pid_of(&folder.path().join("postgresql"));
    other.kill();
    let cluster = serve(folder.path());
    assert_eq!(pid_of(&cluster.pgdata()), left);
    let pgdata = cluster.pgdata();
    drop(cluster);
    assert_eq!(look(&pgdata).unwrap(), State::Down);
}

#[test]
fn ctrl_c_reaches_the_service_and_not_the_server() {
    let folder = data_dir();
    let (mut other, said) = Other::start_with("serve", folder.path(), |command| {
        use std::os::unix::process::CommandExt;
        command.process_group(0);
    });
    let (_, pgdata) = parts(&said);
    let pid = pid_of(&pgdata);
    let group = rustix::process::getpgid(Pid::from_raw(pid)).unwrap();
    assert_eq!(
        group.as_raw_nonzero().get(),
        pid,
        "the server leads its own group"
    );
    // What a terminal does; this process dies of it, and takes the server along in good order.
    kill_process_group(Pid::from_child(&other.child), Signal::INT).unwrap();
    assert_eq!(other.child.wait().unwrap().signal(), Some(2));
    wait_until_down(&pgdata);
    wait_until_shut_down(&folder.path().join("postgresql.log"));
}

#[test]
fn an_orphan_is_adopted_and_stopped_with_serve() {
    let folder = data_dir();
    drop(serve(folder.path()));
    let home = Home::resolve(folder.path()).unwrap();
    let pg_ctl = find_binaries(None).unwrap().program("pg_ctl");
    let mut start = home.account.command(&pg_ctl);
    start.args(["start", "--silent", "-D"]).arg(home.pgdata());
    start.args([
        "-o",
        &format!(
            "-k {} -c listen_addresses=",
            folder.path().join("run").display()
        ),
    ]);
    assert!(start.stdout(Stdio::null()).status().unwrap().success());
    let orphan = pid_of(&home.pgdata());
    let cluster = serve(folder.path());
    assert_eq!(pid_of(&home.pgdata()), orphan);
    assert_eq!(query(&cluster, "SELECT 1"), "1");
    cluster.stop().unwrap();
    assert_eq!(look(&home.pgdata()).unwrap(), State::Down);
}

#[test]
fn an_adopted_server_ends_with_a_killed_serve_too() {
    let folder = data_dir();
    let (short, _) = Other::start("share", folder.path());
    let (owner, said) = Other::start("serve", folder.path());
    short.end();
    owner.kill();
    wait_until_down(&parts(&said).1);
}

#[test]
fn a_server_that_is_stopping_is_waited_for() {
    let folder = data_dir();
    let (other, said) = Other::start("serve", folder.path());
    let (url, _) = parts(&said);
    query_url(
        url,
        "CREATE TABLE t AS SELECT generate_series(1, 200000) AS a",
    );
    other.kill();
    assert_eq!(
        query(&serve(folder.path()), "SELECT count(*) FROM t"),
        "200000"
    );
}

#[test]
fn a_server_that_dies_is_started_again() {
    let folder = data_dir();
    let cluster = serve(folder.path());
    query(&cluster, "CREATE TABLE t AS SELECT 1 AS a");
    let pgdata = cluster.pgdata();
    let first = pid_of(&pgdata);
    kill_process(Pid::from_raw(first).unwrap(), Signal::QUIT).unwrap();
    wait_until(
        "a new server is ready",
        || matches!(look(&pgdata).unwrap(), State::Ready(found) if found.pid != first),
    );
    assert_eq!(query(&cluster, "SELECT a FROM t"), "1");
}

#[test]
fn a_stale_lock_file_blocks_nobody() {
    let folder = data_dir();
    drop(serve(folder.path()));
    let pgdata = folder.path().join("postgresql");
    let mut gone = Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    // A living process of the server's own user is the case PostgreSQL itself refuses.
    let account = Home::resolve(folder.path()).unwrap().account;
    let mut foreign = account
        .command(Path::new("sleep"))
        .arg("600")
        .spawn()
        .unwrap();
    for pid in [gone.id(), foreign.id()] {
        let text = format!(
            "{pid}\n{}\n1\n5432\n/tmp\n\n 1 2\nready   \n",
            pgdata.display()
        );
        fs::write(pgdata.join("postmaster.pid"), text).unwrap();
        assert_eq!(query(&serve(folder.path()), "SELECT 1"), "1");
    }
    foreign.kill().unwrap();
    foreign.wait().unwrap();
}

#[test]
fn a_half_finished_creation_is_begun_anew() {
    let folder = data_dir();
    let unfinished = folder.path().join("postgresql.new");
    fs::create_dir_all(unfinished.join("base/1")).unwrap();
    fs::write(unfinished.join("PG_VERSION"), "15\n").unwrap();
    let cluster = serve(folder.path());
    assert_eq!(query(&cluster, "SELECT 1"), "1");
    assert!(!unfinished.exists());
}

#[test]
fn a_throwaway_cluster_is_removed_however_its_process_ends() {
    for kill in [false, true] {
        let (other, said) = Other::start("temporary", Path::new("/unused"));
        let folder = parts(&said).1.parent().unwrap().to_owned();
        assert!(folder.is_dir());
        if kill {
            other.kill()
        } else {
            other.end()
        }
        wait_until("the folder is removed", || !folder.exists());
    }
}
