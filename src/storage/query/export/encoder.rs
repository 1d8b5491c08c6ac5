//! The formats of an export.

use std::fmt;

use super::Column;
use super::cell::Cell;
use super::csv::Csv;
use super::ndjson::Ndjson;
use super::parquet::Parquet;
use crate::storage::StorageError;

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180 with a header.
    Csv,
    /// A JSON object a line.
    Ndjson,
    /// Apache Parquet, compressed with Snappy.
    Parquet,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Ndjson, Self::Parquet];

    /// Its name, which files of it end with.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
        }
    }

    /// The format of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// An encoder of rows with these columns. What comes before the first row is encoded already.
    pub(super) fn encoder(self, columns: &[Column]) -> Result<Box<dyn Encoder>, StorageError> {
        Ok(match self {
            Self::Csv => Box::new(Csv::new(columns)),
            Self::Ndjson => Box::new(Ndjson::new(columns)),
            Self::Parquet => Box::new(Parquet::new(columns)?),
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Makes bytes of rows: for each row every cell in the order of the columns, then the row's end.
pub(super) trait Encoder: Send {
    /// A cell of the column with this number.
    fn cell(&mut self, at: usize, cell: Cell<'_>);

    /// After a row's last cell.
    fn end_row(&mut self) -> Result<(), StorageError>;

    /// After the last row.
    fn end(&mut self) -> Result<(), StorageError>;

    /// What is encoded and was not taken away yet.
    fn bytes(&mut self) -> &mut Vec<u8>;
}

/// A value as JSON has it; a number is the shortest text that reads back as the same.
pub(super) fn push_json(bytes: &mut Vec<u8>, value: impl serde::Serialize) {
    // Writing to memory does not fail.
    serde_json::to_writer(bytes, &value).unwrap_or_default();
}
