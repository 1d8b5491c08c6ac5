//! docs/METRICS.md against the table, the views and the measured playbacks: neither can drift.

mod agreement;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::database;

const DOC: &str = include_str!("../../docs/METRICS.md");

/// A table of the page: its header, and its rows as cells.
struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<&'static str>>,
}

impl Table {
    fn cell(&self, row: &[&'static str], name: &str) -> &'static str {
        row[self.header.iter().position(|cell| *cell == name).unwrap()]
    }
}

/// The tables whose first column has this name.
fn tables(first: &str) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    let mut inside = false;
    for line in DOC.lines() {
        let Some(cells) = line.strip_prefix("| ").and_then(|l| l.strip_suffix(" |")) else {
            inside &= line.starts_with("|---");
            continue;
        };
        let cells: Vec<&str> = cells.split(" | ").map(str::trim).collect();
        if let (true, Some(table)) = (inside, tables.last_mut()) {
            assert_eq!(cells.len(), table.header.len(), "{line}");
            table.rows.push(cells);
        } else {
            inside = true;
            tables.push(Table {
                header: cells,
                rows: Vec::new(),
            });
        }
    }
    tables.retain(|table| table.header[0] == first);
    assert!(!tables.is_empty(), "no table of {first}");
    tables
}

fn code(cell: &str) -> &str {
    let name = cell.strip_prefix('`').and_then(|c| c.strip_suffix('`'));
    name.unwrap_or_else(|| panic!("{cell} is no `name`"))
}

/// What the dictionary says of a column: (unit, it can be NULL).
fn dictionary() -> BTreeMap<&'static str, (&'static str, bool)> {
    let mut columns = BTreeMap::new();
    for table in tables("column") {
        for row in &table.rows {
            let null = table.cell(row, "NULL means");
            assert!(!null.is_empty(), "{row:?}");
            let never = null == "never" || null.starts_with("never;");
            let said = (table.cell(row, "unit"), !never);
            let twice = columns.insert(code(row[0]), said);
            assert!(twice.is_none(), "{} stands there twice", row[0]);
        }
    }
    columns
}

/// The unit that a column's name and type tell.
fn unit(name: &str, data_type: &str) -> &'static str {
    match (name, data_type) {
        (_, "boolean") => "bool",
        (_, "jsonb") => "json",
        (_, "text") => "text",
        (_, "timestamp with time zone") => "time",
        ("experience_score", _) => "0–100",
        ("completion" | "completeness", _) => "0–1",
        ("avg_fps", _) => "1/s",
        ("fold_version", _) => "version",
        _ if name.ends_with("_ms") => "ms",
        _ if name.ends_with("_sec") => "s",
        _ if name.ends_with("_kbps") => "kbps",
        _ if name.ends_with("_mbps") => "Mbit/s",
        _ if name.ends_with("_ratio") => "0–1",
        (_, "bigint") => "count",
        _ => panic!("no unit for {name} {data_type}"),
    }
}

#[actix_web::test]
async fn the_dictionary_has_every_column_with_its_unit_and_what_null_means() {
    let database = database().await;
    let columns = database
        .rows(
            "SELECT column_name AS name, data_type AS type, is_nullable = 'YES' AS nullable, \
                col_description('session_summaries'::regclass, ordinal_position) AS comment \
             FROM information_schema.columns \
             WHERE table_schema = 'public' AND table_name = 'session_summaries'",
        )
        .await;
    let text = |column: &Value, key: &str| column[key].as_str().unwrap().to_owned();
    let table: BTreeMap<String, (&str, bool)> = columns
        .iter()
        .map(|column| {
            let name = text(column, "name");
            let unit = unit(&name, &text(column, "type"));
            (name, (unit, column["nullable"] == true))
        })
        .collect();
    let told: BTreeMap<String, (&str, bool)> = dictionary()
        .into_iter()
        .map(|(name, said)| (name.to_owned(), said))
        .collect();
    assert_eq!(told, table);

    // The comments, which BI tools show, tell the same unit.
    for column in &columns {
        let unit = match table[&text(column, "name")].0 {
            "ms" => " ms",
            "s" => ", s",
            "kbps" => "kbps",
            "Mbit/s" => "Mbit/s",
            "0–1" => "0-1",
            "0–100" => "0-100",
            _ => continue,
        };
        let comment = text(column, "comment");
        assert!(comment.contains(unit), "{}: {comment}", column["name"]);
    }
}

#[actix_web::test]
async fn the_dictionary_has_every_column_of_the_vendor_views() {
    let database = database().await;
    let columns = database
        .rows(
            "SELECT DISTINCT column_name AS name FROM information_schema.columns \
             WHERE table_schema = 'public' AND column_name ~ '^(mux|conviva|cta)_'",
        )
        .await;
    let views: BTreeSet<&str> = columns
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    let mut told = BTreeSet::new();
    for table in tables("measure") {
        for row in &table.rows {
            told.extend(table.cell(row, "view column").split(", ").map(code));
        }
    }
    assert_eq!(told, views);
}
