//! The body of a request on its way in.

use super::body::Body;
use super::chunked::Chunked;
use super::exchange::{Exchange, ExchangeRef};
use super::framing::Framing;
use super::head::Head;
use super::limits::Limits;
use super::settings::Settings;
use super::violation::Violation;
use crate::coroutine::{Sleep, sleep};
use crate::ioloop::Pooled;
use crate::iostream::StreamError;
use ::http::StatusCode;
use bytes::Bytes;
use futures_core::Stream;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// Why the body of a request could not be read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum BodyError {
    /// The body breaks a rule.
    Violation(Violation),
    /// The client sends too slowly.
    Timeout,
    /// The client has left, or the connection broke.
    Disconnected,
}

impl BodyError {
    /// The status code that answers the request.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Violation(violation) => violation.status(),
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::Disconnected => StatusCode::BAD_REQUEST,
        }
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Violation(violation) => violation.fmt(f),
            Self::Timeout => f.write_str("the body did not arrive in time"),
            Self::Disconnected => f.write_str("the connection ended within the body"),
        }
    }
}

impl std::error::Error for BodyError {}

impl From<Violation> for BodyError {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

/// How far the body has been read.
pub(super) struct Reading {
    state: State,
    /// How long the body may be in all, if its length is known.
    limit: u64,
    /// The client waits for `100 Continue`.
    expects_continue: bool,
    /// How long the client may still keep us waiting. Waiting uses it up, every byte that arrives renews a little of it.
    patience: Duration,
    deadline: Option<(Instant, Pin<Box<Sleep>>)>,
}

enum State {
    Length(u64),
    Chunked(Box<Chunked>),
    Done,
    Failed(BodyError),
}

/// What was made of some bytes of the body.
struct Piece {
    consumed: usize,
    data: std::ops::Range<usize>,
}

impl Reading {
    /// The body that a head announces, if it does.
    #[inline]
    pub(super) fn new(head: &Head, settings: &Settings) -> Option<Pooled<Self>> {
        head.has_body().then(|| Self::announced(head, settings))
    }

    fn announced(head: &Head, settings: &Settings) -> Pooled<Self> {
        let state = match head.framing() {
            Framing::None => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Chunked(Box::new(Chunked::new(&settings.limits))),
        };
        Pooled::new(Self {
            state,
            limit: settings.limits.body,
            expects_continue: head.expects_continue(),
            patience: settings.body_timeout,
            deadline: None,
        })
    }

    fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Sets how long the body may be in all; fails if it is known to be longer.
    fn set_limit(&mut self, limit: u64) -> Result<(), Violation> {
        self.limit = limit;
        if let State::Chunked(chunked) = &mut self.state {
            chunked.set_limit(limit);
        }
        self.admit()
    }

    /// Fails, for good, if the body is known to be longer than it may be.
    fn admit(&mut self) -> Result<(), Violation> {
        let State::Length(left) = self.state else { return Ok(()) };
        Limits::admit_body(left, self.limit)
            .inspect_err(|violation| self.state = State::Failed((*violation).into()))
    }

    /// Decodes the beginning of `input`.
    fn decode(&mut self, input: &[u8]) -> Result<Piece, BodyError> {
        match &mut self.state {
            State::Done => Ok(Piece { consumed: 0, data: 0..0 }),
            State::Failed(error) => Err(error.clone()),
            State::Length(left) => {
                let count = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                *left -= count as u64;
                if *left == 0 {
                    self.state = State::Done;
                }
                Ok(Piece { consumed: count, data: 0..count })
            }
            State::Chunked(chunked) => {
                let decoded = chunked.decode(input)?;
                if decoded.done {
                    self.state = State::Done;
                }
                Ok(Piece { consumed: decoded.consumed, data: decoded.data })
            }
        }
    }

    /// Ready when the client's patience is used up.
    fn poll_timeout(&mut self, now: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let patience = self.patience;
        let (_, sleep) = self.deadline.get_or_insert_with(|| (now, Box::pin(sleep(patience))));
        sleep.as_mut().poll(cx)
    }

    /// Bytes have arrived.
    fn progress(&mut self, now: Instant, count: usize, settings: &Settings) {
        if let Some((since, _)) = self.deadline.take() {
            self.patience = self.patience.saturating_sub(now.saturating_duration_since(since));
        }
        let earned = Duration::from_secs_f64(count as f64 / settings.min_rate.max(1) as f64);
        self.patience = (self.patience + earned).min(settings.body_timeout);
    }
}

impl Exchange {
    /// Goes on with the body; `None` if nothing of it is left. For whom goes on, nothing is meanwhile.
    fn read<T>(&self, go_on: impl FnOnce(&mut Reading) -> T) -> Option<T> {
        let mut reading = self.reading.take()?;
        let result = go_on(&mut reading);
        if !reading.is_done() {
            self.reading.set(Some(reading));
        }
        Some(result)
    }

    /// Notes that the body cannot be read, whoever tries.
    fn fail(&self, error: &BodyError) {
        self.read(|reading| reading.state = State::Failed(error.clone()));
    }

    /// Reads the whole body.
    pub(super) async fn read_body(&self, limit: u64) -> Result<(), BodyError> {
        self.read_whole(limit).await.inspect_err(|error| self.fail(error))
    }

    /// Takes the whole body, if all of it has arrived and none was read. Else nothing has happened.
    pub(super) fn take_arrived_body(&self, limit: u64) -> bool {
        let take = |reading: &mut Reading| {
            let State::Length(length) = reading.state else { return None };
            let length = usize::try_from(length).ok().filter(|_| length <= limit)?;
            let body = self.stream.digest(|bytes| match bytes.get(..length) {
                Some(body) => (Some(Box::from(body)), length),
                None => (None, 0),
            })?;
            reading.state = State::Done;
            Some(body)
        };
        match self.read(take) {
            None => true,
            Some(None) => false,
            Some(Some(body)) => self.whole.set(body).is_ok(),
        }
    }

    async fn read_whole(&self, limit: u64) -> Result<(), BodyError> {
        let begin = |reading: &mut Reading| {
            reading.set_limit(limit)?;
            Ok(match reading.state {
                State::Length(length) => usize::try_from(length).unwrap_or(usize::MAX),
                _ => 0,
            })
        };
        let Some(length) = self.read(begin) else { return Ok(()) };
        // The client's word for the length is no reason to reserve more than it has to send for that.
        let mut body = Vec::with_capacity(length.map_err(|error: Violation| error)?.min(64 * 1024));
        while poll_fn(|cx| self.poll_body(cx, |data| body.extend_from_slice(data))).await? {}
        // A body is read once; whoever asks again is told that it has ended.
        let _ = self.whole.set(body.into());
        Ok(())
    }

    /// Gives the next piece of the body to `take`; ready with `false` when it has ended.
    fn poll_body(
        &self,
        cx: &mut Context<'_>,
        take: impl FnMut(&[u8]),
    ) -> Poll<Result<bool, BodyError>> {
        let polled = self.read(|reading| self.poll_reading(reading, cx, take));
        polled.unwrap_or(Poll::Ready(Ok(false)))
    }

    fn poll_reading(
        &self,
        reading: &mut Reading,
        cx: &mut Context<'_>,
        mut take: impl FnMut(&[u8]),
    ) -> Poll<Result<bool, BodyError>> {
        loop {
            reading.admit()?;
            if reading.is_done() {
                return Poll::Ready(Ok(false));
            }
            if let State::Failed(error) = &reading.state {
                return Poll::Ready(Err(error.clone()));
            }
            if self.has_arrived() {
                if self.decode(reading, &mut take)? {
                    return Poll::Ready(Ok(true));
                }
                continue;
            }
            if std::mem::take(&mut reading.expects_continue) {
                self.put(|out| out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n"));
            }
            // The client may wait for an answer to an earlier request before it goes on.
            self.send();
            ready!(self.poll_fill(reading, cx))?;
        }
    }

    /// Whether something has arrived that was not read yet.
    fn has_arrived(&self) -> bool {
        self.stream.peek(|bytes| !bytes.is_empty())
    }

    /// Decodes some of what has arrived, and gives what it stands for to `take`; says whether that was anything.
    fn decode(
        &self,
        reading: &mut Reading,
        mut take: impl FnMut(&[u8]),
    ) -> Result<bool, BodyError> {
        self.stream.digest(|bytes| match reading.decode(bytes) {
            Ok(piece) => {
                take(&bytes[piece.data.clone()]);
                (Ok(!piece.data.is_empty()), piece.consumed)
            }
            Err(error) => (Err(error), 0),
        })
    }

    fn poll_fill(
        &self,
        reading: &mut Reading,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), BodyError>> {
        let now = self.core().now();
        match self.stream.poll_fill(cx) {
            Poll::Ready(Ok(0)) | Poll::Ready(Err(StreamError::Closed(_))) => {
                Poll::Ready(Err(BodyError::Disconnected))
            }
            Poll::Ready(Ok(count)) => {
                reading.progress(now, count, self.settings());
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(_)) => Poll::Ready(Err(Violation::BodyTooLarge.into())),
            Poll::Pending => reading.poll_timeout(now, cx).map(|()| Err(BodyError::Timeout)),
        }
    }

    /// The response begins: skips what has arrived of a body that nobody wants; says whether that was all of it.
    #[inline]
    pub(super) fn skip_body(&self, response: &Body) -> bool {
        self.read(|reading| self.skip(reading, response)).unwrap_or(true)
    }

    fn skip(&self, reading: &mut Reading, response: &Body) -> bool {
        // An interim response cannot come after the final one.
        reading.expects_continue = false;
        // What is still to be produced may be produced from the body.
        let unwanted = !matches!(response, Body::Stream(_));
        while unwanted && !reading.is_done() && self.has_arrived() {
            if self.decode(reading, |_| {}).is_err() {
                return false;
            }
        }
        reading.is_done()
    }
}

/// The body of a request, piece by piece, as it arrives: a `Stream`, and a [`next`](Self::next) to await.
///
/// Nothing is read ahead: while nobody asks for the next piece, the client has to wait.
pub struct BodyStream {
    exchange: ExchangeRef,
}

impl BodyStream {
    pub(super) fn new(exchange: ExchangeRef) -> Self {
        Self { exchange }
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`BodyError`]; nothing can be read after it.
    pub async fn next(&mut self) -> Option<Result<Bytes, BodyError>> {
        poll_fn(|cx| self.poll_piece(cx)).await
    }

    /// Lets the body have `limit` bytes in all instead of what the server allows.
    ///
    /// # Errors
    ///
    /// [`Violation::BodyTooLarge`] if it is known to be longer.
    pub fn set_limit(&mut self, limit: u64) -> Result<(), BodyError> {
        let set = self.exchange.read(|reading| reading.set_limit(limit));
        Ok(set.unwrap_or(Ok(()))?)
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let mut bytes = Bytes::new();
        let take = |data: &[u8]| bytes = Bytes::copy_from_slice(data);
        let more = ready!(self.exchange.poll_body(cx, take));
        Poll::Ready(match more {
            Ok(true) => Some(Ok(bytes)),
            Ok(false) => None,
            Err(error) => {
                self.exchange.fail(&error);
                Some(Err(error))
            }
        })
    }
}

impl Stream for BodyStream {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_piece(cx)
    }
}

impl fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyStream").finish_non_exhaustive()
    }
}
