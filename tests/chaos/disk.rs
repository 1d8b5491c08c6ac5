//! A disk of a few hundred MiB in memory, which can be filled.
//!
//! Root mounts it. An ordinary user cannot; where the system lets it have a namespace of its own, the
//! harness runs in one as a whole, see `scripts/chaos`.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const MIB: usize = 1024 * 1024;

/// A mounted tmpfs; dropping it unmounts it.
pub struct Disk {
    pub folder: PathBuf,
}

impl Disk {
    /// Mounts it at `folder`, or says why that cannot be.
    pub fn mount(folder: &Path, size_mib: usize) -> Result<Self, String> {
        let mut mount = Command::new("mount");
        mount.args([
            "-t",
            "tmpfs",
            "-o",
            &format!("size={size_mib}m,mode=755"),
            "tmpfs",
        ]);
        let output = mount
            .arg(folder)
            .output()
            .map_err(|error| format!("mount: {error}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(said.trim().to_owned());
        }
        Ok(Self {
            folder: folder.to_owned(),
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
        // Whoever still has a file open there keeps nothing mounted.
        Command::new("umount")
            .arg("-l")
            .arg(&self.folder)
            .status()
            .ok();
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
