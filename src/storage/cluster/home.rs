//! Where the cluster lives.
//!
//! Normally in the data folder itself: `postgresql/` (the cluster), `postgresql.log`, `run/` (the
//! socket) and the lock files. When root starts the service, the server runs as another user; where
//! that one cannot pass (a clone under /root, a 0700 temporary folder) all of this lives in
//! `/var/lib/video-telemetry/<name>` instead, and `cluster-name` in the data folder holds the name,
//! so that the data is found again after the clone has moved.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::account::{Account, own_uid};
use super::error::{ClusterError, io_error};

const ELSEWHERE: &str = "/var/lib/video-telemetry";
const NAME_FILE: &str = "cluster-name";

/// The folder of one cluster and who runs it.
#[derive(Debug, Clone)]
pub(super) struct Home {
    /// The data folder the user named, absolute.
    pub(super) data_dir: PathBuf,
    /// Where the cluster is: the data folder, or a folder in `/var/lib/video-telemetry`.
    pub(super) folder: PathBuf,
    pub(super) account: Account,
}

impl Home {
    /// Decides where the cluster of `data_dir` lives; creates the folders above it.
    pub(super) fn resolve(data_dir: &Path) -> Result<Self, ClusterError> {
        let mode = if own_uid() == 0 { 0o711 } else { 0o700 };
        create_folder(data_dir, mode)?;
        let data_dir = fs::canonicalize(data_dir).map_err(io_error("find", data_dir))?;
        if let Some(account) = Account::of_cluster(&data_dir.join("postgresql"))? {
            if !account.can_enter(&data_dir) {
                return Err(ClusterError::Unreachable {
                    folder: data_dir,
                    owner: account.name,
                });
            }
            return Ok(Self::new(&data_dir, &data_dir, account));
        }
        let account = Account::of_new_cluster()?;
        let name = recorded_name(&data_dir);
        if name.is_none() && account.can_enter(&data_dir) {
            return Ok(Self::new(&data_dir, &data_dir, account));
        }
        let folder = folder_elsewhere(&data_dir, name)?;
        let account = Account::of_cluster(&folder.join("postgresql"))?.unwrap_or(account);
        Ok(Self::new(&data_dir, &folder, account))
    }

    fn new(data_dir: &Path, folder: &Path, account: Account) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            folder: folder.to_owned(),
            account,
        }
    }

    /// The cluster itself, PostgreSQL's own data directory.
    pub(super) fn pgdata(&self) -> PathBuf {
        self.folder.join("postgresql")
    }

    /// What the server logs, since its last start.
    pub(super) fn log_file(&self) -> PathBuf {
        self.folder.join("postgresql.log")
    }

    /// What to tell the user when the cluster is not where they would look for it.
    pub(super) fn note(&self) -> Option<String> {
        (self.folder != self.data_dir).then(|| {
            format!(
                "PostgreSQL runs as {}, who cannot enter {}: the cluster is in {}",
                self.account.name,
                self.data_dir.display(),
                self.folder.display()
            )
        })
    }
}

/// Creates the folder with this mode, whatever the umask; leaves an existing one as it is.
pub(super) fn create_folder(folder: &Path, mode: u32) -> Result<(), ClusterError> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(io_error("create", parent))?;
    }
    match DirBuilder::new().create(folder) {
        Ok(()) => fs::set_permissions(folder, Permissions::from_mode(mode)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
    .map_err(io_error("create", folder))
}

/// The folder outside, created if missing. Its name is kept in the data folder.
fn folder_elsewhere(data_dir: &Path, name: Option<String>) -> Result<PathBuf, ClusterError> {
    let base = Path::new(ELSEWHERE);
    create_folder(base, 0o755)?;
    let metadata = fs::symlink_metadata(base).map_err(io_error("look at", base))?;
    if !metadata.is_dir() || metadata.uid() != own_uid() {
        return Err(ClusterError::NotYours {
            folder: base.to_owned(),
            owner: format!("user {}", metadata.uid()),
        });
    }
    let is_new = name.is_none();
    let name = name.unwrap_or_else(|| name_for(data_dir));
    let folder = base.join(&name);
    create_folder(&folder, 0o711)?;
    if is_new {
        let file = data_dir.join(NAME_FILE);
        fs::write(&file, format!("{name}\n")).map_err(io_error("write", &file))?;
    }
    Ok(folder)
}

/// Where the cluster of this data folder is, if there is one.
pub(super) fn existing_folder(data_dir: &Path) -> PathBuf {
    match recorded_name(data_dir) {
        Some(name) if !data_dir.join("postgresql").exists() => Path::new(ELSEWHERE).join(name),
        _ => data_dir.to_owned(),
    }
}

/// Only a plain name counts: the file must not lead root into some other folder.
fn recorded_name(data_dir: &Path) -> Option<String> {
    if own_uid() != 0 {
        return None;
    }
    let text = fs::read_to_string(data_dir.join(NAME_FILE)).ok()?;
    let name = text.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (!name.is_empty() && name.chars().all(plain)).then(|| name.to_owned())
}

/// `/root/player lab/data` → `player-lab-data-` and eight digits of the path's hash.
fn name_for(data_dir: &Path) -> String {
    let mut parts: Vec<String> = data_dir
        .components()
        .rev()
        .take(2)
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    parts.reverse();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let readable: String = parts.join("-").chars().map(plain).take(40).collect();
    format!("{}-{}", readable.trim_matches('-'), path_hash(data_dir))
}

/// Eight hexadecimal digits that stand for this path.
pub(super) fn path_hash(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_bytes());
    digest.iter().take(4).map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_readable_stable_and_different_for_each_path() {
        let name = name_for(Path::new("/root/player lab/data"));
        assert!(name.starts_with("player-lab-data-"), "{name}");
        assert_eq!(name, name_for(Path::new("/root/player lab/data")));
        assert_ne!(name, name_for(Path::new("/root/player-lab/data")));
    }

    #[test]
    fn a_name_that_leads_elsewhere_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let check = |text: &str, expected: Option<&str>| {
            fs::write(folder.path().join(NAME_FILE), text).unwrap();
            let expected = expected.filter(|_| own_uid() == 0).map(str::to_owned);
            assert_eq!(recorded_name(folder.path()), expected, "{text:?}");
        };
        check("clone-data-1a2b3c4d\n", Some("clone-data-1a2b3c4d"));
        check("../../etc\n", None);
        check("\n", None);
    }
}
