//! The thread behind `serve`'s server: it starts it, so that the death signal comes when the
//! process ends; starts it again when it ends by itself; and stops it at the end.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::error::{ClusterError, io_error};
use super::server::{Launch, Server};

const TICK: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A server that has run this long is started again at once.
const GOOD_RUN: Duration = Duration::from_secs(60);

/// The thread; it ends when this is dropped or stopped.
#[derive(Debug)]
pub(super) struct Supervisor {
    /// Dropping it is the order to stop.
    orders: Option<Sender<()>>,
    thread: Option<JoinHandle<Result<(), ClusterError>>>,
    /// Where the server's socket is.
    pub(super) socket_dir: PathBuf,
    /// The server ran before this process came.
    pub(super) adopted: bool,
}

impl Supervisor {
    /// Starts or adopts the server; returns when it answers.
    pub(super) fn start(launch: Launch) -> Result<Self, ClusterError> {
        let (orders, receiver) = channel();
        let (tell, told) = channel();
        let folder = launch.home.folder.clone();
        let thread = thread::Builder::new()
            .name("postgresql".to_owned())
            .spawn(move || {
                let server = match launch.acquire() {
                    Ok(server) => server,
                    Err(error) => return Err(error),
                };
                let facts = (server.postmaster.socket_dir.clone(), server.child.is_none());
                if tell.send(facts).is_err() {
                    return Err(ClusterError::ThreadGone);
                }
                keep_running(&launch, server, &receiver)
            })
            .map_err(io_error("start a thread for", &folder))?;
        let Ok((socket_dir, adopted)) = told.recv() else {
            return Err(match thread.join() {
                Ok(Err(error)) => error,
                Ok(Ok(())) | Err(_) => ClusterError::ThreadGone,
            });
        };
        Ok(Self {
            orders: Some(orders),
            thread: Some(thread),
            socket_dir,
            adopted,
        })
    }

    /// Stops the server and waits for its end, within the bounds of [`Server::stop`].
    pub(super) fn stop(&mut self) -> Result<(), ClusterError> {
        self.orders = None;
        match self.thread.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(ClusterError::ThreadGone),
        }
    }
}

fn keep_running(
    launch: &Launch,
    mut server: Server,
    orders: &Receiver<()>,
) -> Result<(), ClusterError> {
    let mut since = Instant::now();
    let mut pause = TICK;
    loop {
        match orders.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return server.stop(),
        }
        if server.is_running() {
            if since.elapsed() > GOOD_RUN {
                pause = TICK;
            }
            continue;
        }
        tracing::error!("PostgreSQL has ended; starting it again");
        pause = (pause * 2).min(LONGEST_PAUSE);
        since = Instant::now();
        match launch.acquire() {
            Ok(again) => server = again,
            Err(error) => tracing::error!(%error, "PostgreSQL cannot be started again"),
        }
    }
}
