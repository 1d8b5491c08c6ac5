//! Rows for people (a table) and for programs (JSON, CSV).

use std::io::{IsTerminal, Write};

use clap::{Args, ValueEnum};
use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};
use serde_json::{Map, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// A table for people
    Table,
    /// JSON for programs
    Json,
    /// Comma-separated values with a header
    Csv,
}

#[derive(Debug, Clone, Copy, Args)]
pub(super) struct OutputArgs {
    /// How to print; by default rows are a table on a terminal, else csv
    #[arg(long, value_enum)]
    output: Option<Format>,
}

impl OutputArgs {
    /// The format asked for, if one was.
    pub(super) fn asked(self) -> Option<Format> {
        self.output
    }

    pub(super) fn format(self) -> Format {
        let default = if std::io::stdout().is_terminal() {
            Format::Table
        } else {
            Format::Csv
        };
        self.output.unwrap_or(default)
    }
}

/// A row by column name.
pub(super) type Row = Map<String, Value>;

/// A value for people and for CSV: text without quotes, nothing for null.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Text for a terminal: control characters, and those that turn the direction of writing, would let
/// a session's id speak to the terminal itself.
pub(super) fn printable(text: &str) -> String {
    let speaks = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|c| {
            if speaks(c) {
                c.escape_default().to_string()
            } else {
                c.to_string()
            }
        })
        .collect()
}

/// A line below the header, and none between rows.
const PLAIN: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A table without a frame. Long rows are left to the terminal: ids must stay whole to be copied.
pub(super) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(PLAIN)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header);
    table
}

pub(super) fn print_json(value: &Value) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{value:#}")?;
    Ok(())
}

/// The header stands there also when no row does.
pub(super) fn print_csv<'a>(
    header: impl IntoIterator<Item = &'a str>,
    rows: &[Row],
) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(std::io::stdout().lock());
    csv.write_record(header)?;
    for row in rows {
        csv.write_record(row.values().map(plain))?;
    }
    csv.flush()?;
    Ok(())
}
