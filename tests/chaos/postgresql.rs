//! What may happen to a PostgreSQL: it is stopped, frozen, and has no connection left.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio_postgres::{Client, NoTls};

const TICK: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(60);

/// The postmaster of a cluster's folder.
pub fn postmaster(pgdata: &Path) -> anyhow::Result<Pid> {
    let text = fs::read_to_string(pgdata.join("postmaster.pid"))?;
    let pid = text
        .lines()
        .next()
        .and_then(|line| line.trim().parse().ok());
    pid.and_then(Pid::from_raw)
        .context("no pid in postmaster.pid")
}

/// Waits for a postmaster that is ready, and is another one than `before`.
pub async fn started_again(pgdata: &Path, before: Pid) -> anyhow::Result<Pid> {
    let begun = Instant::now();
    loop {
        let text = fs::read_to_string(pgdata.join("postmaster.pid")).unwrap_or_default();
        let ready = text
            .lines()
            .nth(7)
            .is_some_and(|line| line.trim() == "ready");
        if ready
            && let Ok(pid) = postmaster(pgdata)
            && pid != before
        {
            return Ok(pid);
        }
        ensure!(
            begun.elapsed() < PATIENCE,
            "PostgreSQL has not started again after {PATIENCE:?}"
        );
        tokio::time::sleep(TICK).await;
    }
}

/// All processes of a cluster, stopped in their tracks; they go on when this is dropped.
pub struct Frozen(Vec<Pid>);

impl Frozen {
    pub fn all_of(pgdata: &Path) -> anyhow::Result<Self> {
        let postmaster = postmaster(pgdata)?;
        let mut frozen = Self(Vec::new());
        // First the one that starts others.
        frozen.freeze(postmaster)?;
        for child in children_of(postmaster)? {
            // It may have ended meanwhile.
            frozen.freeze(child).ok();
        }
        Ok(frozen)
    }

    fn freeze(&mut self, pid: Pid) -> anyhow::Result<()> {
        kill_process(pid, Signal::STOP)?;
        self.0.push(pid);
        Ok(())
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        for pid in self.0.iter().rev() {
            kill_process(*pid, Signal::CONT).ok();
        }
    }
}

fn children_of(parent: Pid) -> anyhow::Result<Vec<Pid>> {
    let mut children = Vec::new();
    for process in fs::read_dir("/proc")? {
        let stat = fs::read_to_string(process?.path().join("stat")).unwrap_or_default();
        // pid (name) state ppid …; a name may have spaces.
        let Some((front, back)) = stat.rsplit_once(')') else {
            continue;
        };
        let ppid = back
            .split_whitespace()
            .nth(1)
            .and_then(|ppid| ppid.parse().ok());
        let pid = front
            .split_whitespace()
            .next()
            .and_then(|pid| pid.parse().ok());
        if ppid == Some(parent.as_raw_nonzero().get()) {
            children.extend(pid.and_then(Pid::from_raw));
        }
    }
    Ok(children)
}

/// A connection of our own.
pub async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Every connection that PostgreSQL has; they are free again when this is dropped.
pub struct Hog(Vec<Client>);

/// Those of the hog are told by their name; background workers are no clients.
const CUT_OFF: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
     WHERE backend_type = 'client backend' AND application_name <> 'hog'";

impl Hog {
    /// Cuts off everybody else and takes their places, until there is none left.
    pub async fn of(url: &str) -> anyhow::Result<Self> {
        let url = format!("{url}?application_name=hog");
        let mut taken = Vec::new();
        let first = connect(&url).await?;
        let most = first.query_one("SHOW max_connections", &[]).await?;
        let most: usize = most.get::<_, &str>(0).parse()?;
        let begun = Instant::now();
        loop {
            first.execute(CUT_OFF, &[]).await?;
            while let Ok(client) = connect(&url).await {
                taken.push(client);
            }
            if taken.len() + 1 >= most {
                taken.push(first);
                return Ok(Self(taken));
            }
            ensure!(begun.elapsed() < PATIENCE, "others keep their connections");
        }
    }

    /// How many it holds.
    pub fn connections(&self) -> usize {
        self.0.len()
    }
}
