//! Who PostgreSQL runs as.
//!
//! An ordinary user runs it as itself. PostgreSQL refuses root, so root runs it as the owner of the
//! cluster if there is one already, else as `postgres`, else as `nobody`.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown, fchown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, io};

use super::error::{ClusterError, io_error};

/// A user of this machine, as the server's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    gid: u32,
    /// We are root and must become this user.
    pub(super) becomes: bool,
}

impl Account {
    /// The owner of the cluster in `pgdata`, where there is one.
    pub(super) fn of_cluster(pgdata: &Path) -> Result<Option<Self>, ClusterError> {
        let version = fs::metadata(pgdata.join("PG_VERSION"));
        if version.is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return Ok(None);
        }
        // Whose it is shows in the folder, even where we may not look inside.
        let owner = fs::metadata(pgdata).map_err(io_error("look at", pgdata))?;
        let account = Self::of_ids(owner.uid(), owner.gid());
        if account.uid == 0 {
            return Err(ClusterError::NotYours {
                folder: pgdata.to_owned(),
                owner: "root, whom PostgreSQL refuses".to_owned(),
            });
        }
        if account.uid != own_uid() && own_uid() != 0 {
            return Err(ClusterError::NotYours {
                folder: pgdata.to_owned(),
                owner: account.name,
            });
        }
        Ok(Some(account))
    }

    /// Who runs a new cluster.
    pub(super) fn of_new_cluster() -> Result<Self, ClusterError> {
        if own_uid() != 0 {
            return Ok(Self::of_ids(own_uid(), rustix::process::getegid().as_raw()));
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let (uid, gid) = server_user(&users).ok_or(ClusterError::NoAccount)?;
        Ok(Self::of_ids(uid, gid))
    }

    fn of_ids(uid: u32, gid: u32) -> Self {
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        Self {
            name: name_of(&users, uid).unwrap_or_else(|| format!("user {uid}")),
            uid,
            gid,
            becomes: own_uid() == 0,
        }
    }

    /// A command that runs as this user, apart from our terminal and from the caller's settings.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        command
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .current_dir("/")
            .stdin(Stdio::null());
        if self.becomes {
            // The standard library clears the supplementary groups when root sets another uid.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Whether this user may pass through `folder` and everything above it.
    pub(super) fn can_enter(&self, folder: &Path) -> bool {
        let mut test = self.command(Path::new("test"));
        let answer = test
            .arg("-x")
            .arg(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        answer.is_ok_and(|status| status.success())
    }

    /// Creates a folder that only this user (and root) can enter.
    pub(super) fn create_private_folder(&self, folder: &Path) -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(folder)?;
        self.give(folder)
    }

    /// Makes this user the owner of an open file.
    pub(super) fn give_file(&self, file: &File) -> io::Result<()> {
        if self.becomes {
            fchown(file, Some(self.uid), Some(self.gid))?;
        }
        Ok(())
    }

    /// Makes this user the owner.
    pub(super) fn give(&self, path: &Path) -> io::Result<()> {
        if self.becomes {
            chown(path, Some(self.uid), Some(self.gid))?;
        }
        Ok(())
    }
}

/// The effective user id of this process.
pub(super) fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whom root lets run the server.
fn server_user(users: &str) -> Option<(u32, u32)> {
    ids_of(users, "postgres").or_else(|| ids_of(users, "nobody"))
}

fn ids_of(users: &str, name: &str) -> Option<(u32, u32)> {
    let user = passwd_lines(users).find(|user| user.first() == Some(&name))?;
    Some((user.get(2)?.parse().ok()?, user.get(3)?.parse().ok()?))
}

fn name_of(users: &str, uid: u32) -> Option<String> {
    let uid = uid.to_string();
    let user = passwd_lines(users).find(|user| user.get(2) == Some(&uid.as_str()))?;
    user.first().map(|name| (*name).to_owned())
}

fn passwd_lines(users: &str) -> impl Iterator<Item = Vec<&str>> {
    users.lines().map(|line| line.split(':').collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn users_are_read_from_passwd() {
        let users = "root:x:0:0:root:/root:/bin/bash\npostgres:x:101:104::/var/lib/postgresql:/bin/bash\nbroken\n";
        assert_eq!(ids_of(users, "postgres"), Some((101, 104)));
        assert_eq!(ids_of(users, "broken"), None);
        assert_eq!(name_of(users, 101), Some("postgres".to_owned()));
    }

    #[test]
    fn root_prefers_postgres_to_nobody() {
        let nobody = "nobody:x:65534:65534::/:/bin/false\n";
        let both = format!("{nobody}postgres:x:101:104::/:/bin/bash\n");
        assert_eq!(server_user(nobody), Some((65534, 65534)));
        assert_eq!(server_user(&both), Some((101, 104)));
        assert_eq!(server_user("root:x:0:0::/:/bin/bash\n"), None);
    }

    #[test]
    fn root_never_runs_postgresql_as_itself() {
        let account = Account::of_new_cluster().unwrap();
        assert_ne!(account.uid, 0);
        let who = account.command(Path::new("id")).arg("-u").output().unwrap();
        assert_eq!(
            String::from_utf8_lossy(&who.stdout).trim(),
            account.uid.to_string()
        );
    }

    #[test]
    fn a_folder_that_only_root_can_enter_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let account = Account::of_new_cluster().unwrap();
        assert_eq!(account.can_enter(folder.path()), !account.becomes);
        assert!(account.can_enter(Path::new("/tmp")));
    }
}
