//! A connection that has something to say: reads requests, answers them, and goes to rest.
//!
//! All requests that are in the buffer are answered in order and sent with one write. Waiting for the next one is not this
//! coroutine's business: the connection is then parked with the server, without a task, a buffer or a timer of its own.

use super::exchange::Exchange;
use super::request::Request;
use super::response::{Encoded, Encoding, Response};
use super::server::{Busy, Resting, Shared};
use super::violation::Violation;
use super::{ContentType, outgoing};
use crate::coroutine::{cancel_after, moment};
use crate::ioloop::{Frame, Key, panic_message};
use crate::iostream::IOStream;
use ::http::{Method, StatusCode, Version};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// So many requests of one connection are answered before others have a turn.
const REQUESTS_PER_TURN: u32 = 64;

/// So many bytes of responses are put together before they are sent.
const BATCH: usize = 64 * 1024;

/// What a client may still send after the last response, and how long it may take. Closing a socket that has unread bytes
/// would destroy the response on its way.
const LINGER_BYTES: usize = 256 * 1024;
const LINGER_TIME: Duration = Duration::from_secs(2);

/// A coroutine that serves one connection after the other. It is kept, with its memory, from one to the next.
pub(super) struct Worker {
    server: Rc<Shared>,
    /// Its place among the server's workers.
    place: Key,
    desk: Rc<Desk>,
    exchange: Rc<Exchange>,
}

/// Where a worker finds its work.
#[derive(Default)]
pub(super) struct Desk {
    work: Cell<Option<Work>>,
    worker: RefCell<Option<Waker>>,
}

/// What a worker is asked to do.
pub(super) enum Work {
    /// Serve this connection, which has something to say.
    Serve(Resting, Busy),
    /// Go home.
    End,
}

impl Desk {
    pub(super) fn put(&self, work: Work) {
        self.work.set(Some(work));
        if let Some(worker) = &*self.worker.borrow() {
            worker.wake_by_ref();
        }
    }

    fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Work> {
        if let Some(work) = self.work.take() {
            return Poll::Ready(work);
        }
        let mut worker = self.worker.borrow_mut();
        if !worker.as_ref().is_some_and(|worker| worker.will_wake(cx.waker())) {
            *worker = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

/// What becomes of a connection after a response.
#[derive(Clone, Copy)]
enum Fate {
    /// It goes on, or waits for the next request.
    Keep,
    /// It ends once everything is sent.
    Close,
    /// It is broken.
    Abort,
}

/// Why a request is refused before anybody has seen it.
enum Refusal {
    Violation(Violation),
    Slow,
}

enum Read {
    More,
    /// Nothing, and nothing is expected.
    Nothing,
    Refused(Refusal),
    End,
}

impl Worker {
    pub(super) fn new(server: Rc<Shared>, place: Key, desk: Rc<Desk>) -> Self {
        let exchange = server.exchange();
        Self { server, place, desk, exchange }
    }

    /// Works until it is sent home.
    pub(super) async fn work(mut self) {
        let desk = self.desk.clone();
        while let Work::Serve(resting, _busy) = poll_fn(|cx| desk.poll_take(cx)).await {
            self.alone().attach(resting.parked, resting.remote);
            self.serve().await;
            self.alone().reset();
            if !self.server.is_free(&desk) {
                return;
            }
        }
    }

    /// Serves what has arrived on the connection.
    async fn serve(&mut self) {
        match self.requests().await {
            Fate::Keep => self.server.rest(&self.exchange.stream, self.exchange.remote),
            Fate::Close => linger(&self.exchange.stream).await,
            Fate::Abort => {}
        }
    }

    /// Answers requests until there is none.
    async fn requests(&mut self) -> Fate {
        let mut answered: u32 = 0;
        let mut deadline = None;
        loop {
            let now = self.server.ticks();
            let read = match self.alone().parse(now) {
                Ok(true) => {
                    deadline = None;
                    match self.answer().await {
                        Fate::Keep => {}
                        fate => return fate,
                    }
                    answered += 1;
                    if answered.is_multiple_of(REQUESTS_PER_TURN) {
                        if outgoing::flush(&self.exchange).await.is_err() {
                            return Fate::Abort;
                        }
                        moment().await;
                    }
                    Read::More
                }
                Ok(false) => self.read(&mut deadline).await,
                Err(violation) => Read::Refused(Refusal::Violation(violation)),
            };
            match read {
                Read::More => {}
                Read::Nothing => return Fate::Keep,
                Read::Refused(refusal) => return self.refuse(&refusal).await,
                Read::End => return Fate::Abort,
            }
        }
    }

    /// The exchange, for this connection alone. If a handler has kept its request, the connection goes on with a new one.
    fn alone(&mut self) -> &mut Exchange {
        if Rc::get_mut(&mut self.exchange).is_none() {
            self.exchange = self.server.successor(&self.exchange);
        }
        match Rc::get_mut(&mut self.exchange) {
            Some(exchange) => exchange,
            None => unreachable!("nobody has seen the new exchange"),
        }
    }

    /// Reads more of a head. What was answered is sent before anything is waited for.
    async fn read(&mut self, deadline: &mut Option<Instant>) -> Read {
        let exchange = self.alone();
        let begun = exchange.read_on();
        exchange.send();
        let exchange = &*self.exchange;
        let stream = &exchange.stream;
        let mut fill = poll_fn(|cx| stream.poll_fill(cx));
        let filled = match poll_fn(|cx| Poll::Ready(Pin::new(&mut fill).poll(cx))).await {
            Poll::Ready(filled) => filled,
            Poll::Pending if !begun => {
                // A connection rests only when its answers have left.
                return match outgoing::flushed(exchange).await {
                    Ok(()) => Read::Nothing,
                    Err(_) => Read::End,
                };
            }
            Poll::Pending => {
                let timeout = exchange.settings.header_timeout;
                let deadline = *deadline.get_or_insert_with(|| exchange.core.now() + timeout);
                match cancel_after(deadline, fill).await {
                    Ok(filled) => filled,
                    Err(_) => return Read::Refused(Refusal::Slow),
                }
            }
        };
        match filled {
            Ok(0) | Err(_) => Read::End,
            Ok(_) => Read::More,
        }
    }

    /// Has the request answered, and puts the response behind those that wait to be sent.
    async fn answer(&mut self) -> Fate {
        let request = Request::new(self.exchange.clone());
        let handling = catch_unwind(AssertUnwindSafe(|| self.server.service.call(request)));
        let response = match handling {
            Ok(handling) => handle(handling, &self.exchange).await,
            Err(payload) => Some(panicked(&self.exchange, &*payload)),
        };
        let Some(response) = response else { return Fate::Abort };
        let exchange = &*self.exchange;
        let head = &exchange.head;
        let wanted =
            head.keep_alive() && !exchange.settings.no_keep_alive && !self.server.is_draining();
        // The rest of a body that nobody has read would be taken for the next request.
        let keep_alive = exchange.skip_body(response.body()) && wanted;
        let encoded = self.encode(response, keep_alive);
        let sent = outgoing::rest(exchange, encoded.rest).await;
        if sent.is_err() {
            // Answers to earlier requests may wait in front of the broken one.
            exchange.send();
            return Fate::Abort;
        }
        let full = exchange.out.borrow().len() >= BATCH;
        if full && outgoing::flush(exchange).await.is_err() {
            return Fate::Abort;
        }
        if !encoded.keep_alive {
            return self.close().await;
        }
        self.alone().finish();
        Fate::Keep
    }

    fn encode(&self, response: Response, keep_alive: bool) -> Encoded {
        let head = &self.exchange.head;
        let date = self.server.date();
        let encoding = Encoding {
            date: &date,
            version: head.version(),
            head_only: *head.method() == Method::HEAD,
            keep_alive,
        };
        response.encode(&encoding, &mut self.exchange.out.borrow_mut())
    }

    /// Encodes the answer to a request that was not understood: what the head still knows is of an earlier one.
    fn encode_refusal(&self, response: Response) {
        let date = self.server.date();
        let version = Version::HTTP_11;
        let encoding = Encoding { date: &date, version, head_only: false, keep_alive: false };
        let _encoded = response.encode(&encoding, &mut self.exchange.out.borrow_mut());
    }

    /// Answers a request that breaks a rule. After it, nothing on the connection can be trusted.
    async fn refuse(&mut self, refusal: &Refusal) -> Fate {
        let (status, text) = match refusal {
            Refusal::Violation(violation) => (violation.status(), violation.to_string()),
            Refusal::Slow => {
                (StatusCode::REQUEST_TIMEOUT, String::from("the request did not arrive in time"))
            }
        };
        let remote = self.exchange.remote.ip();
        tracing::info!(target: "gustnado.general", "Malformed HTTP message from {remote}: {text}");
        let response = Response::new(status).with_content_type(ContentType::TEXT).with_body(text);
        self.alone().head.clear();
        self.encode_refusal(response);
        self.close().await
    }

    async fn close(&self) -> Fate {
        match outgoing::flush(&self.exchange).await {
            Ok(()) => Fate::Close,
            Err(_) => Fate::Abort,
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // A handler that was dropped with it may have left a request somewhere, which must not keep the connection open.
        self.exchange.stream.close();
        self.server.ended(self.place);
    }
}

/// Runs a handler to its end; `None` if the client has left before, and the handler was dropped.
async fn handle(mut handling: Frame<Response>, exchange: &Exchange) -> Option<Response> {
    let mut waiting = false;
    poll_fn(|cx| {
        match catch_unwind(AssertUnwindSafe(|| Pin::new(&mut handling).poll(cx))) {
            Ok(Poll::Ready(response)) => return Poll::Ready(Some(response)),
            Ok(Poll::Pending) => {}
            Err(payload) => return Poll::Ready(Some(panicked(exchange, &*payload))),
        }
        if !std::mem::replace(&mut waiting, true) {
            // Answers to earlier requests must not wait for this one.
            exchange.send();
        }
        if exchange.finish_on_disconnect.get() {
            return Poll::Pending;
        }
        exchange.stream.poll_hung_up(cx).map(|()| None)
    })
    .await
}

/// What answers a request whose handler has panicked.
#[cold]
fn panicked(exchange: &Exchange, payload: &(dyn Any + Send)) -> Response {
    log_panic(exchange, payload);
    Response::new(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Says in which request the application panicked.
#[cold]
pub(super) fn log_panic(exchange: &Exchange, payload: &(dyn Any + Send)) {
    let head = &exchange.head;
    let request = format!("{} {}", head.method(), head.target(exchange.bytes()));
    let message = panic_message(payload);
    tracing::error!(target: "gustnado.application", request, panic = message, "Uncaught exception {request}: {message}");
}

/// Ends a connection without destroying the response on its way: says that nothing more comes, and reads on for a while.
async fn linger(stream: &IOStream) {
    if stream.shutdown().is_err() {
        return;
    }
    let drain = async {
        let mut read = 0;
        while read < LINGER_BYTES {
            match poll_fn(|cx| stream.poll_fill(cx)).await {
                Ok(0) | Err(_) => return,
                Ok(count) => read += count,
            }
            drop(stream.take_buffer());
        }
    };
    // Whether the client was polite in time makes no difference.
    let _ = cancel_after(LINGER_TIME, drain).await;
}
