//! A TCP proxy before the cluster's Unix socket, so that a test can take PostgreSQL away from one
//! server while all other tests go on.

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

/// Runs until it is dropped; then, and while it is cut, connections end and new ones are refused.
pub struct Proxy {
    address: SocketAddr,
    database: String,
    cut: watch::Sender<bool>,
}

impl Proxy {
    /// A proxy to the server of `url`, which is `postgresql://user@<socket folder>/database`.
    pub async fn to(url: &str) -> Self {
        let (user_and_folder, database) = url.rsplit_once('/').unwrap();
        let folder = user_and_folder
            .rsplit_once('@')
            .unwrap()
            .1
            .replace("%2F", "/");
        let socket = PathBuf::from(folder).join(".s.PGSQL.5432");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (cut, is_cut) = watch::channel(false);
        tokio::spawn(accept(listener, socket, is_cut));
        Self {
            address,
            database: database.to_owned(),
            cut,
        }
    }

    /// The same database, through the proxy.
    pub fn url(&self) -> String {
        format!("postgresql://telemetry@{}/{}", self.address, self.database)
    }

    pub fn cut(&self) {
        self.cut.send_replace(true);
    }

    pub fn mend(&self) {
        self.cut.send_replace(false);
    }
}

async fn accept(listener: TcpListener, socket: PathBuf, mut is_cut: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { return };
                if !*is_cut.borrow() {
                    tokio::spawn(carry(client, socket.clone(), is_cut.clone()));
                }
            }
            changed = is_cut.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

async fn carry(mut client: TcpStream, socket: PathBuf, mut is_cut: watch::Receiver<bool>) {
    let Ok(mut server) = UnixStream::connect(socket).await else {
        return;
    };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        // Cut, or the proxy is gone.
        _ = is_cut.wait_for(|cut| *cut) => {}
    }
}
