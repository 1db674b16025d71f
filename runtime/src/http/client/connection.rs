//! One request and its response over a connection.

use super::encode;
use super::errors::HTTPClientError;
use super::head::Ending;
use super::pool::Shared;
use super::record::Parts;
use super::upload::Upload;
use super::violation::ResponseViolation;
use crate::http::{Body, Limits};
use crate::iostream::IOStream;
use ::http::StatusCode;
use bytes::Bytes;
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

/// A connection that a fetch has for itself. Dropped, it is closed: only one that is clean goes back to the pool.
pub(super) struct Connection {
    pub(super) stream: IOStream,
    /// Whether it has served another request before, so that the server may have closed it meanwhile.
    is_kept: bool,
    /// Whether the server has said anything.
    is_heard: bool,
    /// How much had been sent before this request.
    sent_before: u64,
    upload: Option<Box<Upload>>,
}

/// A server that sends more interim responses before it answers is not worth waiting for.
const INTERIM: u32 = 16;

/// The longest whole body that is copied behind the head. Above it, a second buffer in a vectored write costs less than the
/// copy.
const INLINE: usize = 16 * 1024;

/// What is kept of the memory in which requests are written.
const OUT_KEPT: usize = 64 * 1024;

impl Connection {
    pub(super) fn new(stream: IOStream, is_kept: bool) -> Self {
        let sent_before = stream.sent();
        Self { stream, is_kept, is_heard: false, sent_before, upload: None }
    }

    /// Sends the request, and reads the head of the response to it; returns where its body ends.
    pub(super) async fn exchange(
        &mut self,
        parts: &mut Parts,
        client: &Shared,
    ) -> Result<Ending, HTTPClientError> {
        self.send(parts, client);
        let ending = self.read_head(parts, &client.limits).await?;
        parts.times.answered = client.core.ticks();
        if let Some(jar) = &client.jar {
            let mut jar = jar.borrow_mut();
            let cookies =
                parts.head.headers().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
            cookies.for_each(|(_, value)| jar.store(&parts.url, value, parts.times.answered));
        }
        Ok(ending)
    }

    /// Whether the request may be sent again over another connection: the server has closed this one before it can have seen the
    /// request, or it makes no difference whether it sees it twice. RFC 9110 §9.2.2, RFC 9112 §9.3.1.
    pub(super) fn allows_repetition(&self, parts: &Parts, error: &HTTPClientError) -> bool {
        matches!(error, HTTPClientError::Closed(_))
            && self.is_kept
            && !self.is_heard
            && !parts.has_streamed
            && (parts.method.is_idempotent() || self.stream.sent() == self.sent_before)
    }

    /// Whether nothing is under way on it any more, in either direction, so that another request may be sent.
    pub(super) fn is_clean(&mut self) -> bool {
        self.has_sent()
            && !self.stream.writing()
            && !self.stream.closed()
            // Bytes that nobody has asked for would be taken for the next response.
            && self.stream.peek(<[u8]>::is_empty)
            && (!self.stream.is_readable() || self.is_silent())
    }

    /// Whether all of the request has left. Of a body that was a stream, who has read the response need not have heard that.
    #[inline]
    fn has_sent(&mut self) -> bool {
        let cx = &mut Context::from_waker(Waker::noop());
        if let Some(upload) = &mut self.upload
            && let Poll::Ready(Ok(())) = upload.poll(&self.stream, cx)
        {
            self.upload = None;
        }
        self.upload.is_none()
    }

    /// Whether there is really nothing to read, and the server has not closed.
    pub(super) fn is_silent(&self) -> bool {
        self.stream.poll_fill(&mut Context::from_waker(Waker::noop())).is_pending()
    }

    /// Sends head and body as far as they are there. What the system does not take at once is sent in the background; a failure
    /// is found by who reads.
    fn send(&mut self, parts: &mut Parts, client: &Shared) {
        let mut out = client.out.borrow_mut();
        out.clear();
        encode::head(parts, client, &mut out);
        match parts.body.take() {
            Some(Body::Stream(stream)) => {
                self.stream.send(&out);
                parts.has_streamed = true;
                self.begin(Upload::stream(stream), parts);
            }
            Some(whole) => {
                let bytes = whole.as_bytes().unwrap_or_default();
                if bytes.len() <= INLINE && !parts.expects_continue {
                    out.extend_from_slice(bytes);
                    self.stream.send(&out);
                    parts.body = Some(whole);
                } else {
                    let bytes = whole.into_bytes().unwrap_or_default();
                    parts.body = Some(Body::Bytes(bytes.clone()));
                    if parts.expects_continue {
                        self.stream.send(&out);
                        self.begin(Upload::whole(bytes), parts);
                    } else {
                        drop(self.stream.write_both(&out, bytes));
                    }
                }
            }
            None => self.stream.send(&out),
        }
        out.shrink_to(OUT_KEPT);
    }

    /// Leaves a body to be sent while the response is waited for.
    fn begin(&mut self, upload: Upload, parts: &Parts) {
        let upload = if parts.expects_continue { upload.hesitate() } else { upload };
        self.upload = Some(Box::new(upload));
    }

    /// Reads heads until one is final.
    async fn read_head(
        &mut self,
        parts: &mut Parts,
        limits: &Limits,
    ) -> Result<Ending, HTTPClientError> {
        for _ in 0..=INTERIM {
            while !self.parse(parts, limits)? {
                if poll_fn(|cx| self.poll_fill(cx)).await? == 0 {
                    return Err(HTTPClientError::Closed(None));
                }
                self.is_heard = true;
            }
            let ending = parts.head.ending(&parts.method)?;
            match parts.head.status() {
                StatusCode::SWITCHING_PROTOCOLS if parts.upgrade.is_some() => return Ok(ending),
                StatusCode::SWITCHING_PROTOCOLS => {
                    return Err(ResponseViolation::SwitchNotRequested.into());
                }
                status if !status.is_informational() => return Ok(ending),
                StatusCode::CONTINUE => {
                    if let Some(upload) = &mut self.upload {
                        upload.proceed();
                    }
                }
                _ => {}
            }
        }
        Err(ResponseViolation::TooManyInterim.into())
    }

    /// Parses the next head out of what has been read; says whether it is complete.
    fn parse(&mut self, parts: &mut Parts, limits: &Limits) -> Result<bool, ResponseViolation> {
        let end = self.stream.peek(|bytes| match bytes {
            [] => Ok(None),
            bytes => parts.head.parse(bytes, limits),
        })?;
        self.stream.consume(end.unwrap_or(0));
        Ok(end.is_some())
    }

    /// The next `length` bytes, if all of them have been read already.
    pub(super) fn take_exactly(&self, length: usize) -> Option<Bytes> {
        let taken = self.stream.peek(|bytes| bytes.get(..length).map(Bytes::copy_from_slice))?;
        self.stream.consume(length);
        Some(taken)
    }

    /// Reads once into the buffer, while the request's body goes on; 0 when the server has ended its side.
    pub(super) fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<usize, HTTPClientError>> {
        // First, because a server that does not want the whole body says so before it closes.
        if let Poll::Ready(filled) = self.stream.poll_fill(cx) {
            return Poll::Ready(filled.map_err(HTTPClientError::from));
        }
        if let Some(upload) = &mut self.upload
            && let Poll::Ready(result) = upload.poll(&self.stream, cx)
        {
            self.upload = None;
            if let Err(error) = result {
                return Poll::Ready(Err(error));
            }
        }
        Poll::Pending
    }
}
