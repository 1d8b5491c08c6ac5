//! `sessions show --explain`: the timeline behind a summary's figures.

use std::io::Write;

use anyhow::bail;
use serde_json::{Map, Value, json};

use super::show::ShowArgs;
use crate::app::Source;
use crate::cli::database::with_pool;
use crate::cli::output::{self, Format, Row};
use crate::qoe::{Count, Event, Part, Step, explain};
use crate::storage::{SessionKey, SummaryRow, queries, timeline};

/// Columns of the table on a terminal; CSV has one column for each part and count instead of `fed`
/// and `counted`.
const LISTED: [&str; 8] = [
    "at_ms",
    "event_type",
    "seq",
    "position_sec",
    "state",
    "lasted_ms",
    "fed (ms)",
    "counted",
];

pub(super) fn run(args: &ShowArgs, source: Source) -> anyhow::Result<()> {
    let key = SessionKey::new(&args.project.as_str().into(), args.session_id.as_str());
    let (rows, summary) = with_pool(source, async |pool| {
        let mut connection = pool.get().await?;
        let rows = timeline::events(&mut connection, &key).await?;
        let summary = queries::summary(&mut connection, &key.project, &key.session_id).await?;
        Ok((rows, summary))
    })?;
    if rows.is_empty() {
        bail!(
            "session {} of project {} has no events",
            args.session_id,
            args.project
        );
    }
    let (types, events): (Vec<String>, Vec<Event>) = rows.into_iter().unzip();
    // Rows are unique and in order, so there is one step for each.
    let steps = explain(&events);
    let timeline = Timeline {
        types: &types,
        steps: &steps,
    };
    timeline.print(args.output.format(), &key)?;
    if let Some(note) = timeline.note(summary.as_ref()) {
        writeln!(std::io::stderr(), "note: {note}")?;
    }
    Ok(())
}

struct Timeline<'a> {
    types: &'a [String],
    steps: &'a [Step<'a>],
}

impl Timeline<'_> {
    fn print(&self, format: Format, key: &SessionKey) -> anyhow::Result<()> {
        let rows = self.types.iter().zip(self.steps);
        match format {
            Format::Json => output::print_json(&json!({
                "project": &*key.project,
                "session_id": &*key.session_id,
                "steps": rows.map(|(name, step)| nested(name, step)).collect::<Vec<_>>(),
                "sums": self.sums(),
            })),
            Format::Csv => {
                let rows: Vec<Row> = rows.map(|(name, step)| flat(name, step)).collect();
                let header = rows.first().into_iter().flat_map(Row::keys);
                output::print_csv(header.map(String::as_str), &rows)
            }
            Format::Table => {
                let mut table = output::table(&LISTED);
                for (name, step) in rows {
                    table.add_row(cells(name, step));
                }
                table.add_row(self.last_row());
                writeln!(std::io::stdout(), "{table}")?;
                Ok(())
            }
        }
    }

    /// The sums of all steps by column: what the summary says.
    fn sums(&self) -> Row {
        let mut sums = Map::new();
        let session_ms: i64 = self.steps.iter().map(|step| step.lasted_ms).sum();
        sums.insert("session_ms".to_owned(), session_ms.into());
        for part in Part::ALL {
            let fed = self.steps.iter().map(|step| change(&step.fed, part));
            sums.insert(part.column().to_owned(), fed.sum::<i64>().into());
        }
        for count in Count::ALL {
            let counted = self.steps.iter().map(|step| change(&step.counted, count));
            sums.insert(count.column().to_owned(), counted.sum::<i64>().into());
        }
        sums
    }

    fn last_row(&self) -> [String; 8] {
        let sums = self.sums();
        let known = |column: &str| {
            let value = sums.get(column).and_then(Value::as_i64);
            value.filter(|value| *value != 0)
        };
        let told = |columns: Vec<&str>| {
            let sums = columns
                .into_iter()
                .filter_map(|column| Some((column, known(column)?)));
            changes(sums)
        };
        let mut row = [const { String::new() }; 8];
        let [at, .., lasted, fed, counted] = &mut row;
        *at = "sum".to_owned();
        *lasted = known("session_ms").unwrap_or(0).to_string();
        *fed = told(Part::ALL.map(Part::column).to_vec());
        *counted = told(Count::ALL.map(Count::column).to_vec());
        row
    }

    /// What to know before comparing the sums with the stored summary.
    fn note(&self, summary: Option<&SummaryRow>) -> Option<String> {
        let Some(summary) = summary else {
            return Some("the session has no summary yet; these are its figures so far".to_owned());
        };
        let stored = summary.columns();
        let mut sums = self.sums().into_iter();
        // A startup that is not known is NULL there and 0 here.
        let (column, ours) = sums.find(|(column, ours)| {
            let theirs = stored.get(column).and_then(Value::as_i64);
            ours.as_i64() != Some(theirs.unwrap_or(0))
        })?;
        Some(format!(
            "the summary says something else: its {column} is {}, not {ours}; it folds {} events of \
             {} (the session goes on, or `refold --session` is due)",
            stored.get(&column).unwrap_or(&Value::Null),
            summary.event_count,
            self.steps.len()
        ))
    }
}

fn change<T: Copy + PartialEq>(changes: &[(T, i64)], of: T) -> i64 {
    let found = changes.iter().find(|(one, _)| *one == of);
    found.map_or(0, |(_, by)| *by)
}

/// `rebuffer 2000, playing -100`
fn changes<'a>(changes: impl Iterator<Item = (&'a str, i64)>) -> String {
    let told = changes.map(|(column, by)| {
        let name = column.trim_end_matches("_ms").trim_end_matches("_count");
        format!("{name} {by}")
    });
    told.collect::<Vec<_>>().join(", ")
}

fn cells(name: &str, step: &Step<'_>) -> [String; 8] {
    let text = |value: Option<String>| value.unwrap_or_default();
    let mut fed = changes(step.fed.iter().map(|(part, ms)| (part.column(), *ms)));
    if step.micro_stall_ms != 0 {
        fed += &format!(" (micro stalls {})", step.micro_stall_ms);
    }
    [
        step.at_ms.to_string(),
        name.to_owned(),
        text(step.event.seq.map(|seq| seq.to_string())),
        text(step.event.position_sec.map(|sec| format!("{sec:.3}"))),
        step.state.name().to_owned(),
        step.lasted_ms.to_string(),
        fed,
        changes(step.counted.iter().map(|(count, n)| (count.column(), *n))),
    ]
}

fn event(name: &str, step: &Step<'_>) -> Row {
    let event = [
        ("at_ms", step.at_ms.into()),
        ("event_type", name.into()),
        ("event_id", (&*step.event.event_id).into()),
        ("event_timestamp", step.event.timestamp_ms.into()),
        ("seq", step.event.seq.into()),
        ("position_sec", step.event.position_sec.into()),
        ("state", step.state.name().into()),
        ("lasted_ms", step.lasted_ms.into()),
    ];
    let event = event.into_iter();
    event.map(|(key, value)| (key.to_owned(), value)).collect()
}

/// With the changes only.
fn nested(name: &str, step: &Step<'_>) -> Value {
    let by_column = |changes: Vec<(&str, i64)>| -> Row {
        let changes = changes.into_iter();
        changes
            .map(|(column, by)| (column.to_owned(), by.into()))
            .collect()
    };
    let mut row = event(name, step);
    let mut fed = by_column(
        step.fed
            .iter()
            .map(|(part, ms)| (part.column(), *ms))
            .collect(),
    );
    if step.micro_stall_ms != 0 {
        fed.insert("micro_stall_ms".to_owned(), step.micro_stall_ms.into());
    }
    row.insert("fed".to_owned(), fed.into());
    let counted = step.counted.iter().map(|(count, n)| (count.column(), *n));
    row.insert("counted".to_owned(), by_column(counted.collect()).into());
    row.into()
}

/// With a column for every part and count.
fn flat(name: &str, step: &Step<'_>) -> Row {
    let mut row = event(name, step);
    for part in Part::ALL {
        row.insert(part.column().to_owned(), change(&step.fed, part).into());
    }
    row.insert("micro_stall_ms".to_owned(), step.micro_stall_ms.into());
    for count in Count::ALL {
        let counted = change(&step.counted, count);
        row.insert(count.column().to_owned(), counted.into());
    }
    row
}
