//! The product from outside: real HTTP, a real PostgreSQL, the real binary.
//!
//! One cluster serves the whole run; every test has a database of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "tests fail by panicking"
)]

mod chaos;
mod explain;
mod ingest;
mod layers;
mod metrics_doc;
mod process;
mod protocol;
mod refold;
mod support;
mod views;
