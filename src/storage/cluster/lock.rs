//! The three lock files of a cluster. The kernel drops them with their process, however it ends.
//!
//! - `serve.lock`: exclusive, held by `serve` for its life; holds its pid.
//! - `users.lock`: shared, held by every process that uses the cluster. Whoever gets it exclusively
//!   knows that nobody does (the keeper waits for that).
//! - `start.lock`: exclusive, held while a process creates, starts or leaves the cluster.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::error::{ClusterError, io_error};
use super::home::Home;

/// Someone else may be creating the cluster, or its server recovering from a crash.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(300);
const TICK: Duration = Duration::from_millis(20);

/// The path of the lock that every user of the cluster holds.
pub(super) fn users_file(home: &Home) -> PathBuf {
    home.folder.join("users.lock")
}

/// Takes the folder for one `serve`, or says who has it.
pub(super) fn serve(home: &Home) -> Result<File, ClusterError> {
    let path = home.folder.join("serve.lock");
    let mut file = open(home, &path)?;
    if !attempt(file.try_lock(), &path)? {
        let mut text = String::new();
        let read = file.read_to_string(&mut text);
        let known = read.is_ok() && !text.trim().is_empty();
        return Err(ClusterError::InUse {
            folder: home.data_dir.clone(),
            holder: if known {
                format!(" (pid {})", text.trim())
            } else {
                String::new()
            },
        });
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(io_error("write", &path))?;
    Ok(file)
}

/// Waits until no other process creates, starts or leaves this cluster.
pub(super) fn start(home: &Home, longest: Duration) -> Result<File, ClusterError> {
    let path = home.folder.join("start.lock");
    let file = open(home, &path)?;
    wait_for(&path, longest, || file.try_lock())?;
    Ok(file)
}

/// Becomes a user of the cluster. `true`: there was no other.
pub(super) fn users(home: &Home) -> Result<(File, bool), ClusterError> {
    let path = users_file(home);
    let file = open(home, &path)?;
    let alone = attempt(file.try_lock(), &path)?;
    wait_for(&path, LONGEST_WAIT, || file.try_lock_shared())?;
    Ok((file, alone))
}

/// Stops being a user. `true`: there is no other, and none can come until the file is dropped.
pub(super) fn leave(home: &Home, file: &File) -> Result<bool, ClusterError> {
    let path = users_file(home);
    file.unlock().map_err(io_error("unlock", &path))?;
    attempt(file.try_lock(), &path)
}

/// The file belongs to the server's user: its keeper and that user's own commands lock it too.
fn open(home: &Home, path: &Path) -> Result<File, ClusterError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(0o600);
    // Root may work in a folder that another user owns: no link of theirs is followed.
    let no_links = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    options.custom_flags(no_links);
    let file = options.open(path).map_err(io_error("open", path))?;
    let given = home.account.give_file(&file);
    given.map_err(io_error("give away", path))?;
    Ok(file)
}

fn attempt(result: Result<(), TryLockError>, path: &Path) -> Result<bool, ClusterError> {
    match result {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(io_error("lock", path)(error)),
    }
}

fn wait_for(
    path: &Path,
    longest: Duration,
    try_lock: impl Fn() -> Result<(), TryLockError>,
) -> Result<(), ClusterError> {
    let begun = Instant::now();
    while !attempt(try_lock(), path)? {
        if begun.elapsed() > longest {
            return Err(ClusterError::TimedOut {
                what: format!("the lock {}", path.display()),
                seconds: longest.as_secs(),
            });
        }
        thread::sleep(TICK);
    }
    Ok(())
}
