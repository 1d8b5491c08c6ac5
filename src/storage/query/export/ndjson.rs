//! Newline-delimited JSON: an object a line, with every column of the export in its order. What is not
//! known is null; JSON columns are JSON within it.

use super::Column;
use super::cell::{Cell, rfc3339};
use super::encoder::{Encoder, push_json};
use crate::storage::StorageError;

pub(super) struct Ndjson {
    /// What stands before each column's value: `{"first":`, then `,"second":` and so on.
    keys: Vec<String>,
    bytes: Vec<u8>,
}

impl Ndjson {
    pub(super) fn new(columns: &[Column]) -> Self {
        let keys = columns.iter().enumerate().map(|(at, column)| {
            let before = if at == 0 { '{' } else { ',' };
            format!("{before}\"{}\":", column.name)
        });
        Self {
            keys: keys.collect(),
            bytes: Vec::new(),
        }
    }
}

impl Encoder for Ndjson {
    fn cell(&mut self, at: usize, cell: Cell<'_>) {
        let bytes = &mut self.bytes;
        let key = self.keys.get(at).map(String::as_bytes);
        bytes.extend_from_slice(key.unwrap_or_default());
        match cell {
            Cell::Null => bytes.extend_from_slice(b"null"),
            Cell::Text(text) => push_json(bytes, text),
            Cell::Integer(number) => push_json(bytes, number),
            Cell::Number(number) => push_json(bytes, number),
            Cell::Boolean(is) => push_json(bytes, is),
            Cell::Time(us) => push_json(bytes, rfc3339(us)),
            Cell::Json(text) => bytes.extend_from_slice(text.as_bytes()),
        }
    }

    fn end_row(&mut self) -> Result<(), StorageError> {
        self.bytes.extend_from_slice(b"}\n");
        Ok(())
    }

    fn end(&mut self) -> Result<(), StorageError> {
        Ok(())
    }

    fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}
