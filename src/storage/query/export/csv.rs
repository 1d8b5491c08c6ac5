//! CSV as RFC 4180 has it, for spreadsheets too.
//!
//! A header, lines ended by CRLF, NULL as an empty cell and empty text as `""`. Spreadsheets take a
//! cell that begins with one of a few characters for a formula, and what players send is anybody's
//! text: such text gets an apostrophe before it, which spreadsheets take for "text follows". Numbers,
//! also negative ones, times and JSON never do.

use super::Column;
use super::cell::{Cell, rfc3339};
use super::encoder::{Encoder, push_json};
use crate::storage::StorageError;

/// What a formula may begin with.
const FORMULA: &[u8] = b"=+-@\t\r\n";

pub(super) struct Csv(Vec<u8>);

impl Csv {
    pub(super) fn new(columns: &[Column]) -> Self {
        let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
        Self(format!("{}\r\n", names.join(",")).into_bytes())
    }

    fn text(&mut self, text: &str) {
        let formula = text.bytes().next().is_some_and(|it| FORMULA.contains(&it));
        let guard = if formula { "'" } else { "" };
        let special = |byte| matches!(byte, b'"' | b',' | b'\r' | b'\n');
        if text.is_empty() || text.bytes().any(special) {
            self.0.push(b'"');
            self.0.extend_from_slice(guard.as_bytes());
            for (at, part) in text.split('"').enumerate() {
                if at > 0 {
                    self.0.extend_from_slice(b"\"\"");
                }
                self.0.extend_from_slice(part.as_bytes());
            }
            self.0.push(b'"');
        } else {
            self.0.extend_from_slice(guard.as_bytes());
            self.0.extend_from_slice(text.as_bytes());
        }
    }
}

impl Encoder for Csv {
    fn cell(&mut self, at: usize, cell: Cell<'_>) {
        if at > 0 {
            self.0.push(b',');
        }
        match cell {
            Cell::Null => {}
            Cell::Text(text) => self.text(text),
            Cell::Integer(number) => push_json(&mut self.0, number),
            Cell::Number(number) => push_json(&mut self.0, number),
            Cell::Boolean(is) => self
                .0
                .extend_from_slice(if is { b"true" } else { b"false" }),
            Cell::Time(us) => self.0.extend_from_slice(rfc3339(us).as_bytes()),
            // An object or a list or quoted text: no formula begins like them.
            Cell::Json(text) => self.text(text),
        }
    }

    fn end_row(&mut self) -> Result<(), StorageError> {
        self.0.extend_from_slice(b"\r\n");
        Ok(())
    }

    fn end(&mut self) -> Result<(), StorageError> {
        Ok(())
    }

    fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::query::ColumnKind;

    const TEXT: Column = Column {
        name: "text",
        kind: ColumnKind::Text,
    };

    fn check(cells: &[Cell<'_>], line: &str) {
        let mut csv = Csv::new(&[TEXT]);
        for (at, cell) in cells.iter().enumerate() {
            csv.cell(at, *cell);
        }
        csv.end_row().unwrap();
        let written = String::from_utf8(std::mem::take(csv.bytes())).unwrap();
        assert_eq!(written, format!("text\r\n{line}\r\n"), "{cells:?}");
    }

    #[test]
    fn text_is_quoted_where_it_must_be_and_null_is_not_empty_text() {
        for (text, cell) in [
            ("plain", "plain"),
            ("", "\"\""),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("\"", "\"\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("Ünïcode 🎬", "Ünïcode 🎬"),
        ] {
            check(&[Cell::Text(text)], cell);
        }
        check(&[Cell::Null, Cell::Text(""), Cell::Null], ",\"\",");
    }

    #[test]
    fn no_text_begins_as_a_formula() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("+49 30", "'+49 30"),
            ("-", "'-"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("\n=1", "\"'\n=1\""),
            ("=HYPERLINK(\"x\",1)", "\"'=HYPERLINK(\"\"x\"\",1)\""),
            ("a=1", "a=1"),
            (" =1", " =1"),
            ("'=1", "'=1"),
        ] {
            check(&[Cell::Text(text)], cell);
        }
    }

    #[test]
    fn numbers_times_and_json_are_left_as_they_are() {
        check(&[Cell::Integer(-5), Cell::Number(-0.25)], "-5,-0.25");
        check(&[Cell::Number(5.0), Cell::Number(1e300)], "5.0,1e+300");
        check(&[Cell::Boolean(true), Cell::Boolean(false)], "true,false");
        check(
            &[Cell::Json("{\"a\": \"=1\"}")],
            "\"{\"\"a\"\": \"\"=1\"\"}\"",
        );
        // 2026-11-23T00:07:40Z, and 1 µs before 1970.
        check(&[Cell::Time(1_795_392_460_000_000)], "2026-11-23T00:07:40Z");
        check(
            &[Cell::Time(1_795_392_460_120_000)],
            "2026-11-23T00:07:40.120Z",
        );
        check(&[Cell::Time(-1)], "1969-12-31T23:59:59.999999Z");
    }
}
