//! A TCP proxy before a server, PostgreSQL's or ours, so that a test can take it away, make it slow,
//! and cut connections where it hurts: in the middle of a message, or after the server has done its
//! work and before the client hears of it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

/// Chunks under way in one direction of a connection; the sender waits when it is full.
const CHUNKS: usize = 64;

/// How the network is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Weather {
    /// Connections end and new ones are refused.
    pub cut: bool,
    /// Everything takes this long, each way.
    pub delay: Duration,
    /// Up to this much longer, each chunk anew; order is kept.
    pub jitter: Duration,
    /// What each direction of a connection carries; everything, when not told.
    pub bytes_per_second: Option<f64>,
    /// The chance that a connection ends within a chunk, half of which arrives.
    pub cut_chance: f64,
    /// The chance that a connection ends instead of handing on an answer to a write.
    pub lose_chance: f64,
}

/// What it did to connections.
#[derive(Debug, Default)]
struct Counts {
    cuts: AtomicU64,
    lost_answers: AtomicU64,
}

#[derive(Debug, Clone)]
enum Upstream {
    Unix(PathBuf),
    Tcp(SocketAddr),
}

/// Runs until it is dropped; then, and while it is cut, connections end and new ones are refused.
pub struct Proxy {
    pub address: SocketAddr,
    database: String,
    weather: watch::Sender<Weather>,
    counts: Arc<Counts>,
}

impl Proxy {
    /// A proxy to the server of `url`, which is `postgresql://user@<socket folder>/database`.
    pub async fn to(url: &str) -> Self {
        let (user_and_folder, database) = url.rsplit_once('/').unwrap();
        let folder = user_and_folder.rsplit_once('@').unwrap().1;
        let socket = PathBuf::from(folder.replace("%2F", "/")).join(".s.PGSQL.5432");
        Self::start(Upstream::Unix(socket), says_committed, database).await
    }

    /// A proxy to a server that speaks HTTP.
    pub async fn to_http(address: SocketAddr) -> Self {
        Self::start(Upstream::Tcp(address), says_ok, "").await
    }

    async fn start(upstream: Upstream, answers: fn(&[u8]) -> bool, database: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (weather, seen) = watch::channel(Weather::default());
        let counts = Arc::<Counts>::default();
        let link = Link {
            upstream,
            answers,
            weather: seen,
            counts: Arc::clone(&counts),
        };
        tokio::spawn(accept(listener, link));
        Self {
            address,
            database: database.to_owned(),
            weather,
            counts,
        }
    }

    /// The same database, through the proxy.
    pub fn url(&self) -> String {
        format!("postgresql://telemetry@{}/{}", self.address, self.database)
    }

    pub fn cut(&self) {
        self.weather.send_modify(|weather| weather.cut = true);
    }

    pub fn mend(&self) {
        self.set(Weather::default());
    }

    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// Connections cut within a chunk, and answers lost.
    pub fn counts(&self) -> (u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.counts.cuts), read(&self.counts.lost_answers))
    }
}

/// PostgreSQL says that an INSERT of its own transaction is done, and that it is ready for the next.
fn says_committed(chunk: &[u8]) -> bool {
    holds(chunk, b"INSERT 0 ") && chunk.ends_with(b"Z\0\0\0\x05I")
}

fn says_ok(chunk: &[u8]) -> bool {
    chunk.starts_with(b"HTTP/1.1 200")
}

fn holds(chunk: &[u8], word: &[u8]) -> bool {
    chunk.windows(word.len()).any(|window| window == word)
}

#[derive(Clone)]
struct Link {
    upstream: Upstream,
    answers: fn(&[u8]) -> bool,
    weather: watch::Receiver<Weather>,
    counts: Arc<Counts>,
}

impl Link {
    /// How long the network is busy with so many bytes.
    fn carrying(&self, bytes: usize) -> Duration {
        let pace = self.weather.borrow().bytes_per_second;
        let bytes = f64::from(u32::try_from(bytes).unwrap());
        pace.map_or(Duration::ZERO, |pace| Duration::from_secs_f64(bytes / pace))
    }
}

async fn accept(listener: TcpListener, mut link: Link) {
    let mut connections = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { return };
                connections += 1;
                if !link.weather.borrow().cut {
                    tokio::spawn(carry(client, link.clone(), connections));
                }
            }
            changed = link.weather.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

async fn carry(client: TcpStream, link: Link, seed: u64) {
    client.set_nodelay(true).ok();
    let mut weather = link.weather.clone();
    let carried = async {
        match &link.upstream {
            Upstream::Unix(socket) => {
                let server = UnixStream::connect(socket).await?;
                exchange(client, server, &link, seed).await
            }
            Upstream::Tcp(address) => {
                let server = TcpStream::connect(address).await?;
                server.set_nodelay(true)?;
                exchange(client, server, &link, seed).await
            }
        }
    };
    tokio::select! {
        _ = carried => {}
        // Cut, or the proxy is gone.
        _ = weather.wait_for(|weather| weather.cut) => {}
    }
}

/// Both directions, until both have ended or the connection is cut: then both sides are dropped.
async fn exchange<C, S>(client: C, server: S, link: &Link, seed: u64) -> io::Result<()>
where
    C: AsyncRead + AsyncWrite,
    S: AsyncRead + AsyncWrite,
{
    let (from_client, to_client) = tokio::io::split(client);
    let (from_server, to_server) = tokio::io::split(server);
    tokio::try_join!(
        pump(from_client, to_server, link, false, seed * 2),
        pump(from_server, to_client, link, true, seed * 2 + 1),
    )?;
    Ok(())
}

struct Chunk {
    due: Instant,
    bytes: Vec<u8>,
    /// The connection ends with it.
    last: bool,
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    link: &Link,
    from_server: bool,
    seed: u64,
) -> io::Result<()> {
    let (sender, mut chunks) = mpsc::channel::<Chunk>(CHUNKS);
    let read = async move {
        let mut dice = StdRng::seed_from_u64(seed);
        let mut free_from = Instant::now();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let length = from.read(&mut buffer).await?;
            if length == 0 {
                return Ok(());
            }
            let mut chunk = meet(&buffer[..length], link, from_server, &mut dice);
            free_from = free_from.max(Instant::now()) + link.carrying(length);
            chunk.due = chunk.due.max(free_from + link.weather.borrow().delay);
            if sender.send(chunk).await.is_err() {
                return Ok(());
            }
        }
    };
    let write = async move {
        while let Some(chunk) = chunks.recv().await {
            if chunk.due > Instant::now() {
                sleep_until(chunk.due).await;
            }
            to.write_all(&chunk.bytes).await?;
            if chunk.last {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
        }
        to.shutdown().await
    };
    tokio::try_join!(read, write)?;
    Ok(())
}

/// What becomes of a chunk in this weather.
fn meet(bytes: &[u8], link: &Link, from_server: bool, dice: &mut StdRng) -> Chunk {
    let weather = *link.weather.borrow();
    let jitter = weather.jitter.mul_f64(dice.random::<f64>());
    let mut chunk = Chunk {
        due: Instant::now() + weather.delay + jitter,
        bytes: bytes.to_vec(),
        last: false,
    };
    let (cut, lose) = (dice.random::<f64>(), dice.random::<f64>());
    if from_server && (link.answers)(bytes) && lose < weather.lose_chance {
        chunk.bytes.clear();
        chunk.last = true;
        link.counts.lost_answers.fetch_add(1, Ordering::Relaxed);
    } else if cut < weather.cut_chance {
        chunk.bytes.truncate(bytes.len() / 2);
        chunk.last = true;
        link.counts.cuts.fetch_add(1, Ordering::Relaxed);
    }
    chunk
}
