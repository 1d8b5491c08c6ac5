//! Where the server listens: a Unix socket in a folder of its user's alone. There is no TCP port.
//!
//! The folder is `run/` beside the cluster. A socket's path may have 107 bytes at most, and
//! PostgreSQL reads the folder from a comma-separated list, so a long or unusual path makes it
//! `/tmp/video-telemetry-<hash>` instead. A server that is running tells its folder itself.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::account::Account;
use super::create::NAME;
use super::error::ClusterError;
use super::home::{Home, path_hash};

const SOCKET: &str = ".s.PGSQL.5432";
const LONGEST_PATH_BYTES: usize = 107;

/// The folder for the socket, created if missing.
pub(super) fn socket_folder(home: &Home) -> Result<PathBuf, ClusterError> {
    let beside = home.folder.join("run");
    if is_usable_path(&beside) && is_private(&beside, &home.account) {
        return Ok(beside);
    }
    let short = PathBuf::from(format!("/tmp/video-telemetry-{}", path_hash(&home.folder)));
    for number in 0..10 {
        // Whoever plants a folder of this name only makes us take the next one.
        let folder = short.with_added_extension(number.to_string());
        if is_private(&folder, &home.account) {
            return Ok(folder);
        }
    }
    Err(ClusterError::NoSocketFolder(short))
}

fn is_usable_path(folder: &Path) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+".contains(byte);
    folder.join(SOCKET).as_os_str().len() <= LONGEST_PATH_BYTES
        && folder.as_os_str().as_bytes().iter().all(plain)
}

/// Creates the folder, or sees that an existing one is the server's and closed to others.
fn is_private(folder: &Path, account: &Account) -> bool {
    if account.create_private_folder(folder).is_ok() {
        return true;
    }
    fs::symlink_metadata(folder).is_ok_and(|found| {
        found.is_dir() && found.uid() == account.uid && found.mode() & 0o077 == 0
    })
}

/// The URL of one database behind the socket in this folder. The host is percent-encoded, which
/// libpq and tokio-postgres both read as a folder.
pub(super) fn url(socket_dir: &Path, database: &str) -> String {
    let host = percent_encode(socket_dir.as_os_str().as_bytes());
    let database = percent_encode(database.as_bytes());
    format!("postgresql://{NAME}@{host}/{database}")
}

fn percent_encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn the_url_encodes_the_folder_and_the_database() {
        assert_eq!(
            url(Path::new("/tmp/a b"), "t/1"),
            "postgresql://telemetry@%2Ftmp%2Fa%20b/t%2F1"
        );
    }

    #[test]
    fn long_and_unusual_paths_are_not_used_for_the_socket() {
        let longest = format!("/{}", "x".repeat(LONGEST_PATH_BYTES - SOCKET.len() - 2));
        assert!(is_usable_path(Path::new(&longest)));
        assert!(!is_usable_path(Path::new(&format!("{longest}x"))));
        assert!(!is_usable_path(Path::new("/tmp/a,b")));
        assert!(!is_usable_path(Path::new("/tmp/a b")));
    }

    #[test]
    fn a_planted_folder_is_not_taken() {
        let root = tempfile::tempdir().unwrap();
        let account = Account::of_new_cluster().unwrap();
        let fresh = root.path().join("fresh");
        assert!(is_private(&fresh, &account));
        assert!(is_private(&fresh, &account), "our own is taken again");
        let open = root.path().join("open");
        account.create_private_folder(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(!is_private(&open, &account), "others can enter it");
        let link = root.path().join("link");
        symlink(&fresh, &link).unwrap();
        assert!(!is_private(&link, &account), "a link");
        if account.becomes {
            let roots = root.path().join("roots");
            fs::create_dir(&roots).unwrap();
            fs::set_permissions(&roots, fs::Permissions::from_mode(0o700)).unwrap();
            assert!(!is_private(&roots, &account), "another user's");
        }
    }
}
