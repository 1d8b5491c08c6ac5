//! Finds PostgreSQL's server programs.
//!
//! Searched, the newest major winning: `TELEMETRY_PG_BIN` (then nothing else is), the folders of
//! `PATH`, `/usr/lib/postgresql/<major>/bin`, and where `scripts/up` puts what it fetches for an
//! ordinary user: `${XDG_DATA_HOME:-~/.local/share}/video-telemetry/postgresql/<major>/bin`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use super::error::ClusterError;

/// A folder with `postgres`, `initdb` and `pg_ctl` of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PgBinaries {
    /// The folder.
    pub dir: PathBuf,
    /// The major version: 15.
    pub major: u32,
    /// The whole version, as the server prints it: `15.18`.
    pub version: String,
}

impl PgBinaries {
    /// The path of one of its programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// The newest server programs, or the newest of the given major.
///
/// A cluster can only be run by the major that made it (its `PG_VERSION`).
pub fn find_binaries(major: Option<u32>) -> Result<PgBinaries, ClusterError> {
    choose(candidates(), major)
}

fn choose(folders: Vec<PathBuf>, major: Option<u32>) -> Result<PgBinaries, ClusterError> {
    let found: Vec<PgBinaries> = folders.into_iter().filter_map(inspect).collect();
    let fits = |one: &&PgBinaries| major.is_none_or(|major| one.major == major);
    let mut best: Option<&PgBinaries> = None;
    for one in found.iter().filter(fits) {
        if best.is_none_or(|best| version_key(one) > version_key(best)) {
            best = Some(one);
        }
    }
    best.cloned().ok_or_else(|| ClusterError::NoBinaries {
        wanted: wanted(major, &found),
    })
}

fn wanted(major: Option<u32>, found: &[PgBinaries]) -> String {
    let Some(major) = major else {
        return "any version would do".to_owned();
    };
    let others: Vec<&str> = found.iter().map(|one| one.version.as_str()).collect();
    let found = if others.is_empty() {
        "none".to_owned()
    } else {
        others.join(", ")
    };
    format!("version {major} made this cluster; found: {found}")
}

/// The numbers of the version, so that 15.10 is newer than 15.9.
fn version_key(one: &PgBinaries) -> Vec<u32> {
    let numbers = one.version.split(|c: char| !c.is_ascii_digit());
    numbers.filter_map(|number| number.parse().ok()).collect()
}

fn candidates() -> Vec<PathBuf> {
    if let Some(only) = env::var_os("TELEMETRY_PG_BIN") {
        return vec![PathBuf::from(only)];
    }
    let mut folders: Vec<PathBuf> = env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect())
        .unwrap_or_default();
    folders.extend(majors_below(Path::new("/usr/lib/postgresql")));
    if let Some(fetched) = fetched_folder() {
        folders.extend(majors_below(&fetched));
    }
    folders
}

/// Where `scripts/up` puts the programs it fetches: one folder a major.
fn fetched_folder() -> Option<PathBuf> {
    let absolute = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|p| p.is_absolute())
    };
    let data =
        absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")))?;
    Some(data.join("video-telemetry/postgresql"))
}

/// Whether a shell finds this program by its name.
pub(super) fn is_in_path(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

fn majors_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect()
}

/// The version of the programs in this folder; `None` unless all three are there and run.
fn inspect(dir: PathBuf) -> Option<PgBinaries> {
    if !dir.is_absolute() {
        return None;
    }
    let all_there = ["postgres", "initdb", "pg_ctl"]
        .iter()
        .all(|name| dir.join(name).is_file());
    if !all_there {
        return None;
    }
    let mut ask = Command::new(dir.join("postgres"));
    let answer = ask.arg("--version").stdin(Stdio::null()).output().ok()?;
    let version = parse_version(&String::from_utf8_lossy(&answer.stdout))?;
    let major = version.split(|c: char| !c.is_ascii_digit()).next()?;
    Some(PgBinaries {
        major: major.parse().ok()?,
        dir,
        version,
    })
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` → `15.18`.
fn parse_version(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    words.find(|word| *word == "(PostgreSQL)")?;
    words.next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn pretend(root: &Path, version: &str) -> PathBuf {
        let dir = root.join(version);
        fs::create_dir_all(&dir).unwrap();
        for name in ["postgres", "initdb", "pg_ctl"] {
            let path = dir.join(name);
            fs::write(
                &path,
                format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version} (some system)'\n"),
            )
            .unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        dir
    }

    #[test]
    fn the_newest_wins_unless_a_major_is_wanted() {
        let root = tempfile::tempdir().unwrap();
        let folders: Vec<PathBuf> = ["15.9", "15.10", "17.2", "18beta1"]
            .iter()
            .map(|version| pretend(root.path(), version))
            .collect();
        let check = |major, expected: &str| {
            let chosen = choose(folders.clone(), major).unwrap();
            assert_eq!(chosen.version, expected);
        };
        check(None, "18beta1");
        check(Some(15), "15.10");
        check(Some(17), "17.2");
    }

    #[test]
    fn a_folder_without_all_three_programs_is_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let dir = pretend(root.path(), "15.1");
        fs::remove_file(dir.join("pg_ctl")).unwrap();
        assert!(choose(vec![dir], None).is_err());
    }

    #[test]
    fn the_error_says_what_to_do_in_three_lines() {
        let root = tempfile::tempdir().unwrap();
        let error = choose(vec![pretend(root.path(), "17.2")], Some(15)).unwrap_err();
        let text = error.to_string();
        assert_eq!(text.lines().count(), 3, "{text}");
        for part in [
            "version 15 made this cluster; found: 17.2",
            "apt-get install",
            "DATABASE_URL",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn the_machine_has_programs() {
        let found = find_binaries(None).unwrap();
        assert!(found.program("postgres").is_file());
        assert_eq!(find_binaries(Some(found.major)).unwrap(), found);
    }
}
