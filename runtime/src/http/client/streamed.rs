//! A response whose body is read piece by piece.

use super::connection::Connection;
use super::errors::{HTTPClientError, Phase};
use super::incoming::Incoming;
use super::pool::{Shared, Slot};
use super::response::HTTPResponse;
use crate::coroutine::{Sleep, sleep_until};
use bytes::Bytes;
use futures_core::Stream;
use std::fmt;
use std::future::{Future, poll_fn};
use std::ops::Deref;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

/// The response to [`fetch_streamed`](super::AsyncHTTPClient::fetch_streamed): status and headers, and the body as a `Stream`.
///
/// Nothing is read ahead but what one read brings: while nobody asks for the next piece, the server has to wait. The deadline of
/// the request holds for the body, too. Dropping it before the end closes the connection.
pub struct StreamedResponse {
    response: HTTPResponse,
    client: Rc<Shared>,
    /// `None` when the body has ended, or failed.
    reading: Option<Reading>,
    deadline: Sleep,
}

struct Reading {
    connection: Connection,
    incoming: Incoming,
    slot: Option<Slot>,
}

impl StreamedResponse {
    pub(super) fn new(
        response: HTTPResponse,
        client: Rc<Shared>,
        slot: Option<Slot>,
        connection: Connection,
        incoming: Incoming,
        deadline: Instant,
    ) -> Self {
        let has_ended = incoming.is_done();
        let reading = Some(Reading { connection, incoming, slot });
        let mut streamed = Self { response, client, reading, deadline: sleep_until(deadline) };
        if has_ended {
            // Nobody need ask for a body that there is not, to have the connection kept.
            streamed.end();
        }
        streamed
    }

    /// The next piece of the body; `None` at the end.
    ///
    /// # Errors
    ///
    /// Those of [`HTTPClientError`] that concern a body. There is nothing more behind one.
    pub async fn next(&mut self) -> Option<Result<Bytes, HTTPClientError>> {
        poll_fn(|cx| self.poll_piece(cx)).await
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, HTTPClientError>>> {
        let Some(Reading { connection, incoming, .. }) = &mut self.reading else {
            return Poll::Ready(None);
        };
        let mut piece = Vec::new();
        let polled = loop {
            let polled = incoming.poll_piece(connection, cx, |data| piece.extend_from_slice(data));
            // What is compressed may yield nothing yet.
            match polled {
                Poll::Ready(Ok(true)) if piece.is_empty() => {}
                polled => break polled,
            }
        };
        match polled {
            Poll::Ready(Ok(false)) => {
                self.end();
                Poll::Ready((!piece.is_empty()).then(|| Ok(piece.into())))
            }
            Poll::Ready(Ok(true)) => Poll::Ready(Some(Ok(piece.into()))),
            Poll::Ready(Err(error)) => Poll::Ready(Some(Err(self.fail(error)))),
            Poll::Pending => Pin::new(&mut self.deadline)
                .poll(cx)
                .map(|()| Some(Err(self.fail(HTTPClientError::Timeout(Phase::Request))))),
        }
    }

    fn end(&mut self) {
        self.response.record.times.finished = self.client.core.ticks();
        if let Some(Reading { connection, slot: Some(slot), .. }) = self.reading.take()
            && self.response.record.head.keep_alive()
        {
            slot.keep(connection);
        }
    }

    fn fail(&mut self, error: HTTPClientError) -> HTTPClientError {
        self.reading = None;
        error
    }
}

/// Status and headers; the body is empty here.
impl Deref for StreamedResponse {
    type Target = HTTPResponse;

    fn deref(&self) -> &HTTPResponse {
        &self.response
    }
}

impl Stream for StreamedResponse {
    type Item = Result<Bytes, HTTPClientError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_piece(cx)
    }
}

impl fmt::Debug for StreamedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StreamedResponse").field(&self.response).finish()
    }
}
