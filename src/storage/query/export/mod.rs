//! Exports: every row of a period that passes the filters, as a stream of bytes in one of three formats.
//!
//! A question becomes an [`Export`]: a statement and the columns it gives. The [`Exporter`] runs it
//! with a cursor of PostgreSQL on a connection of its own and encodes row by row; the [`Download`]
//! hands the bytes to whoever asked, HTTP or the command line, no faster than they are taken. Memory
//! holds a few chunks, and with Parquet one row group, however long the export is.
//!
//! What goes wrong in the middle ends the stream with an error: an export is whole or is seen not to
//! be.

mod cell;
mod columns;
mod csv;
mod download;
mod encoder;
mod exporter;
mod ndjson;
mod parquet;
mod question;

pub use columns::{Column, ColumnKind};
pub use download::Download;
pub use encoder::Format;
pub use exporter::{Exporter, Limits};
pub use question::{EVENTS_EXPORT_PARAMS, Export, SESSIONS_EXPORT_PARAMS};
