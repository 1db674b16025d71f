//! Bodies that are made while they are sent.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::http::StatusCode;
use bytes::Bytes;
use futures_core::Stream;

use super::Respond;
use crate::error::Error;
use crate::http::{Body, ContentType, Response};
use crate::web;

/// A stream of pieces as the body.
///
/// A piece is asked for when the client took the ones before. The status is out by then, so after an error the
/// connection is cut, and the client sees that the body is not whole. Without a Content-Type of its own (put one in
/// front: `([("content-type", "text/csv")], Streamed(rows))`) it is `application/octet-stream`.
#[derive(Clone, Copy, Default)]
pub struct Streamed<S>(pub S);

impl<S, B, E> Respond for Streamed<S>
where
    S: Stream<Item = Result<B, E>> + 'static,
    B: Into<Bytes>,
    E: Into<Error>,
{
    fn respond(self, _: &web::Context) -> Response {
        Response::new(StatusCode::OK)
            .with_content_type(ContentType::OCTETS)
            .with_body(Body::stream(Pieces(Box::pin(self.0))))
    }
}

impl<S> fmt::Debug for Streamed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streamed").finish_non_exhaustive()
    }
}

/// The stream with the item and error types of a [`Body`].
struct Pieces<S>(Pin<Box<S>>);

impl<S, B, E> Stream for Pieces<S>
where
    S: Stream<Item = Result<B, E>>,
    B: Into<Bytes>,
    E: Into<Error>,
{
    type Item = Result<Bytes, Box<dyn std::error::Error>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx).map(|piece| {
            piece.map(|piece| piece.map(Into::into).map_err(|error| error.into().into()))
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}
