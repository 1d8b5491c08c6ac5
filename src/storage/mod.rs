//! PostgreSQL through diesel-async.

pub mod cluster;
