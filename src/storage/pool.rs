//! Connections for reading and for everything that is not the write path of events.

use std::time::Duration;

use diesel::ConnectionResult;
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::deadpool::{Object, Pool as Deadpool};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use futures_util::future::BoxFuture;

use super::StorageError;
use super::connection::CONNECT_TIMEOUT;

/// How long a caller waits for a free connection.
const WAIT_TIMEOUT: Duration = Duration::from_secs(5);

/// A bounded pool. A caller that finds no free connection in time gets an error.
#[derive(Clone)]
pub struct Pool(Deadpool<AsyncPgConnection>);

/// A connection on loan.
pub type PooledConnection = Object<AsyncPgConnection>;

impl Pool {
    /// A pool of at most `size` connections; none is opened before it is asked for.
    pub fn new(database_url: &str, size: usize) -> Result<Self, StorageError> {
        Self::build(database_url, size, ManagerConfig::default())
    }

    /// The same, of connections that `open` makes.
    pub fn with_setup(
        database_url: &str,
        size: usize,
        open: impl Fn(&str) -> BoxFuture<'_, ConnectionResult<AsyncPgConnection>>
        + Send
        + Sync
        + 'static,
    ) -> Result<Self, StorageError> {
        let mut config = ManagerConfig::default();
        config.custom_setup = Box::new(open);
        Self::build(database_url, size, config)
    }

    fn build(
        database_url: &str,
        size: usize,
        mut config: ManagerConfig<AsyncPgConnection>,
    ) -> Result<Self, StorageError> {
        // The default sends a query at every loan.
        config.recycling_method = RecyclingMethod::Fast;
        let manager = AsyncDieselConnectionManager::new_with_config(database_url, config);
        let pool = Deadpool::builder(manager)
            .max_size(size)
            .runtime(deadpool::Runtime::Tokio1)
            .wait_timeout(Some(WAIT_TIMEOUT))
            .create_timeout(Some(CONNECT_TIMEOUT))
            .build()
            .map_err(|error| StorageError::Pool(error.to_string()))?;
        Ok(Self(pool))
    }

    /// Borrows a connection for work that must be done in time. A connection on which work was
    /// abandoned is closed, since its server may never answer.
    pub async fn within<T>(
        &self,
        limit: Duration,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let mut connection = self.get().await?;
        match tokio::time::timeout(limit, work(&mut connection)).await {
            Ok(done) => done,
            Err(_elapsed) => {
                drop(Object::take(connection));
                Err(StorageError::StatementTimeout)
            }
        }
    }

    /// Borrows a connection.
    pub async fn get(&self) -> Result<PooledConnection, StorageError> {
        self.0
            .get()
            .await
            .map_err(|error| StorageError::Pool(error.to_string()))
    }
}
