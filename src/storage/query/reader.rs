//! Answers questions on connections of its own: they are few, so that readers queue among themselves
//! and not before the writers, they can only read, and the server ends what takes too long.

use std::future::Future;
use std::time::Duration;

use diesel_async::pooled_connection::deadpool::Object;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::FutureExt;
use tokio::runtime::Handle;

use super::Columns;
use crate::storage::{Pool, StorageError};

/// Connections for questions.
const CONNECTIONS: usize = 4;
/// The longest a question may take; the server is told a little less, so that it speaks first.
const TIMEOUT: Duration = Duration::from_secs(15);
/// After that long a silence a server that does not answer the least question either is away.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);

/// What makes a connection one for questions. They sum up many rows: they may sort in memory, and the
/// planner must know that pages are cached and that the ingest wants the other cores. Compiling costs
/// more than these statements take.
const SETUP: &str = "SET statement_timeout = 14000; SET default_transaction_read_only = on; \
    SET work_mem = '64MB'; SET jit = off; SET random_page_cost = 1.1; \
    SET max_parallel_workers_per_gather = 0; SET TimeZone = 'UTC'";

/// A question and how it is answered.
pub trait Query: Send + 'static {
    /// What is answered.
    type Answer: Send + 'static;

    /// Asks PostgreSQL, for what the columns that are kept do not tell.
    fn run(
        self,
        connection: &mut AsyncPgConnection,
        columns: &Columns,
    ) -> impl Future<Output = Result<Self::Answer, StorageError>> + Send;
}

/// Answers questions; clones share the connections.
#[derive(Clone)]
pub struct Reader {
    runtime: Handle,
    pool: Pool,
    columns: Columns,
}

impl Reader {
    /// A reader whose connections live on `runtime`, and which keeps `columns`. Connects to nothing
    /// yet.
    pub fn new(
        database_url: &str,
        runtime: Handle,
        columns: Columns,
    ) -> Result<Self, StorageError> {
        let pool = Pool::with_setup(database_url, CONNECTIONS, |url| {
            let url = url.to_owned();
            async move {
                let mut connection = AsyncPgConnection::establish(&url).await?;
                let set = connection.batch_execute(SETUP).await;
                set.map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
                Ok(connection)
            }
            .boxed()
        })?;
        Ok(Self {
            runtime,
            pool,
            columns,
        })
    }

    /// Answers a question, in time or not at all.
    pub async fn answer<Q: Query>(&self, query: Q) -> Result<Q::Answer, StorageError> {
        let (pool, columns) = (self.pool.clone(), self.columns.clone());
        let asking = async move {
            let mut connection = pool.get().await?;
            match tokio::time::timeout(TIMEOUT, query.run(&mut connection, &columns)).await {
                Ok(answer) => answer,
                Err(_elapsed) => {
                    // Its server may never answer.
                    drop(Object::take(connection));
                    Err(if answers(&pool).await {
                        StorageError::StatementTimeout
                    } else {
                        StorageError::Away
                    })
                }
            }
        };
        let asked = self.runtime.spawn(asking).await;
        asked.unwrap_or(Err(StorageError::ShuttingDown))
    }
}

/// Whether PostgreSQL answers anything.
async fn answers(pool: &Pool) -> bool {
    let ask = async {
        let mut connection = pool.get().await?;
        Ok::<(), StorageError>(connection.batch_execute("SELECT 1").await?)
    };
    matches!(tokio::time::timeout(SIGN_OF_LIFE, ask).await, Ok(Ok(())))
}
