//! Who may use a cluster beside whom.

use super::*;

#[test]
fn a_second_serve_is_refused_by_name() {
    let folder = data_dir();
    let (first, _) = Other::start("serve", folder.path());
    let refused = PrivateCluster::open(folder.path(), Ownership::Exclusive).unwrap_err();
    let text = refused.to_string();
    let pid = format!("(pid {})", first.child.id());
    assert!(text.contains(&pid), "{text}");
    assert!(text.contains(folder.path().to_str().unwrap()), "{text}");
    first.end();
    serve(folder.path());
}

#[test]
fn a_short_command_uses_the_server_of_serve_and_leaves_it_running() {
    let folder = data_dir();
    let owner = serve(folder.path());
    query(&owner, "CREATE TABLE t AS SELECT 1 AS a");
    let guest = share(folder.path());
    assert_eq!(guest.database_url(), owner.database_url());
    guest.stop().unwrap();
    assert_eq!(query(&owner, "SELECT a FROM t"), "1");
}

#[test]
fn a_short_command_alone_starts_the_server_and_stops_it() {
    let folder = data_dir();
    let alone = share(folder.path());
    assert_eq!(query(&alone, "SELECT 1"), "1");
    let (pgdata, log) = (alone.pgdata(), alone.home.log_file());
    alone.stop().unwrap();
    assert_eq!(look(&pgdata).unwrap(), State::Down);
    assert!(ended_cleanly(&log));
}

#[test]
fn of_two_short_commands_the_last_one_ends_the_server() {
    let folder = data_dir();
    let (first, _) = Other::start("share", folder.path());
    let second = share(folder.path());
    first.end();
    assert_eq!(query(&second, "SELECT 1"), "1");
    let (pgdata, log) = (second.pgdata(), second.home.log_file());
    drop(second);
    wait_until_down(&pgdata);
    wait_until_shut_down(&log);
}

#[test]
fn many_short_commands_can_begin_at_once_on_a_new_folder() {
    let folder = data_dir();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let cluster = share(folder.path());
                assert_eq!(query(&cluster, "SELECT 1"), "1");
            });
        }
    });
    wait_until_down(&folder.path().join("postgresql"));
}

#[test]
fn serve_takes_over_from_a_short_command_that_then_leaves() {
    let folder = data_dir();
    let (short, _) = Other::start("share", folder.path());
    let owner = serve(folder.path());
    short.end();
    assert_eq!(query(&owner, "SELECT 1"), "1");
    let pgdata = owner.pgdata();
    owner.stop().unwrap();
    assert_eq!(look(&pgdata).unwrap(), State::Down);
}
