//! The body of a response on its way in.

use super::connection::Connection;
#[cfg(feature = "gzip")]
use super::decompress::{Gunzip, STEP};
use super::errors::HTTPClientError;
use super::head::Ending;
use crate::http::{Chunked, Limits};
use crate::ioloop::Pooled;
use bytes::Bytes;
use std::future::poll_fn;
use std::ops::Range;
use std::task::{Context, Poll, ready};

/// How far a body has been read.
pub(super) struct Incoming {
    state: State,
    /// How many bytes may still come, if nobody has said how many will.
    limit: u64,
    #[cfg(feature = "gzip")]
    gunzip: Option<Box<Gunzip>>,
}

enum State {
    Length(u64),
    Chunked(Pooled<Chunked>),
    Close,
    Done,
}

/// The server's word for the length of a body is no reason to reserve more than so much before it has sent some of it.
const RESERVED: usize = 64 * 1024;

/// So much of a body that nobody wants is read, so that the connection can be used again.
const DRAINED: usize = 64 * 1024;

impl Incoming {
    /// Fails if the body is known to be longer than it may be.
    pub(super) fn new(
        ending: Ending,
        limits: &Limits,
        is_compressed: bool,
    ) -> Result<Self, HTTPClientError> {
        let state = match ending {
            Ending::None => State::Done,
            Ending::Length(length) => {
                Limits::admit_body(length, limits.body)?;
                State::Length(length)
            }
            Ending::Chunked => State::Chunked(Pooled::new(Chunked::new(limits))),
            Ending::Close => State::Close,
        };
        #[cfg(not(feature = "gzip"))]
        let _ = is_compressed;
        Ok(Self {
            #[cfg(feature = "gzip")]
            gunzip: (is_compressed && !matches!(state, State::Done))
                .then(|| Box::new(Gunzip::new(limits.body))),
            state,
            limit: limits.body,
        })
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
            && !self.is_compressed()
        {
            if let Some(body) = connection.take_exactly(length) {
                self.state = State::Done;
                return Ok(body);
            }
            capacity = length.min(RESERVED);
        }
        let mut body = Vec::with_capacity(capacity);
        self.read_into(connection, |data| body.extend_from_slice(data)).await?;
        Ok(body.into())
    }

    /// Reads the whole body, piece by piece.
    pub(super) async fn read_into(
        &mut self,
        connection: &mut Connection,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), HTTPClientError> {
        while poll_fn(|cx| self.poll_piece(connection, cx, &mut take)).await? {}
        Ok(())
    }

    /// Reads a body that nobody wants, unless it is long; whether that was all of it.
    pub(super) async fn drain(
        &mut self,
        connection: &mut Connection,
    ) -> Result<bool, HTTPClientError> {
        let mut count = 0;
        while count <= DRAINED {
            if !poll_fn(|cx| self.poll_piece(connection, cx, |data| count += data.len())).await? {
                return Ok(true);
            }
        }
        Ok(false)
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
                return Poll::Ready(self.finish(&mut take));
            }
            let stream = &connection.stream;
            let decoded = stream.peek(|bytes| match bytes {
                [] => Ok(None),
                bytes => self.decode(bytes, &mut take).map(Some),
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

    /// Decodes the beginning of `input`: how many bytes of it are used up, and how many of the body were in it.
    fn decode(
        &mut self,
        input: &[u8],
        take: &mut dyn FnMut(&[u8]),
    ) -> Result<(usize, usize), HTTPClientError> {
        #[cfg(feature = "gzip")]
        let input = if self.is_compressed() { &input[..input.len().min(STEP)] } else { input };
        let (consumed, data) = self.unframe(input)?;
        let data = &input[data];
        #[cfg(feature = "gzip")]
        if let Some(gunzip) = &mut self.gunzip {
            gunzip.push(data, take)?;
            return Ok((consumed, data.len()));
        }
        take(data);
        Ok((consumed, data.len()))
    }

    /// How much of `input` is used up, and where in it the data is.
    fn unframe(&mut self, input: &[u8]) -> Result<(usize, Range<usize>), HTTPClientError> {
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

    fn is_compressed(&self) -> bool {
        #[cfg(feature = "gzip")]
        return self.gunzip.is_some();
        #[cfg(not(feature = "gzip"))]
        false
    }

    /// The end of the body, which a compressed one must agree with.
    fn finish(&mut self, take: &mut dyn FnMut(&[u8])) -> Result<bool, HTTPClientError> {
        #[cfg(feature = "gzip")]
        if let Some(mut gunzip) = self.gunzip.take() {
            gunzip.finish(take)?;
        }
        #[cfg(not(feature = "gzip"))]
        let _ = take;
        Ok(false)
    }
}
