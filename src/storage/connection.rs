//! Opening connections to PostgreSQL.

use std::path::Path;
use std::time::Duration;

use diesel::sql_query;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, NoTls};

use super::StorageError;
use super::sqlstate::{LastSqlState, Tap};

/// To reach a server and be let in.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest a write may take, on the server's clock and on ours. Recovery looks back further.
pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that can tell the SQLSTATE of its last error.
pub struct TappedConnection {
    /// The connection.
    pub pg: AsyncPgConnection,
    /// The code of its last error.
    pub sqlstate: LastSqlState,
}

impl TappedConnection {
    /// Connects to the first server of `database_url` that answers. The connection's driver runs on
    /// the runtime that calls this.
    pub async fn open(database_url: &str) -> Result<Self, StorageError> {
        if ["sslmode=verify-ca", "sslmode=verify-full"]
            .iter()
            .any(|mode| database_url.contains(mode))
        {
            return Err(StorageError::Tls);
        }
        let config: Config = database_url.parse().map_err(StorageError::url)?;
        if config.get_ssl_mode() == SslMode::Require {
            return Err(StorageError::Tls);
        }
        let opening = async {
            let mut last = StorageError::NoHost;
            for (at, host) in config.get_hosts().iter().enumerate() {
                let port = config.get_ports().get(at).or(config.get_ports().first());
                match open_host(&config, host, port.copied().unwrap_or(5432)).await {
                    Ok(connection) => return Ok(connection),
                    Err(error) => last = error,
                }
            }
            Err(last)
        };
        tokio::time::timeout(CONNECT_TIMEOUT, opening)
            .await
            .unwrap_or(Err(StorageError::ConnectTimeout))
    }
}

async fn open_host(
    config: &Config,
    host: &Host,
    port: u16,
) -> Result<TappedConnection, StorageError> {
    match host {
        Host::Tcp(name) => {
            let socket = TcpStream::connect((name.as_str(), port)).await?;
            socket.set_nodelay(true)?;
            handshake(config, socket).await
        }
        Host::Unix(folder) => {
            let socket = UnixStream::connect(socket_path(folder, port)).await?;
            handshake(config, socket).await
        }
    }
}

fn socket_path(folder: &Path, port: u16) -> std::path::PathBuf {
    folder.join(format!(".s.PGSQL.{port}"))
}

async fn handshake<S>(config: &Config, socket: S) -> Result<TappedConnection, StorageError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let sqlstate = LastSqlState::default();
    let tap = Tap::new(socket, sqlstate.clone());
    let (client, connection) = config.connect_raw(tap, NoTls).await?;
    // The driver ends with its connection; the client's next call then fails and says why.
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection to PostgreSQL ended");
        }
    });
    let mut pg = AsyncPgConnection::try_from(client).await?;
    sql_query(format!(
        "SET statement_timeout = {}",
        STATEMENT_TIMEOUT.as_millis()
    ))
    .execute(&mut pg)
    .await?;
    Ok(TappedConnection { pg, sqlstate })
}
