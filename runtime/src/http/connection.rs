//! A connection that has something to say: reads requests, answers them, and goes to rest.
//!
//! All requests that are in the buffer are answered in order and sent with one write. Waiting for the next one is not this
//! coroutine's business: the connection is then parked with the server, without a task, a buffer or a timer of its own.

use super::exchange::Exchange;
use super::request::Request;
use super::response::{Encoded, Encoding, Response, Rest};
use super::server::{Busy, Resting, Shared};
use super::violation::Violation;
use super::{ContentType, outgoing};
use crate::coroutine::{cancel_after, moment};
use crate::ioloop::{Frame, Key, panic_message};
use crate::iostream::IOStream;
use ::http::{Method, StatusCode, Version};
use std::any::Any;
use std::cell::Cell;
use std::future::{Future, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
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
    /// When the head that has begun must be complete.
    head_deadline: Option<Instant>,
}

/// Where a worker finds its work.
#[derive(Default)]
pub(super) struct Desk {
    work: Cell<Option<Work>>,
    /// The worker's task.
    pub(super) worker: Cell<Option<Key>>,
}

/// What a worker is asked to do.
pub(super) enum Work {
    /// Serve this connection, which has something to say.
    Serve(Resting, Busy),
    /// Go home.
    End,
}

impl Desk {
    /// Leaves work for the worker, who must be given a turn to see it.
    pub(super) fn put(&self, work: Work) {
        self.work.set(Some(work));
    }

    fn poll_take(&self) -> Poll<Work> {
        self.work.take().map_or(Poll::Pending, Poll::Ready)
    }
}

/// What becomes of a connection.
#[derive(Clone, Copy)]
enum Fate {
    /// It waits for the next request.
    Rest,
    /// It ends, and everything has been sent.
    Close,
    /// It is broken.
    Abort,
}

/// What has to be awaited before the connection can go on.
enum Step {
    /// More of a head.
    Read,
    /// A handler that is not ready.
    Handle(Frame<Response>),
    /// The rest of a response; says whether the connection outlives it.
    Send(Rest, bool),
    /// The others' turn.
    Turn,
    /// That everything is sent.
    Close,
    /// The same, for a request that nobody has seen.
    Refuse(Refusal),
}

/// Why a request is refused before anybody has seen it.
enum Refusal {
    Violation(Violation),
    Slow,
}

impl Worker {
    pub(super) fn new(server: Rc<Shared>, place: Key, desk: Rc<Desk>) -> Self {
        let exchange = server.exchange();
        Self { server, place, desk, exchange, head_deadline: None }
    }

    /// Works until it is sent home.
    pub(super) async fn work(mut self) {
        let desk = self.desk.clone();
        while let Work::Serve(resting, _busy) = poll_fn(|_| desk.poll_take()).await {
            self.alone().attach(resting.parked, resting.remote);
            self.head_deadline = None;
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
            Fate::Rest => self.server.rest(&self.exchange.stream, self.exchange.remote),
            Fate::Close => linger(&self.exchange.stream).await,
            Fate::Abort => {}
        }
    }

    /// Answers requests until there is none.
    async fn requests(&mut self) -> Fate {
        let mut step = Step::Read;
        loop {
            step = match step {
                Step::Read => match self.read().await {
                    Ok(None) => poll_fn(|cx| Poll::Ready(self.advance(cx))).await,
                    Ok(Some(step)) => step,
                    Err(fate) => return fate,
                },
                Step::Handle(handling) => match handle(handling, &self.exchange).await {
                    Some(response) => self.respond(response).unwrap_or(Step::Turn),
                    None => return Fate::Abort,
                },
                Step::Send(rest, keep_alive) => {
                    if outgoing::rest(&self.exchange, rest).await.is_err() {
                        // Answers to earlier requests may wait in front of the broken one.
                        self.exchange.send();
                        return Fate::Abort;
                    }
                    if keep_alive {
                        self.alone().finish();
                        Step::Turn
                    } else {
                        Step::Close
                    }
                }
                Step::Turn => {
                    if outgoing::flush(&self.exchange).await.is_err() {
                        return Fate::Abort;
                    }
                    moment().await;
                    poll_fn(|cx| Poll::Ready(self.advance(cx))).await
                }
                Step::Refuse(refusal) => {
                    self.refuse(&refusal);
                    Step::Close
                }
                Step::Close => match outgoing::flush(&self.exchange).await {
                    Ok(()) => return Fate::Close,
                    Err(_) => return Fate::Abort,
                },
            };
        }
    }

    /// Answers what is in the buffer, as far as nothing has to be awaited. This is all that happens to most requests.
    fn advance(&mut self, cx: &mut Context<'_>) -> Step {
        for _ in 0..REQUESTS_PER_TURN {
            let now = self.server.ticks();
            match self.alone().parse(now) {
                Ok(true) => self.head_deadline = None,
                Ok(false) => return Step::Read,
                Err(violation) => return Step::Refuse(Refusal::Violation(violation)),
            }
            let request = Request::new(self.exchange.clone());
            let mut handling =
                match catch_unwind(AssertUnwindSafe(|| self.server.service.call(request))) {
                    Ok(handling) => handling,
                    Err(payload) => Frame::new(ready(panicked(&self.exchange, &*payload))),
                };
            let Poll::Ready(response) = poll_handler(&mut handling, &self.exchange, cx) else {
                return Step::Handle(handling);
            };
            drop(handling);
            if let Some(step) = self.respond(response) {
                return step;
            }
        }
        Step::Turn
    }

    /// Puts a response behind those that wait to be sent; says what has to be awaited, if anything.
    fn respond(&mut self, response: Response) -> Option<Step> {
        let exchange = &*self.exchange;
        let head = &exchange.head;
        let wanted =
            head.keep_alive() && !exchange.settings.no_keep_alive && !self.server.is_draining();
        // The rest of a body that nobody has read would be taken for the next request.
        let keep_alive = exchange.skip_body(response.body()) && wanted;
        let head_only = *head.method() == Method::HEAD;
        let Encoded { rest, keep_alive } =
            self.encode(response, head.version(), head_only, keep_alive);
        if !matches!(rest, Rest::Nothing) {
            return Some(Step::Send(rest, keep_alive));
        }
        if !keep_alive {
            return Some(Step::Close);
        }
        let full = exchange.out.borrow().len() >= BATCH;
        self.alone().finish();
        full.then_some(Step::Turn)
    }

    fn encode(
        &self,
        response: Response,
        version: Version,
        head_only: bool,
        keep_alive: bool,
    ) -> Encoded {
        let encoding = Encoding { date: &self.server.date(), version, head_only, keep_alive };
        response.encode(&encoding, &mut self.exchange.out.borrow_mut())
    }

    /// Answers a request that breaks a rule. After it, nothing on the connection can be trusted.
    fn refuse(&mut self, refusal: &Refusal) {
        let (status, text) = match refusal {
            Refusal::Violation(violation) => (violation.status(), violation.to_string()),
            Refusal::Slow => {
                (StatusCode::REQUEST_TIMEOUT, String::from("the request did not arrive in time"))
            }
        };
        let remote = self.exchange.remote.ip();
        tracing::info!(target: "gustnado.general", "Malformed HTTP message from {remote}: {text}");
        let response = Response::new(status).with_content_type(ContentType::TEXT).with_body(text);
        // What the head still knows is of an earlier request.
        self.alone().head.clear();
        let _encoded = self.encode(response, Version::HTTP_11, false, false);
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

    /// Reads more of a head, and sends first what was answered. `Ok(None)`: there is something to parse.
    async fn read(&mut self) -> Result<Option<Step>, Fate> {
        let begun = self.alone().read_on();
        self.exchange.send();
        let exchange = &*self.exchange;
        let mut fill = poll_fn(|cx| exchange.stream.poll_fill(cx));
        // What the loop has heard may be bytes that were read already; so this may find nothing.
        let first = if exchange.stream.is_readable() {
            poll_fn(|cx| Poll::Ready(Pin::new(&mut fill).poll(cx))).await
        } else {
            Poll::Pending
        };
        let filled = match first {
            Poll::Ready(filled) => filled,
            Poll::Pending if begun => {
                let timeout = exchange.settings.header_timeout;
                let deadline =
                    *self.head_deadline.get_or_insert_with(|| exchange.core.now() + timeout);
                match cancel_after(deadline, fill).await {
                    Ok(filled) => filled,
                    Err(_) => return Ok(Some(Step::Refuse(Refusal::Slow))),
                }
            }
            // A connection rests only when its answers have left.
            Poll::Pending if outgoing::flushed(exchange).await.is_ok() => return Err(Fate::Rest),
            Poll::Pending => return Err(Fate::Abort),
        };
        match filled {
            Ok(0) => {
                // The client has ended its side only, perhaps, and waits for answers.
                let _ = outgoing::flushed(exchange).await;
                Err(Fate::Abort)
            }
            Ok(_) => Ok(None),
            Err(_) => Err(Fate::Abort),
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

/// Waits for a handler's response; `None` if the client has left before, and the handler was dropped.
async fn handle(mut handling: Frame<Response>, exchange: &Exchange) -> Option<Response> {
    // Answers to earlier requests must not wait for this one.
    exchange.send();
    // It has just had its turn, and may have given it to others: a moment is over when it is looked at again.
    let mut had_turn = true;
    poll_fn(|cx| {
        if !std::mem::take(&mut had_turn)
            && let Poll::Ready(response) = poll_handler(&mut handling, exchange, cx)
        {
            return Poll::Ready(Some(response));
        }
        if exchange.finish_on_disconnect.get() {
            return Poll::Pending;
        }
        exchange.stream.poll_hung_up(cx).map(|()| None)
    })
    .await
}

/// Gives a handler a turn. If it panics, that is its response.
fn poll_handler(
    handling: &mut Frame<Response>,
    exchange: &Exchange,
    cx: &mut Context<'_>,
) -> Poll<Response> {
    catch_unwind(AssertUnwindSafe(|| Pin::new(handling).poll(cx)))
        .unwrap_or_else(|payload| Poll::Ready(panicked(exchange, &*payload)))
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
