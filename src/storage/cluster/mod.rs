//! The private PostgreSQL cluster.

/// An error of the private cluster.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {}
