//! Which database: one that is given, or the private cluster.

use std::path::PathBuf;

use crate::storage::StorageError;
use crate::storage::cluster::{Ownership, PrivateCluster};
use crate::storage::connection::TappedConnection;

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A PostgreSQL of the user's.
    Url(String),
    /// The private cluster in this folder.
    DataDir(PathBuf),
}

/// A database that can be reached; the private cluster runs as long as this is kept.
#[derive(Debug)]
pub struct Database {
    url: String,
    cluster: Option<PrivateCluster>,
}

impl Database {
    /// Starts or finds the private cluster, if that is the source.
    pub async fn open(source: Source, ownership: Ownership) -> Result<Self, StorageError> {
        match source {
            Source::Url(url) => {
                // The first connection tells best what is wrong.
                TappedConnection::open(&url).await?;
                Ok(Self { url, cluster: None })
            }
            Source::DataDir(folder) => {
                let opening = move || PrivateCluster::open(&folder, ownership);
                let cluster = tokio::task::spawn_blocking(opening)
                    .await
                    .map_err(|_panicked| StorageError::ShuttingDown)??;
                Ok(Self {
                    url: cluster.database_url(),
                    cluster: Some(cluster),
                })
            }
        }
    }

    /// The URL to connect to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The private cluster, if it is one.
    pub fn cluster(&self) -> Option<&PrivateCluster> {
        self.cluster.as_ref()
    }

    /// Stops the private cluster, if nobody else uses it.
    pub async fn close(self) -> Result<(), StorageError> {
        let Some(cluster) = self.cluster else {
            return Ok(());
        };
        tokio::task::spawn_blocking(move || cluster.stop())
            .await
            .map_err(|_panicked| StorageError::ShuttingDown)??;
        Ok(())
    }
}
