//! A disk of a few hundred MiB in memory, which can be filled.
//!
//! Root mounts it. An ordinary user has it mounted in a namespace of its own, where the system allows
//! that, and the whole harness begins anew in there, as the same user.

use std::env;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const MIB: usize = 1024 * 1024;
/// A new cluster, its log of changes, and room for the rows of the players.
const OPTIONS: &str = "size=400m,mode=755";
/// The disk that is there already, in a namespace.
const VARIABLE: &str = "CHAOS_DISK";

/// Begins this program anew in a namespace with a disk, as an ordinary user who may have one. Returns
/// when there is nothing to do, or no way to do it.
pub fn enter_namespace() {
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    if user.is_root() || env::var_os(VARIABLE).is_some() {
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("disk");
    let (user, group) = (user.as_raw(), group.as_raw());
    // Mounting asks for root, and PostgreSQL for anybody else: one namespace inside the other.
    let script = format!(
        "mount -t tmpfs -o {OPTIONS},uid=0 tmpfs \"$0\" && \
         exec unshare --user --map-user={user} --map-group={group} \"$@\""
    );
    let namespace = || {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]);
        command.arg(&folder).env(VARIABLE, &folder);
        command
    };
    let tried = fs::create_dir_all(&folder).and_then(|()| namespace().arg("true").output());
    if tried.is_ok_and(|tried| tried.status.success())
        && let Ok(this) = env::current_exe()
    {
        let error = namespace().arg(this).args(env::args_os().skip(1)).exec();
        eprintln!("chaos: no namespace: {error}");
    }
}

/// A tmpfs; dropping it unmounts it, or empties what the namespace has.
pub struct Disk {
    pub folder: PathBuf,
    is_mounted_here: bool,
}

impl Disk {
    /// Mounts it at `folder`, or says why that cannot be.
    pub fn mount(folder: &Path) -> Result<Self, String> {
        if let Some(there) = env::var_os(VARIABLE) {
            return Ok(Self {
                folder: there.into(),
                is_mounted_here: false,
            });
        }
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", OPTIONS, "tmpfs"]);
        let output = mount.arg(folder).output();
        let output = output.map_err(|error| format!("mount: {error}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(said.trim().to_owned());
        }
        Ok(Self {
            folder: folder.to_owned(),
            is_mounted_here: true,
        })
    }

    /// Writes until nothing more fits. Dropping the ballast makes room again.
    pub fn fill(&self) -> std::io::Result<Ballast> {
        let ballast = Ballast(self.folder.join("ballast"));
        let mut file = File::create(&ballast.0)?;
        for block in [vec![1; MIB], vec![1; 4096]] {
            while file.write_all(&block).is_ok() {}
        }
        Ok(ballast)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.is_mounted_here {
            // Whoever still has a file open there keeps nothing mounted.
            let mut unmount = Command::new("umount");
            unmount.arg("-l").arg(&self.folder).status().ok();
        } else {
            fs::remove_dir_all(self.folder.join("data")).ok();
        }
    }
}

/// The file that fills a disk.
pub struct Ballast(PathBuf);

impl Ballast {
    pub fn size_mib(&self) -> usize {
        let bytes = fs::metadata(&self.0).map_or(0, |file| file.len());
        usize::try_from(bytes).unwrap_or(0) / MIB
    }
}

impl Drop for Ballast {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}
