//! An export as it arrives.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc;

use crate::storage::StorageError;

/// What the one who runs an export hands over.
pub(super) enum Part {
    Bytes(Bytes),
    /// It was whole.
    End,
    Failed(StorageError),
}

/// The bytes of an export. Dropping it ends the export; one that ends without an error is whole.
pub struct Download {
    first: Option<Bytes>,
    parts: mpsc::Receiver<Part>,
    ended: bool,
}

impl Download {
    /// Waits for the first bytes, so that what fails before them can be told in another way.
    pub(super) async fn begin(parts: mpsc::Receiver<Part>) -> Result<Self, StorageError> {
        let mut download = Self {
            first: None,
            parts,
            ended: false,
        };
        download.first = download.next().await.transpose()?;
        Ok(download)
    }
}

impl Stream for Download {
    type Item = Result<Bytes, StorageError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        if self.ended {
            return Poll::Ready(None);
        }
        let part = std::task::ready!(self.parts.poll_recv(cx));
        self.ended = !matches!(part, Some(Part::Bytes(_)));
        Poll::Ready(match part {
            Some(Part::Bytes(bytes)) => Some(Ok(bytes)),
            Some(Part::End) => None,
            Some(Part::Failed(error)) => Some(Err(error)),
            // It had no room to say why.
            None => Some(Err(StorageError::ExportBroken("it ended early".to_owned()))),
        })
    }
}
