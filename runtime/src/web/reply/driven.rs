//! Handlers whose answer leaves before they end.
//!
//! A handler is a future of a response. One that flushes, or finishes and goes on, has given its answer before: then the head
//! becomes the response, and the handler itself the body's stream, which is polled as the client reads. So the server needs to
//! know nothing of it, what is written waits for the client, and a client that leaves ends the handler as ever.

use std::cell::Cell;
use std::error::Error as StdError;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

use super::{Ending, Reply, is_bodiless};
use crate::error::{Error, Result};
use crate::http::{Body, ContentType, Response};
use crate::ioloop::Frame;

thread_local! {
    /// The reply that the handler which has its turn wants to be sent before its end. It is the only way from a handler, deep
    /// inside of a future whose type nobody knows, to who polls that; and it is looked at before anybody else is polled.
    static NOTICE: Cell<Option<Rc<Reply>>> = const { Cell::new(None) };
}

/// A handler that may answer before it ends.
pub(in super::super) struct Driven(Option<Frame<Response>>);

impl Driven {
    pub(in super::super) fn new(work: Frame<Response>) -> Self {
        Self(Some(work))
    }
}

/// Gives the handler a turn; beside what it ended with, the reply that it wants sent.
fn turn(work: &mut Frame<Response>, cx: &mut Context<'_>) -> (Poll<Response>, Option<Rc<Reply>>) {
    // One handler may poll another, of an application inside of its own.
    let outer = NOTICE.take();
    let poll = Pin::new(work).poll(cx);
    (poll, NOTICE.replace(outer))
}

impl Future for Driven {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        let Some(work) = &mut self.0 else { return Poll::Pending };
        let (Poll::Pending, Some(reply)) = (match turn(work, cx) {
            (Poll::Ready(response), _) => return Poll::Ready(response),
            pending => pending,
        }) else {
            return Poll::Pending;
        };
        let Some(mut response) = reply.begin() else { return Poll::Pending };
        let Some(work) = self.0.take() else { return Poll::Pending };
        let first = whole(std::mem::take(response.body_mut()));
        let length = reply.finished.get().then_some(first.len() as u64);
        let stream = Continued { work: Some(work), reply, next: first };
        *response.body_mut() = match length {
            Some(length) => Body::sized_stream(length, stream),
            None => Body::stream(stream),
        };
        Poll::Ready(response)
    }
}

impl Reply {
    /// Waits until everything that was written is out.
    pub(in super::super) async fn flush(self: &Rc<Self>) -> Result {
        if self.finished.get() {
            return Err(Error::msg(format!("nothing can be flushed: {}", self.lateness())));
        }
        self.flush_wanted.set(true);
        NOTICE.set(Some(self.clone()));
        poll_fn(|cx| {
            if !self.flush_wanted.get() {
                return Poll::Ready(Ok(()));
            }
            *self.flushing.borrow_mut() = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// Lets the answer leave as soon as the handler waits.
    pub(in super::super) fn hurry(self: &Rc<Self>) {
        NOTICE.set(Some(self.clone()));
    }

    /// The response that is to be sent before the handler's end; `None` if it cannot be yet.
    fn begin(&self) -> Option<Response> {
        let response = if self.finished.get() {
            match self.ending.take() {
                // Without a body there is nothing behind which the handler could go on.
                Some(Ending::Response(response))
                    if !response.body().is_empty() && !is_bodiless(response.status()) =>
                {
                    response
                }
                other => {
                    *self.ending.borrow_mut() = other;
                    return None;
                }
            }
        } else if self.flush_wanted.get() {
            let response = self.response(Response::default());
            match response.headers().content_type() {
                Some(_) => response,
                None => response.with_content_type(ContentType::HTML),
            }
        } else {
            return None;
        };
        self.sent.set(true);
        Some(response)
    }

    /// Says that what was taken to be sent has left.
    fn left(&self) {
        if self.flush_wanted.replace(false)
            && let Some(waker) = self.flushing.take()
        {
            waker.wake();
        }
    }
}

/// The rest of a handler, as the body of its response.
struct Continued {
    work: Option<Frame<Response>>,
    reply: Rc<Reply>,
    /// What is to be sent next.
    next: Bytes,
}

impl Stream for Continued {
    type Item = Result<Bytes, Box<dyn StdError>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if !this.next.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut this.next))));
        }
        // The next piece is asked for when the one before has left.
        this.reply.left();
        let Some(work) = &mut this.work else { return Poll::Ready(None) };
        let rest = match turn(work, cx) {
            (Poll::Ready(response), _) => {
                this.work = None;
                whole(response.into_body())
            }
            (Poll::Pending, Some(_)) => {
                let written = this.reply.written.take();
                if written.is_empty() {
                    // Nothing to wait for; but others have their turn.
                    this.reply.left();
                }
                written.into()
            }
            (Poll::Pending, None) => return Poll::Pending,
        };
        if this.reply.broken.get() {
            this.work = None;
            return Poll::Ready(Some(Err("the handler failed after the head was sent".into())));
        }
        match (rest.is_empty(), &this.work) {
            (true, Some(_)) => Poll::Pending,
            (true, None) => Poll::Ready(None),
            (false, _) => Poll::Ready(Some(Ok(rest))),
        }
    }
}

fn whole(body: Body) -> Bytes {
    match body {
        Body::Static(bytes) => Bytes::from_static(bytes),
        Body::Bytes(bytes) => bytes,
        Body::Buffer(bytes) => bytes.into(),
        Body::Empty | Body::Stream(_) => Bytes::new(),
    }
}
