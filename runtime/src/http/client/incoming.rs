//! The body of a response on its way in.

use super::connection::Connection;
use super::errors::HTTPClientError;
use super::head::Ending;
use crate::http::{Chunked, Limits};
use bytes::Bytes;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};

/// How far a body has been read.
pub(super) struct Incoming {
    state: State,
    /// How many bytes may still come, if nobody has said how many will.
    limit: u64,
}

enum State {
    Length(u64),
    Chunked(Chunked),
    Close,
    Done,
}

/// The server's word for the length of a body is no reason to reserve more than so much before it has sent some of it.
const RESERVED: usize = 64 * 1024;

impl Incoming {
    /// Fails if the body is known to be longer than it may be.
    pub(super) fn new(ending: Ending, limits: &Limits) -> Result<Self, HTTPClientError> {
        let state = match ending {
            Ending::None => State::Done,
            Ending::Length(length) => {
                Limits::admit_body(length, limits.body)?;
                State::Length(length)
            }
            Ending::Chunked => State::Chunked(Chunked::new(limits)),
            Ending::Close => State::Close,
        };
        Ok(Self { state, limit: limits.body })
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Reads the whole body.
    pub(super) async fn read(
        &mut self,
        connection: &mut Connection,
    ) -> Result<Bytes, HTTPClientError> {
        let mut capacity = 0;
        if let State::Length(length) = self.state
            && let Ok(length) = usize::try_from(length)
        {
            if let Some(body) = connection.take_exactly(length) {
                self.state = State::Done;
                return Ok(body);
            }
            capacity = length.min(RESERVED);
        }
        let mut body = Vec::with_capacity(capacity);
        while poll_fn(|cx| self.poll_piece(connection, cx, |data| body.extend_from_slice(data)))
            .await?
        {}
        Ok(body.into())
    }

    /// Gives the next piece of the body to `take`; ready with `false` when it has ended.
    pub(super) fn poll_piece(
        &mut self,
        connection: &mut Connection,
        cx: &mut Context<'_>,
        mut take: impl FnMut(&[u8]),
    ) -> Poll<Result<bool, HTTPClientError>> {
        loop {
            if self.is_done() {
                return Poll::Ready(Ok(false));
            }
            let stream = &connection.stream;
            let decoded = stream.peek(|bytes| match bytes {
                [] => Ok(None),
                bytes => self.decode(bytes).map(|(consumed, data)| {
                    take(&bytes[data.clone()]);
                    Some((consumed, data.len()))
                }),
            })?;
            match decoded {
                Some((consumed, length)) => {
                    stream.consume(consumed);
                    if length > 0 {
                        return Poll::Ready(Ok(true));
                    }
                }
                None if ready!(connection.poll_fill(cx))? > 0 => {}
                None if matches!(self.state, State::Close) => self.state = State::Done,
                None => return Poll::Ready(Err(HTTPClientError::Closed(None))),
            }
        }
    }

    /// Decodes the beginning of `input`: how much of it is used up, and where in it the data is.
    fn decode(&mut self, input: &[u8]) -> Result<(usize, std::ops::Range<usize>), HTTPClientError> {
        match &mut self.state {
            State::Done => Ok((0, 0..0)),
            State::Length(left) => {
                let count = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                *left -= count as u64;
                if *left == 0 {
                    self.state = State::Done;
                }
                Ok((count, 0..count))
            }
            State::Chunked(chunked) => {
                let decoded = chunked.decode(input)?;
                if decoded.done {
                    self.state = State::Done;
                }
                Ok((decoded.consumed, decoded.data))
            }
            State::Close => {
                Limits::admit_body(input.len() as u64, self.limit)?;
                self.limit -= input.len() as u64;
                Ok((input.len(), 0..input.len()))
            }
        }
    }
}
