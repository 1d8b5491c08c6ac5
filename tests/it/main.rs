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

mod answers;
mod api;
mod api_docs;
mod bad_events;
mod bulk;
mod cli;
mod cli_ask;
mod cli_export;
mod cli_live;
mod cli_query;
mod cli_serve;
mod cli_verify;
mod columns;
mod command;
mod cors;
mod erase;
mod explain;
mod flow;
mod grafana;
mod hostile;
mod ingest;
mod judge;
mod keys;
mod layers;
mod live;
mod metrics_doc;
mod operation;
mod outage;
mod overload;
mod partitions;
mod plugin;
mod privacy;
mod problems;
#[expect(dead_code, reason = "the fault tests need the rest")]
mod process;
mod protocol;
#[expect(dead_code, reason = "the fault tests need the rest")]
mod proxy;
mod quarantine;
mod readme;
mod refold;
mod rejections;
mod replay;
mod retention;
mod schema;
mod shapes;
mod site;
mod sql_docs;
mod support;
mod viewer_ids;
mod views;
