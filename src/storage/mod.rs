//! PostgreSQL through diesel-async.

pub mod audit;
pub mod cluster;
pub mod connection;
mod error;
pub mod event;
mod facade;
mod insert;
mod key;
mod lane_insert;
mod metrics;
pub mod migrations;
pub mod partitions;
mod plan;
mod pool;
pub mod quarantine;
pub mod queries;
pub mod query;
pub mod recovery;
mod replay;
mod schema;
pub mod sealed;
pub mod sqlstate;
mod summaries;
mod summary_hours;
mod summary_row;
pub mod timeline;
mod writer;

pub use error::StorageError;
pub use facade::{Settings, Storage};
pub use key::SessionKey;
pub use metrics::Metrics;
pub use pool::{Pool, PooledConnection};
pub use replay::{fold_session, fold_sessions};
pub use summaries::{Saved, SummaryWriter};
pub use summary_row::SummaryRow;
pub use writer::{Batch, Fate, Outcome, Writer};
