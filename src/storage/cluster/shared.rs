//! The server as the short subcommands use it. Each may start it, and the last one stops it.

use std::fs::File;
use std::process::Child;

use super::binaries::PgBinaries;
use super::error::{ClusterError, io_error};
use super::home::Home;
use super::server::Server;
use super::{keeper, lock};

/// The server and our part in it.
#[derive(Debug)]
pub(super) struct SharedServer {
    server: Server,
    /// We started or adopted it, with a keeper. Otherwise another user did.
    responsible: bool,
}

impl SharedServer {
    pub(super) fn new(server: Server, responsible: bool) -> Self {
        Self {
            server,
            responsible,
        }
    }

    /// Stops the server if nobody else uses it; else leaves it to the last of them. Only under
    /// `start.lock`.
    pub(super) fn leave(
        mut self,
        home: &Home,
        binaries: &PgBinaries,
        users_lock: &File,
        keeper: Option<Child>,
    ) -> Result<(), ClusterError> {
        if !self.responsible {
            return Ok(());
        }
        if let Some(mut keeper) = keeper {
            // It would take the lock before us and stop the server behind our back.
            let ended = keeper.kill().and_then(|()| keeper.wait());
            ended.map_err(io_error("end the keeper of", &home.folder))?;
        }
        if lock::leave(home, users_lock)? {
            return self.server.stop();
        }
        // Others use it. Our keeper's successor goes by the lock, not by who is whose child.
        let successor = keeper::stop_when_unused(home, binaries);
        successor.map_err(io_error("hand on", &home.folder))?;
        Ok(())
    }
}
