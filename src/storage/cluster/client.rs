//! The few queries of our own, from blocking code: each has its thread, connection and runtime.

use std::future::Future;
use std::path::Path;
use std::thread;
use std::time::Duration;

use tokio_postgres::{Client, Config, NoTls};

use super::create::NAME;
use super::error::ClusterError;

/// The database that every cluster has.
const ALWAYS_THERE: &str = "postgres";
const LONGEST_CONNECT: Duration = Duration::from_secs(5);

/// Creates the database unless it is there.
pub(super) fn create_database(socket_dir: &Path, name: &str) -> Result<(), ClusterError> {
    let sql = format!("CREATE DATABASE {}", quote(name));
    with_client(socket_dir, async |client: &Client| {
        let known = "SELECT 1 FROM pg_database WHERE datname = $1";
        if client.query_opt(known, &[&name]).await?.is_none() {
            client.batch_execute(&sql).await?;
        }
        Ok(())
    })
    .map_err(|error| error.into_cluster_error(format!("create the database {name}")))
}

enum Failure {
    Query(tokio_postgres::Error),
    NoRuntime,
}

impl Failure {
    fn into_cluster_error(self, action: String) -> ClusterError {
        match self {
            Self::Query(source) => ClusterError::Query { action, source },
            Self::NoRuntime => ClusterError::ThreadGone,
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Query(error)
    }
}

/// On a thread of its own, since the caller may be inside a runtime that must not block.
fn with_client<Work>(socket_dir: &Path, work: Work) -> Result<(), Failure>
where
    Work: AsyncFnOnce(&Client) -> Result<(), tokio_postgres::Error> + Send,
{
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            match runtime {
                Ok(runtime) => runtime.block_on(connect_and_work(socket_dir, work)),
                Err(_) => Err(Failure::NoRuntime),
            }
        });
        thread.join().unwrap_or(Err(Failure::NoRuntime))
    })
}

async fn connect_and_work<Work>(socket_dir: &Path, work: Work) -> Result<(), Failure>
where
    Work: AsyncFnOnce(&Client) -> Result<(), tokio_postgres::Error>,
{
    let mut config = Config::new();
    config
        .host_path(socket_dir)
        .user(NAME)
        .dbname(ALWAYS_THERE)
        .connect_timeout(LONGEST_CONNECT);
    let (client, connection) = config.connect(NoTls).await?;
    let work = async {
        let result = work(&client).await;
        drop(client);
        result
    };
    let (result, _) = both(work, connection).await;
    Ok(result?)
}

async fn both<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    tokio::join!(a, b)
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        assert_eq!(quote("a\"b"), "\"a\"\"b\"");
    }

    #[test]
    fn no_server_means_no_answer() {
        assert!(create_database(Path::new("/nowhere"), "x").is_err());
    }
}
