//! `keys list`.

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};

use super::super::database::with_pool;
use super::super::output::{self, Format, OutputArgs, Row, plain, printable};
use crate::app::Source;
use crate::storage::keys::{self, StoredKey};

const COLUMNS: [&str; 7] = [
    "id",
    "kind",
    "project",
    "label",
    "prefix",
    "created_at",
    "revoked_at",
];

#[derive(Debug, Args)]
pub(in super::super) struct ListArgs {
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &ListArgs, source: Source) -> anyhow::Result<()> {
    let mut keys = with_pool(source, async |pool| {
        Ok(keys::created_after(&mut *pool.get().await?, i64::MIN).await?)
    })?;
    keys.sort_by_key(|key| key.id);
    let rows: Vec<Row> = keys.iter().map(row).collect();
    match args.output.format() {
        Format::Json => {
            let rows = rows.into_iter().map(Value::Object);
            output::print_json(&Value::from(rows.collect::<Vec<_>>()))
        }
        Format::Csv => output::print_csv(COLUMNS, &rows),
        Format::Table => {
            let mut table = output::table(&COLUMNS);
            for row in &rows {
                table.add_row(row.values().map(|value| printable(&plain(value))));
            }
            writeln!(std::io::stdout(), "{table}")?;
            Ok(())
        }
    }
}

fn row(key: &StoredKey) -> Row {
    let row = json!({
        "id": key.id,
        "kind": key.kind.name(),
        "project": &*key.project,
        "label": key.label,
        "prefix": key.prefix,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    });
    match row {
        Value::Object(row) => row,
        _ => Row::new(),
    }
}
