//! `doctor`: looks, and changes nothing.

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::ExitCode;

use super::database::block_on;
use super::output;
use super::serve::DEFAULT_BIND;
use crate::app::Source;
use crate::storage::cluster::{cluster_major, find_binaries};
use crate::storage::connection::TappedConnection;

struct Finding {
    what: &'static str,
    found: Result<String, String>,
}

pub(super) fn run(source: &Source) -> anyhow::Result<ExitCode> {
    let findings = match source {
        Source::Url(url) => vec![address(), database(url)],
        Source::DataDir(folder) => vec![address(), programs(folder), data_dir(folder)],
    };
    let healthy = findings.iter().all(|finding| finding.found.is_ok());
    let mut table = output::table(&["", "looked at", "found"]);
    for finding in findings {
        let (mark, text) = match finding.found {
            Ok(text) => ("ok", text),
            Err(text) => ("missing", text),
        };
        table.add_row([mark, finding.what, &text]);
    }
    writeln!(std::io::stdout(), "{table}")?;
    Ok(if healthy {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn address() -> Finding {
    let bind = std::env::var("TELEMETRY_BIND").unwrap_or_else(|_| DEFAULT_BIND.to_owned());
    let found = match TcpListener::bind(&bind) {
        Ok(_) => format!("{bind} is free"),
        // A running service is the likeliest reason.
        Err(error) => format!("{bind} cannot be used ({error}); `serve --bind` takes another"),
    };
    Finding {
        what: "address",
        found: Ok(found),
    }
}

fn programs(folder: &Path) -> Finding {
    let found = cluster_major(folder)
        .and_then(find_binaries)
        .map(|binaries| {
            format!(
                "PostgreSQL {} in {}",
                binaries.version,
                binaries.dir.display()
            )
        })
        .map_err(|error| error.to_string());
    Finding {
        what: "PostgreSQL programs",
        found,
    }
}

fn data_dir(folder: &Path) -> Finding {
    let found = match cluster_major(folder) {
        Ok(Some(major)) => Ok(format!(
            "a cluster of PostgreSQL {major} in {}",
            folder.display()
        )),
        Ok(None) => Ok(format!(
            "no cluster yet; `serve` makes one in {}",
            folder.display()
        )),
        Err(error) => Err(error.to_string()),
    };
    Finding {
        what: "private cluster",
        found,
    }
}

fn database(url: &str) -> Finding {
    let found = block_on(async { Ok(TappedConnection::open(url).await?) })
        .map(|_connection| "DATABASE_URL answers".to_owned())
        .map_err(|error| {
            format!("{error}; mend DATABASE_URL, or unset it for a private PostgreSQL")
        });
    Finding {
        what: "database",
        found,
    }
}
