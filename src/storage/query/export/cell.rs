//! Values as PostgreSQL sends them, in its binary form, by the kind of their column. Rows have 64
//! columns, so they are read by number: by name each would be searched for among all.

use chrono::{DateTime, SecondsFormat, Utc};

use super::ColumnKind;
use crate::storage::StorageError;

/// PostgreSQL counts microseconds from 2000-01-01, everybody else from 1970-01-01.
const POSTGRES_EPOCH_US: i64 = 946_684_800_000_000;

/// A value of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell<'a> {
    Null,
    Text(&'a str),
    Integer(i64),
    /// Always finite.
    Number(f64),
    Boolean(bool),
    /// Epoch µs; always a moment that RFC 3339 can write.
    Time(i64),
    /// JSON as text, on one line.
    Json(&'a str),
}

impl<'a> Cell<'a> {
    /// A value from its bytes, `None` for NULL. A number that is none (NaN) and a moment that is none
    /// (infinity) are NULL: no format can tell them.
    pub(super) fn read(kind: ColumnKind, bytes: Option<&'a [u8]>) -> Result<Self, StorageError> {
        let Some(bytes) = bytes else {
            return Ok(Self::Null);
        };
        let cell = match kind {
            ColumnKind::Text => str::from_utf8(bytes).ok().map(Self::Text),
            ColumnKind::Integer => bytes
                .try_into()
                .ok()
                .map(i64::from_be_bytes)
                .map(Self::Integer),
            ColumnKind::Number => bytes.try_into().ok().map(f64::from_be_bytes).map(number),
            ColumnKind::Boolean => bytes.first().map(|byte| Self::Boolean(*byte != 0)),
            ColumnKind::Time => bytes.try_into().ok().map(i64::from_be_bytes).map(time),
            ColumnKind::Json => json(bytes).map(Self::Json),
        };
        cell.ok_or_else(|| StorageError::ExportBroken(format!("{bytes:?} is no {kind:?}")))
    }
}

fn number(value: f64) -> Cell<'static> {
    if value.is_finite() {
        Cell::Number(value)
    } else {
        Cell::Null
    }
}

fn time(postgres_us: i64) -> Cell<'static> {
    let epoch_us = postgres_us.checked_add(POSTGRES_EPOCH_US);
    let epoch_us = epoch_us.filter(|us| DateTime::from_timestamp_micros(*us).is_some());
    epoch_us.map_or(Cell::Null, Cell::Time)
}

/// jsonb's binary form: version 1, then the text.
fn json(bytes: &[u8]) -> Option<&str> {
    match bytes.split_first() {
        Some((1, text)) => str::from_utf8(text).ok(),
        _ => None,
    }
}

/// A moment as RFC 3339 in UTC, with as many digits as it has.
pub(super) fn rfc3339(epoch_us: i64) -> String {
    let moment: DateTime<Utc> = DateTime::from_timestamp_micros(epoch_us).unwrap_or_default();
    moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_format_can_tell_is_null() {
        for (kind, bytes) in [
            (ColumnKind::Number, f64::NAN.to_be_bytes()),
            (ColumnKind::Number, f64::INFINITY.to_be_bytes()),
            (ColumnKind::Time, i64::MAX.to_be_bytes()),
            (ColumnKind::Time, i64::MIN.to_be_bytes()),
        ] {
            assert_eq!(
                Cell::read(kind, Some(&bytes)).unwrap(),
                Cell::Null,
                "{kind:?}"
            );
        }
    }

    #[test]
    fn bytes_of_another_type_are_an_error_and_no_guess() {
        for (kind, bytes) in [
            (ColumnKind::Integer, &b"\0\0\0\x01"[..]),
            (ColumnKind::Time, b"2026"),
            (ColumnKind::Text, b"\xff"),
            (ColumnKind::Json, b"{}"),
            (ColumnKind::Boolean, b""),
        ] {
            assert!(Cell::read(kind, Some(bytes)).is_err(), "{kind:?}");
        }
    }
}
