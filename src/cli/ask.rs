//! Whom a question on the command line goes to: a server, or the database itself.
//!
//! A command makes the parameters that a URL would have, and gets the JSON that a server would
//! answer: over HTTP, or from the very functions that the server's handlers call. So both ways tell
//! the same, and a wrong parameter is refused in the same words.

use anyhow::Context;
use clap::Args;
use tokio::runtime::Handle;

use super::database::{block_on, with_database};
use super::server::{Address, Server};
use crate::app::Source;
use crate::storage::Pool;
use crate::storage::query::{Columns, Reader};

/// Columns of summaries that a command keeps between its questions.
const CACHE_BYTES: u64 = 256 * 1024 * 1024;

/// Names and values, as a URL has them.
pub(super) type Parameters = Vec<(String, String)>;

#[derive(Debug, Args)]
pub(super) struct ServerArgs {
    /// Ask this server, as `http://127.0.0.1:3000`, and not the database
    #[arg(
        long,
        env = "TELEMETRY_SERVER",
        hide_env_values = true,
        value_name = "URL"
    )]
    server: Option<Address>,
    /// The server's key; the variable keeps it out of the list of processes
    #[arg(
        long,
        env = "TELEMETRY_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    key: Option<String>,
}

/// Whom a command asks.
pub(super) enum Asked {
    /// A server over HTTP.
    Server(Server),
    /// The tables, without a server.
    Database(Tables),
}

/// A database with our tables, while a command uses it.
pub(super) struct Tables {
    /// Connections for anything.
    pub(super) pool: Pool,
    /// Answers questions.
    pub(super) reader: Reader,
}

impl ServerArgs {
    /// The server that is to be asked, if it is a server.
    pub(super) fn server(&self) -> anyhow::Result<Option<Server>> {
        match &self.server {
            Some(address) => Server::at(address, self.key.as_deref()),
            None => Ok(None),
        }
    }

    /// The server that is to be asked, or the one at this address.
    pub(super) fn server_or(&self, address: &str) -> anyhow::Result<Server> {
        if let Some(server) = self.server()? {
            return Ok(server);
        }
        let address: Address = address.parse().map_err(anyhow::Error::msg)?;
        let server = Server::at(&address, self.key.as_deref())?;
        server.context("a server is wanted")
    }

    /// Runs a command's work with whom it asks: the server if one is named, else the database.
    pub(super) fn with_asked<T>(
        &self,
        source: Source,
        work: impl AsyncFnOnce(&Asked) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        if let Some(server) = self.server()? {
            let asked = Asked::Server(server);
            return block_on(async { work(&asked).await });
        }
        with_database(source, async |url, pool| {
            let tables = Tables {
                pool: pool.clone(),
                reader: Reader::new(url, Handle::current(), Columns::new(CACHE_BYTES))?,
            };
            work(&Asked::Database(tables)).await
        })
    }
}

/// Puts a question's parameters together. What is not given is left out.
#[derive(Debug, Default)]
pub(super) struct Asking(Parameters);

impl Asking {
    /// One value, if there is one.
    pub(super) fn one(mut self, name: &str, value: Option<impl ToString>) -> Self {
        self.0
            .extend(value.map(|it| (name.to_owned(), it.to_string())));
        self
    }

    /// Any number of values.
    pub(super) fn all(mut self, name: &str, values: &[String]) -> Self {
        let values = values.iter().cloned();
        self.0.extend(values.map(|value| (name.to_owned(), value)));
        self
    }

    /// The parameters.
    pub(super) fn parameters(self) -> Parameters {
        self.0
    }
}
