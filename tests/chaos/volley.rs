//! Requests by the thousand, each of new events: in a closed loop, to find out how much a server
//! takes, and in an open one, in which they come on schedule whatever becomes of them.
//!
//! HTTP is spoken by hand, since what is measured is the server, and both share the machine.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::own::{LONGEST_ANSWER, now_ms};

/// Events of a request, all of one session.
pub const BATCH: u64 = 50;
/// The requests go round so many sessions.
const SESSIONS: u64 = 500;
/// A client of a closed loop that was refused waits this long.
const PAUSE: Duration = Duration::from_millis(20);

/// One event; the digits are replaced.
const EVENT: &str = r#"{"eventId":"volley-NNNNNNNNNNNN","viewerId":"volley","sessionId":"volley-SSSSSSSSSSSS","eventType":"HEARTBEAT","timestamp":TTTTTTTTTTTTT,"playbackPositionSec":12.5,"quality":{"bitrateKbps":3000,"width":1280,"height":720,"resolution":"720p"},"network":{"downlinkMbps":10,"rttMs":50,"effectiveType":"4g"},"device":{"browser":"Chrome","os":"MacIntel","screenWidth":1920,"screenHeight":1080},"player":{"decodedFrames":1200,"droppedFrames":2,"fps":30,"bufferLengthSec":5.95},"engagement":{"totalWatchTime":5000,"totalPauseTime":0,"interactionCount":3}}"#;

/// What became of a request.
#[derive(Debug, Clone, Copy)]
pub struct Shot {
    number: u64,
    /// 0: the connection broke, or no answer came.
    pub status: u16,
    /// From when it was due to the whole answer.
    pub took: Duration,
    /// From when it was sent.
    pub answered: Duration,
    /// When the answer was there.
    at: Instant,
    /// It was refused with `Retry-After`.
    pub told_when: bool,
}

impl Shot {
    pub fn is_acked(&self) -> bool {
        self.status == 200
    }
}

/// What became of requests that came on schedule.
pub struct Salvo {
    pub shots: Vec<Shot>,
    /// Could not be sent for want of a connection.
    pub unsent: u64,
    /// Events acked per second while requests came.
    pub goodput: f64,
}

/// A target, and everything shot at it.
pub struct Volley {
    address: SocketAddr,
    template: Vec<u8>,
    places: [usize; 3],
    begun_ms: u64,
    numbers: AtomicU64,
    idle: Mutex<Vec<BufReader<TcpStream>>>,
    shots: Mutex<Vec<Shot>>,
}

impl Volley {
    pub fn at(address: SocketAddr) -> Arc<Self> {
        let place = |digits: &str| EVENT.find(digits).unwrap();
        Arc::new(Self {
            address,
            template: EVENT.as_bytes().to_vec(),
            places: [place("NNNN"), place("SSSS"), place("TTTT")],
            begun_ms: now_ms(),
            numbers: AtomicU64::new(0),
            idle: Mutex::default(),
            shots: Mutex::default(),
        })
    }

    /// Events acked per second by so many clients that send again at once.
    pub async fn closed(self: &Arc<Self>, clients: usize, during: Duration) -> f64 {
        let begun = Instant::now();
        let mut running = JoinSet::new();
        for _ in 0..clients {
            let volley = Arc::clone(self);
            running.spawn(async move {
                while begun.elapsed() < during {
                    if !volley.shoot(Instant::now()).await.is_acked() {
                        sleep(PAUSE).await;
                    }
                }
            });
        }
        while running.join_next().await.is_some() {}
        // The first commits are small, and what is on its way at the end was earned before.
        let (from, to) = (begun + during / 4, begun + during);
        self.acked_between(from, to)
    }

    /// Requests that come on schedule, `rate` events a second in all, over at most `connections`.
    pub async fn open(self: &Arc<Self>, rate: f64, connections: usize, during: Duration) -> Salvo {
        let room = Arc::new(Semaphore::new(connections));
        let begun = Instant::now();
        let first = self.shots.lock().unwrap().len();
        let interval = BATCH as f64 / rate;
        let (mut unsent, mut running) = (0, JoinSet::new());
        for arrival in 0_u32.. {
            let due = begun + Duration::from_secs_f64(interval * f64::from(arrival));
            if due > begun + during {
                break;
            }
            if due > Instant::now() {
                sleep_until(due).await;
            }
            while running.try_join_next().is_some() {}
            let Ok(room) = Arc::clone(&room).try_acquire_owned() else {
                unsent += 1;
                continue;
            };
            let volley = Arc::clone(self);
            running.spawn(async move {
                volley.shoot(due).await;
                drop(room);
            });
        }
        while running.join_next().await.is_some() {}
        Salvo {
            goodput: self.acked_between(begun, begun + during),
            shots: self.shots.lock().unwrap()[first..].to_vec(),
            unsent,
        }
    }

    /// Events acked per second in a stretch of time.
    pub fn acked_between(&self, from: Instant, to: Instant) -> f64 {
        let shots = self.shots.lock().unwrap();
        let within = |shot: &&Shot| shot.is_acked() && shot.at >= from && shot.at < to;
        let acked = shots.iter().filter(within).count() as u64 * BATCH;
        acked as f64 / (to - from).as_secs_f64()
    }

    /// Sends one request of new events, once.
    async fn shoot(&self, due: Instant) -> Shot {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let request = self.request(number);
        let sent = Instant::now();
        let answer = timeout(LONGEST_ANSWER, self.exchange(&request)).await;
        let (status, told_when) = match answer {
            Ok(Ok(answer)) => answer,
            _ => (0, false),
        };
        let shot = Shot {
            number,
            status,
            took: due.elapsed(),
            answered: sent.elapsed(),
            at: Instant::now(),
            told_when,
        };
        self.shots.lock().unwrap().push(shot);
        shot
    }

    /// Status, and whether there was a `Retry-After`.
    async fn exchange(&self, request: &[u8]) -> io::Result<(u16, bool)> {
        let kept = self.idle.lock().unwrap().pop();
        let mut connection = match kept {
            Some(connection) => connection,
            None => {
                let socket = TcpStream::connect(self.address).await?;
                socket.set_nodelay(true)?;
                BufReader::new(socket)
            }
        };
        // A server that refuses before it has read all closes; what it said can still be read.
        let written = connection.write_all(request).await;
        let answer = read_answer(&mut connection).await?;
        if written.is_ok() && !answer.closes {
            self.idle.lock().unwrap().push(connection);
        }
        Ok((answer.status, answer.told_when))
    }

    fn request(&self, number: u64) -> Vec<u8> {
        let length = (self.template.len() + 1) * BATCH as usize + 1;
        let mut request = format!(
            "POST /telemetry HTTP/1.1\r\nHost: volley\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n["
        )
        .into_bytes();
        request.reserve(length);
        for index in 0..BATCH {
            let begin = request.len();
            request.extend(&self.template);
            let digits = self.digits(number, index);
            for (place, digits) in self.places.iter().zip(digits) {
                let at = begin + place;
                request[at..at + digits.len()].copy_from_slice(digits.as_bytes());
            }
            request.push(if index + 1 == BATCH { b']' } else { b',' });
        }
        request
    }

    /// Event, session and timestamp of one event.
    fn digits(&self, number: u64, index: u64) -> [String; 3] {
        let event = number * BATCH + index;
        [
            format!("{event:012}"),
            format!("{:012}", number % SESSIONS),
            format!("{:013}", self.begun_ms + event / 100),
        ]
    }

    /// Leaves the logs that the judge reads.
    pub fn write_logs(&self, folder: &Path) -> io::Result<()> {
        let mut issued = BufWriter::new(File::create(folder.join("issued.log"))?);
        let mut acked = BufWriter::new(File::create(folder.join("acked.log"))?);
        for shot in self.shots.lock().unwrap().iter() {
            for index in 0..BATCH {
                let [event, session, timestamp] = self.digits(shot.number, index);
                let line = format!("volley-{session}\tvolley-{event}\t{timestamp}");
                writeln!(issued, "{line}")?;
                if shot.is_acked() {
                    writeln!(acked, "{line}\taccepted")?;
                }
            }
        }
        issued.flush()?;
        acked.flush()
    }
}

struct Answer {
    status: u16,
    told_when: bool,
    closes: bool,
}

async fn read_answer(connection: &mut BufReader<TcpStream>) -> io::Result<Answer> {
    let mut line = String::new();
    connection.read_line(&mut line).await?;
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let status = status.ok_or(io::ErrorKind::UnexpectedEof)?;
    let (mut length, mut told_when, mut closes) = (0, false, false);
    loop {
        line.clear();
        connection.read_line(&mut line).await?;
        let line = line.trim_end().to_ascii_lowercase();
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        match name {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "retry-after" => told_when = true,
            "connection" => closes = value.trim() == "close",
            _ => {}
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await?;
    Ok(Answer {
        status,
        told_when,
        closes,
    })
}
