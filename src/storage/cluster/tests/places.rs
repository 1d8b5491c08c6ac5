//! Any folder will do, for any user.

use std::os::unix::process::CommandExt;

use super::*;

#[test]
fn a_folder_that_the_server_s_user_cannot_reach_is_replaced_and_found_again() {
    let root = tempfile::tempdir().unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let clone = root.path().join("clone");
    let cluster = serve(&clone.join("data"));
    query(&cluster, "CREATE TABLE t AS SELECT 5 AS a");
    if account::own_uid() != 0 {
        assert_eq!(cluster.pgdata(), cluster.data_dir().join("postgresql"));
        return;
    }
    let elsewhere = cluster.home.folder.clone();
    assert!(elsewhere.starts_with("/var/lib/video-telemetry"));
    let note = cluster.notes().join(" ");
    assert!(note.contains(elsewhere.to_str().unwrap()), "{note}");
    cluster.stop().unwrap();
    fs::rename(&clone, root.path().join("moved")).unwrap();
    assert!(
        cluster_major(&root.path().join("moved/data"))
            .unwrap()
            .is_some()
    );
    let again = serve(&root.path().join("moved/data"));
    assert_eq!(again.home.folder, elsewhere);
    assert_eq!(query(&again, "SELECT a FROM t"), "5");
    drop(again);
    fs::remove_dir_all(elsewhere).unwrap();
}

#[test]
fn long_and_unusual_folders_get_a_socket_elsewhere() {
    let folder = data_dir();
    for name in ["x".repeat(100), "a folder, 'quoted'".to_owned()] {
        let cluster = serve(&folder.path().join(name));
        assert!(
            cluster.socket_dir.starts_with("/tmp"),
            "{:?}",
            cluster.socket_dir
        );
        assert!(!cluster.socket_dir.starts_with(folder.path()));
        assert_eq!(query(&cluster, "SELECT 1"), "1");
        let socket_dir = cluster.socket_dir.clone();
        drop(cluster);
        fs::remove_dir(socket_dir).unwrap();
    }
}

#[test]
fn nobody_else_can_enter_the_cluster_or_its_socket_folder() {
    let cluster = PrivateCluster::temporary().unwrap();
    for folder in [cluster.pgdata(), cluster.socket_dir.clone()] {
        let mode = fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o700, "{}", folder.display());
    }
}

const NOBODY: u32 = 65534;

/// Starts the other process as `nobody`, who may be unable to enter the folders of this program.
fn start_as_nobody(role: &str, folder: &Path) -> (Other, String) {
    let reachable = data_dir();
    let program = reachable.path().join("tests");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    Other::start_program(&program, role, folder, |command| {
        command.uid(NOBODY).gid(NOBODY).current_dir("/");
    })
}

/// As root, the ordinary user is `nobody`.
#[test]
fn an_ordinary_user_runs_the_server_itself_and_root_may_join() {
    let folder = data_dir();
    let as_root = account::own_uid() == 0;
    if as_root {
        std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let (ordinary, said) = if as_root {
        start_as_nobody("serve", folder.path())
    } else {
        Other::start("serve", folder.path())
    };
    let guest = share(folder.path());
    assert_eq!(query(&guest, "SELECT 1"), "1");
    assert!(said.starts_with(&guest.database_url()), "{said}");
    drop(guest);
    ordinary.end();
    // The cluster stays its owner's when root runs it.
    let owner = serve(folder.path()).home.account.uid;
    assert_eq!(owner, if as_root { NOBODY } else { account::own_uid() });
}

#[test]
fn a_cluster_of_another_user_is_refused_by_name() {
    if account::own_uid() != 0 {
        return;
    }
    let folder = data_dir();
    let owner = serve(folder.path());
    if owner.home.account.uid == NOBODY {
        return;
    }
    let (other, said) = start_as_nobody("share", folder.path());
    assert!(said.contains("belongs to postgres"), "{said}");
    other.end();
}
