//! `keys create`.

use std::io::Write;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::super::database::block_on;
use super::super::output::{self, Format, OutputArgs, Row};
use crate::app::{Database, Source};
use crate::storage::cluster::Ownership;
use crate::storage::keys::{self, KeyKind, NewKey, ProjectName};
use crate::storage::{Pool, migrations};

#[derive(Debug, Args)]
pub(in super::super) struct CreateArgs {
    /// What it is for
    #[arg(long, value_enum)]
    kind: Kind,
    /// The site, app or environment: what is written with the key belongs to it, and what is read with it
    /// is of it alone
    #[arg(long, value_name = "NAME")]
    project: ProjectName,
    /// Whose it is, for `keys list`
    #[arg(long, value_name = "TEXT", value_parser = label)]
    label: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Players send events with it
    Write,
    /// Analysts ask with it
    Read,
    /// Sessions and viewers are erased with it, and nothing else
    Erase,
}

impl From<Kind> for KeyKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Write => Self::Write,
            Kind::Read => Self::Read,
            Kind::Erase => Self::Erase,
        }
    }
}

/// It is shown on terminals.
fn label(text: &str) -> Result<String, String> {
    match text.chars().any(char::is_control) {
        true => Err("it must not have control characters".to_owned()),
        false => Ok(text.to_owned()),
    }
}

pub(super) fn run(args: &CreateArgs, source: Source) -> anyhow::Result<()> {
    let new = block_on(create(args, source))?;
    match args.output.format() {
        Format::Json => output::print_json(&Value::Object(row(args, &new))),
        Format::Csv => {
            let row = row(args, &new);
            let header: Vec<&str> = row.keys().map(String::as_str).collect();
            output::print_csv(header, std::slice::from_ref(&row))
        }
        Format::Table => {
            let kind = KeyKind::from(args.kind).name();
            let mut stdout = std::io::stdout();
            writeln!(stdout, "{}", new.key)?;
            writeln!(
                stdout,
                "This is {kind} key {} of project {}. It is shown this once: only its digest is kept.",
                new.id, args.project
            )?;
            Ok(())
        }
    }
}

/// Also where no server has been yet: a public one asks for its first keys before it starts.
async fn create(args: &CreateArgs, source: Source) -> anyhow::Result<NewKey> {
    let database = Database::open(source, Ownership::Shared).await?;
    migrations::migrate(database.url()).await?;
    let pool = Pool::new(database.url(), 1)?;
    let label = args.label.as_deref();
    let kind = args.kind.into();
    let new = keys::create(&mut *pool.get().await?, kind, &args.project, label).await;
    drop(pool);
    database.close().await?;
    Ok(new?)
}

fn row(args: &CreateArgs, new: &NewKey) -> Row {
    let row = json!({
        "id": new.id,
        "key": new.key,
        "kind": KeyKind::from(args.kind).name(),
        "project": args.project.to_string(),
    });
    match row {
        Value::Object(row) => row,
        _ => Row::new(),
    }
}
