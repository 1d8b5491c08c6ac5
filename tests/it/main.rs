//! The product from outside: real HTTP, a real PostgreSQL, the real binary.
//!
//! One cluster serves the whole run; every test has a database of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "tests fail by panicking"
)]

mod answers;
mod bad_events;
mod cli;
mod columns;
mod command;
mod cors;
mod flow;
mod ingest;
mod layers;
mod operation;
mod outage;
mod problems;
mod proxy;
mod rejections;
mod replay;
mod shapes;
mod support;
