//! Answers that go on until somebody leaves. They are few, each holds at most a few pieces for a client
//! that reads slowly, and one that does not read at all loses its place.

use std::convert::Infallible;
use std::sync::Arc;

use actix_web::web::Bytes;
use futures_util::Stream;
use futures_util::stream::poll_fn;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::Problem;

/// Streams that may be open at once; beyond it the answer is 503.
pub(super) const MAX_STREAMS: usize = 100;
/// Pieces that wait for a client; what comes while they wait is left out.
const MAX_WAITING: usize = 2;
/// Pieces left out one after the other; then the client is taken to be gone.
const MAX_SKIPPED: u32 = 30;

/// Places for streams.
#[derive(Debug)]
pub struct Streams(Arc<Semaphore>);

impl Default for Streams {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_STREAMS)))
    }
}

impl Streams {
    /// A new stream, if there is a place: its writing end, and the body that a client reads.
    pub(super) fn open(
        &self,
    ) -> Result<
        (
            Writer,
            impl Stream<Item = Result<Bytes, Infallible>> + use<>,
        ),
        Problem,
    > {
        let place = Arc::clone(&self.0).try_acquire_owned();
        let place = place.map_err(|_none| Problem::TooManyStreams)?;
        let (pieces, mut waiting) = mpsc::channel(MAX_WAITING);
        let writer = Writer {
            pieces,
            skipped: 0,
            _place: place,
        };
        let body = poll_fn(move |context| waiting.poll_recv(context).map(|it| it.map(Ok)));
        Ok((writer, body))
    }
}

/// Dropping it ends the stream and gives its place to another.
#[derive(Debug)]
pub(super) struct Writer {
    pieces: mpsc::Sender<Bytes>,
    skipped: u32,
    _place: OwnedSemaphorePermit,
}

impl Writer {
    /// Hands a piece to the client, or leaves it out while earlier ones wait. False when the client
    /// has left, or has not read for so long that it might as well have.
    pub(super) fn offer(&mut self, piece: Bytes) -> bool {
        match self.pieces.try_send(piece) {
            Ok(()) => self.skipped = 0,
            Err(TrySendError::Full(_)) => self.skipped += 1,
            Err(TrySendError::Closed(_)) => return false,
        }
        self.skipped < MAX_SKIPPED
    }

    /// Waits until the client has left.
    pub(super) async fn left(&self) {
        self.pieces.closed().await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;

    use super::*;

    fn piece(n: u32) -> Bytes {
        Bytes::from(n.to_string())
    }

    #[actix_web::test]
    async fn a_client_that_reads_slowly_misses_pieces_and_none_wait_for_it() {
        let (mut writer, mut body) = Streams::default().open().unwrap();
        assert!((0..5).all(|n| writer.offer(piece(n))));
        assert_eq!(body.next().await.unwrap().unwrap(), "0");
        assert!(writer.offer(piece(5)));
        drop(writer);
        let rest: Vec<Bytes> = body.map(Result::unwrap).collect().await;
        assert_eq!(rest, ["1", "5"]);
    }

    #[actix_web::test]
    async fn a_client_that_never_reads_is_given_up_and_one_that_reads_again_is_not() {
        let (mut writer, mut body) = Streams::default().open().unwrap();
        assert!((0..31).all(|n| writer.offer(piece(n))));
        assert!(body.next().await.is_some());
        assert!((0..30).all(|n| writer.offer(piece(n))), "it begins anew");
        assert!(!writer.offer(piece(0)));
    }

    #[actix_web::test]
    async fn a_client_that_left_is_noticed_and_its_place_is_free_again() {
        let streams = Streams::default();
        let mut open: Vec<_> = (0..MAX_STREAMS).map(|_| streams.open().unwrap()).collect();
        assert!(matches!(streams.open(), Err(Problem::TooManyStreams)));
        let (mut writer, body) = open.pop().unwrap();
        drop(body);
        writer.left().await;
        assert!(!writer.offer(piece(0)));
        drop(writer);
        assert!(streams.open().is_ok());
    }
}
