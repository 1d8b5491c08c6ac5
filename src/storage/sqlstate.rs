//! SQLSTATE: what an error of PostgreSQL means for the rows that were being written.
//!
//! diesel hands on an error's message but not its code, and messages are translated. So the writer's
//! connections read the code where it passes by: `Tap` wraps the socket, follows the frames of the
//! protocol from server to client and keeps the code of the last `ErrorResponse`.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// An `ErrorResponse` longer than this is not kept whole; its code stands in its first bytes.
const MAX_ERROR_BYTES: usize = 4096;

/// A five-character code, e.g. `23505`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqlState([u8; 5]);

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The server or the moment is at fault, and nothing was written: try again.
    Retry,
    /// The connection or the server broke away: whether something was written is unknown.
    Ambiguous,
    /// A row is at fault.
    Poison,
    /// An event came too late for its session: `expiry`.
    Expired,
    /// Neither: never the event's fault, and no use in trying again at once.
    Other,
}

impl SqlState {
    /// The class of a code; lists are PostgreSQL's appendix A, sorted by what they mean for a row.
    pub fn class(self) -> Class {
        match self.as_str() {
            // 23514 can only be that of a partition made or attached this moment: there is no CHECK.
            "23514" | "57014" | "40001" | "40P01" | "55P03" | "25006" | "XX000" => Class::Retry,
            // No INSERT of ours divides but to say this.
            "22012" => Class::Expired,
            "58030" | "40003" => Class::Ambiguous,
            code if code.starts_with("08") || code.starts_with("57P0") => Class::Ambiguous,
            code if code.starts_with("53") => Class::Retry,
            code if ["22", "23", "54"]
                .iter()
                .any(|class| code.starts_with(class)) =>
            {
                Class::Poison
            }
            _ => Class::Other,
        }
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or("?????")
    }
}

/// Where a tap leaves the code of the last error.
#[derive(Debug, Clone, Default)]
pub struct LastSqlState(Arc<Mutex<Option<SqlState>>>);

impl LastSqlState {
    /// Takes the code; there is none when the connection broke without a word.
    pub fn take(&self) -> Option<SqlState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, state: SqlState) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
    }
}

/// A socket to PostgreSQL that notes the SQLSTATE of every error passing by.
#[derive(Debug)]
pub struct Tap<S> {
    socket: S,
    frames: Frames,
    last: LastSqlState,
}

impl<S> Tap<S> {
    /// Wraps a socket on which nothing was sent yet.
    pub fn new(socket: S, last: LastSqlState) -> Self {
        Self {
            socket,
            frames: Frames::default(),
            last,
        }
    }
}

/// Follows `tag, length, payload` through reads that cut them anywhere.
#[derive(Debug, Default)]
struct Frames {
    /// The tag and length read so far.
    head: Vec<u8>,
    /// Bytes of the current payload still to come.
    left: usize,
    /// The payload of an `ErrorResponse`, as far as it is kept.
    error: Option<Vec<u8>>,
}

impl Frames {
    fn read(&mut self, mut bytes: &[u8], mut found: impl FnMut(SqlState)) {
        while !bytes.is_empty() {
            if self.left == 0 {
                let (head, rest) = bytes.split_at(bytes.len().min(5 - self.head.len()));
                self.head.extend_from_slice(head);
                bytes = rest;
                self.start_payload();
            }
            let (payload, rest) = bytes.split_at(bytes.len().min(self.left));
            self.left -= payload.len();
            bytes = rest;
            if let Some(error) = &mut self.error {
                let room = MAX_ERROR_BYTES.saturating_sub(error.len());
                error.extend_from_slice(payload.get(..room.min(payload.len())).unwrap_or_default());
                if self.left == 0 {
                    self.error
                        .take()
                        .as_deref()
                        .and_then(sqlstate_of)
                        .map(&mut found);
                }
            }
        }
    }

    /// Once tag and length are there: how much follows, and whether it is an error.
    fn start_payload(&mut self) {
        let &[tag, a, b, c, d] = self.head.as_slice() else {
            return;
        };
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        self.left = length.saturating_sub(4);
        self.error = (tag == b'E').then(Vec::new);
        self.head.clear();
    }
}

/// The field `C` of an `ErrorResponse`: fields are a byte of type and a text, each ended by NUL.
fn sqlstate_of(payload: &[u8]) -> Option<SqlState> {
    payload
        .split(|&byte| byte == 0)
        .find_map(|field| field.strip_prefix(b"C"))
        .and_then(|code| code.try_into().ok())
        .map(SqlState)
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let this = &mut *self;
        let polled = Pin::new(&mut this.socket).poll_read(cx, buf);
        let read = buf.filled().get(before..).unwrap_or_default();
        this.frames.read(read, |state| this.last.set(state));
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(tag: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len() + 4).unwrap();
        [&[tag], &length.to_be_bytes()[..], payload].concat()
    }

    #[test]
    fn an_error_is_seen_however_the_reads_cut_the_stream() {
        let stream = [
            frame(b'Z', b"I"),
            frame(b'D', b"Cnot an error\0"),
            frame(b'2', b""),
            frame(
                b'E',
                b"SERROR\0VERROR\0C22P05\0Munsupported Unicode escape\0\0",
            ),
            frame(b'Z', b"I"),
            frame(b'E', b"SFATAL\0C57P01\0Mterminating\0\0"),
        ]
        .concat();
        for step in 1..=stream.len() {
            let mut frames = Frames::default();
            let mut seen = Vec::new();
            for chunk in stream.chunks(step) {
                frames.read(chunk, |state| seen.push(state.as_str().to_owned()));
            }
            assert_eq!(seen, ["22P05", "57P01"], "in steps of {step}");
        }
    }

    #[test]
    fn only_the_classes_of_bad_data_blame_a_row() {
        for (code, class) in [
            ("22P05", Class::Poison),
            ("23514", Class::Retry),
            ("54000", Class::Poison),
            ("22012", Class::Expired),
            ("40P01", Class::Retry),
            ("53100", Class::Retry),
            ("57014", Class::Retry),
            ("57P01", Class::Ambiguous),
            ("08006", Class::Ambiguous),
            ("42P01", Class::Other),
            ("42501", Class::Other),
        ] {
            let state = SqlState(code.as_bytes().try_into().unwrap());
            assert_eq!(state.class(), class, "{code}");
        }
    }
}
