//! Ends connections on which a body without a length was not read to its end.
//!
//! Whoever is answered before the end of such a body may go on sending, or send nothing more, for ever:
//! the server reads on, to find where the next request begins, and no time-out holds there. So the
//! body is kept with the answer. Where the answer is sent and the body is not over, the server then
//! says `Connection: close`, reads for a second more, and closes. A body with a length needs none of
//! this.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header::TRANSFER_ENCODING;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use bytes::Bytes;
use futures_util::Stream;

/// A body that its reader and its answer share.
#[derive(Clone)]
struct Shared(Rc<RefCell<Payload>>);

impl Stream for Shared {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}

/// An answer that holds the body of its request until it is sent.
struct Holding {
    answer: BoxBody,
    _unread: Shared,
}

impl MessageBody for Holding {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.answer.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.answer).poll_next(context)
    }
}

/// To be wrapped around everything.
pub async fn hang_up<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if !request.headers().contains_key(TRANSFER_ENCODING) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let shared = Shared(Rc::new(RefCell::new(request.take_payload())));
    let stream = shared.clone();
    request.set_payload(Payload::Stream {
        payload: Box::pin(stream),
    });
    let answered = next.call(request).await?;
    Ok(answered.map_body(|_, body| {
        BoxBody::new(Holding {
            answer: body.boxed(),
            _unread: shared,
        })
    }))
}
