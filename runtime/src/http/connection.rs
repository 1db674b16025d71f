//! A connection that has something to say: reads requests, answers them, and goes to rest.
//!
//! All requests that are in the buffer are answered in order and sent with one write. Waiting for the next one is not this
//! coroutine's business: the connection is then parked with the server, without a task, a buffer or a timer of its own.

use super::exchange::{Exchange, ExchangeRef};
use super::request::Request;
use super::response::{Encoded, Encoding, Response, Rest};
use super::server::{Resting, Shared};
use super::violation::Violation;
use super::{ContentType, outgoing};
use crate::coroutine::{cancel_after, moment};
use crate::ioloop::{Failure, Frame, Key, report};
use ::http::{Method, StatusCode, Version};
use std::any::Any;
use std::future::{Future, poll_fn, ready};
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
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
///
/// It is written by hand, to be small: tens of thousands may wait for their handlers. What else has to be awaited gets a frame
/// for itself, and only as long as it lasts.
pub(super) struct Worker {
    server: Rc<Shared>,
    /// Its place among the server's workers.
    place: Key,
    exchange: ExchangeRef,
    state: State,
}

/// What a worker is doing when others have their turn.
enum State {
    /// It has been given a connection that has something to say.
    Beginning,
    /// It waits for its handler; whether that has just had its turn.
    Handling(Frame<Response>, bool),
    /// It waits for the rest of a response.
    Sending(Frame<Step>),
    /// It waits for something else, which says how to go on.
    Waiting(Frame<Step>),
    /// It waits for a connection.
    Free,
    /// It is not needed any more.
    Gone,
}

/// What is to be done next.
enum Step {
    /// Read more, and send first what was answered. A head that has begun must be complete by the deadline, if it has one
    /// already.
    Read(Option<Instant>),
    /// Answer what has been read.
    Answer(Option<Instant>),
    /// Go on behind a response that has been sent in pieces; whether the connection outlives it.
    Finish(bool),
    /// Answer a request that nobody has seen.
    Refuse(Refusal),
    /// Let the client read its last response.
    Close,
    /// Lay the connection down until the next request.
    Rest,
    /// Be done with the connection.
    End,
}

/// What follows a step: another one, or a wait.
type Next = ControlFlow<State, Step>;

/// Why a request is refused before anybody has seen it.
enum Refusal {
    Violation(Violation),
    Slow,
}

impl Future for Worker {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        loop {
            let next = match &mut this.state {
                State::Beginning => Next::Continue(Step::Read(None)),
                State::Handling(..) => {
                    let answered = ready!(this.poll_handling(cx));
                    this.leave();
                    match answered {
                        // Who does not read the answers is not to pile them up.
                        Some(response) => this
                            .respond(response)
                            .unwrap_or_else(|| this.flushed(Step::Answer(None))),
                        None => Next::Continue(Step::End),
                    }
                }
                State::Sending(sending) => {
                    let poll = this.exchange.locals.run(|| Pin::new(sending).poll(cx));
                    this.watch();
                    let step = ready!(poll);
                    this.leave();
                    Next::Continue(step)
                }
                State::Waiting(waiting) => {
                    let step = ready!(Pin::new(waiting).poll(cx));
                    this.state = State::Free;
                    Next::Continue(step)
                }
                State::Free => match this.server.next_work() {
                    Some(resting) => {
                        this.alone().attach(resting);
                        Next::Continue(Step::Read(None))
                    }
                    None if this.server.is_draining() => return Poll::Ready(()),
                    None => return Poll::Pending,
                },
                State::Gone => return Poll::Ready(()),
            };
            this.state = this.go_on(next, cx);
        }
    }
}

impl Worker {
    pub(super) fn new(server: Rc<Shared>, place: Key, resting: Resting) -> Self {
        let mut exchange = server.exchange();
        exchange.attach(resting);
        Self { server, place, exchange: ExchangeRef::new(exchange), state: State::Beginning }
    }

    /// Does step after step until something has to be awaited.
    fn go_on(&mut self, mut next: Next, cx: &mut Context<'_>) -> State {
        loop {
            let step = match next {
                Next::Continue(step) => step,
                Next::Break(state) => return state,
            };
            next = match step {
                Step::Read(deadline) => self.read(deadline, cx),
                Step::Answer(deadline) => self.answer(deadline, cx),
                Step::Finish(keep_alive) => {
                    // The coroutine of a stream may leave something behind, as that of a handler may.
                    self.exchange.core().end_of_work(true);
                    if keep_alive {
                        self.alone().finish();
                        self.give_way()
                    } else {
                        Next::Continue(Step::Close)
                    }
                }
                Step::Close => wait(close(self.exchange.clone())),
                Step::Refuse(refusal) => {
                    self.refuse(&refusal);
                    Next::Continue(Step::Close)
                }
                Step::Rest => {
                    self.server.rest(&self.exchange.stream, self.exchange.remote);
                    Next::Continue(Step::End)
                }
                Step::End => {
                    self.exchange.core().end_of_work(false);
                    self.alone().reset();
                    let kept = self.server.keep(self.place);
                    Next::Break(if kept { State::Free } else { State::Gone })
                }
            }
        }
    }

    /// Reads more, and sends first what was answered.
    fn read(&mut self, deadline: Option<Instant>, cx: &mut Context<'_>) -> Next {
        let has_begun = self.alone().has_begun();
        let exchange = &self.exchange;
        exchange.send();
        // What the loop has heard may be bytes that were read already; so this may find nothing.
        if exchange.stream.is_readable()
            && let Poll::Ready(filled) = exchange.stream.poll_fill(cx)
        {
            return match filled {
                Ok(0) => self.flushed(Step::End),
                Ok(_) => Next::Continue(Step::Answer(deadline)),
                Err(_) => Next::Continue(Step::End),
            };
        }
        if !has_begun {
            // A connection rests only when its answers have left.
            return self.flushed(Step::Rest);
        }
        let timeout = exchange.settings().header_timeout;
        let deadline = deadline.unwrap_or_else(|| exchange.core().now() + timeout);
        wait(read_head(exchange.clone(), deadline))
    }

    /// Goes on with `step` when all answers have left.
    fn flushed(&self, step: Step) -> Next {
        if self.exchange.stream.writing() {
            return wait(flush(self.exchange.clone(), step));
        }
        Next::Continue(if self.exchange.stream.closed() { Step::End } else { step })
    }

    /// Answers what has been read, as far as nothing has to be awaited. This is all that happens to most requests.
    fn answer(&mut self, mut deadline: Option<Instant>, cx: &mut Context<'_>) -> Next {
        for _ in 0..REQUESTS_PER_TURN {
            let now = self.server.ticks();
            match self.alone().parse(now) {
                Ok(true) => deadline = None,
                Ok(false) => return Next::Continue(Step::Read(deadline)),
                Err(violation) => {
                    return Next::Continue(Step::Refuse(Refusal::Violation(violation)));
                }
            }
            let request = Request::new(self.exchange.clone());
            let entered = self.exchange.locals.enter(self.server.locals(&request));
            let mut handling =
                match catch_unwind(AssertUnwindSafe(|| self.server.service.call(request))) {
                    Ok(handling) => handling,
                    Err(payload) => Frame::new(ready(panicked(&self.exchange, &*payload))),
                };
            let Poll::Ready(response) = poll_handler(&mut handling, &self.exchange, cx) else {
                entered.leave();
                self.watch();
                // Answers to earlier requests must not wait for this one, nor must memory that others could use.
                self.exchange.lend_out();
                return Next::Break(State::Handling(handling, true));
            };
            drop(handling);
            entered.leave();
            self.watch();
            if let Some(next) = self.respond(response) {
                return next;
            }
        }
        self.give_way()
    }

    /// Says who it was, if the handler has held the loop for too long.
    #[inline]
    fn watch(&self) {
        self.exchange.core().watch.ended(|blocked| {
            let request = Request::new(self.exchange.clone());
            let name = format!("{} {}", request.method(), request.path());
            blocked.by("handler", &name, &self.server.service.handler(&request));
        });
    }

    /// Drops what was awaited, which may hold the exchange, which is wanted alone.
    fn leave(&mut self) {
        let awaited = std::mem::replace(&mut self.state, State::Free);
        self.exchange.locals.run(|| drop(awaited));
    }

    /// The response of the handler that is waited for; `None` if the client has left before, which ends the handler.
    fn poll_handling(&mut self, cx: &mut Context<'_>) -> Poll<Option<Response>> {
        let State::Handling(handling, had_turn) = &mut self.state else { return Poll::Ready(None) };
        // A handler that has just had its turn may have given it to others: a moment is over when it is looked at again.
        if !std::mem::take(had_turn) {
            let exchange = &self.exchange;
            let poll = exchange.locals.run(|| poll_handler(handling, exchange, cx));
            self.watch();
            if let Poll::Ready(response) = poll {
                return Poll::Ready(Some(response));
            }
        }
        if self.exchange.finish_on_disconnect.get() {
            return Poll::Pending;
        }
        self.exchange.stream.poll_hung_up(cx).map(|()| None)
    }

    /// Sends what was answered, and lets others have a turn.
    fn give_way(&self) -> Next {
        wait(give_way(self.exchange.clone()))
    }

    /// Puts a response behind those that wait to be sent; says what comes before the next request, if anything.
    fn respond(&mut self, response: Response) -> Option<Next> {
        let exchange = &*self.exchange;
        let head = &exchange.head;
        exchange.core().end_of_work(response.status().as_u16() < 400);
        if let Some(upgraded) = exchange.end_upgrade() {
            upgraded.ended(response.status());
            return Some(Next::Continue(Step::End));
        }
        let wanted =
            head.keep_alive() && !exchange.settings().no_keep_alive && !self.server.is_draining();
        // The rest of a body that nobody has read would be taken for the next request.
        let keep_alive = exchange.skip_body(response.body()) && wanted;
        let head_only = *head.method() == Method::HEAD;
        let mut out = exchange.take_out();
        let Encoded { rest, keep_alive } =
            self.encode(response, &mut out, head.version(), head_only, keep_alive);
        let is_full = out.len() >= BATCH;
        exchange.keep_out(out);
        match rest {
            Rest::Nothing if keep_alive => {
                self.alone().finish();
                is_full.then(|| self.give_way())
            }
            Rest::Nothing => Some(Next::Continue(Step::Close)),
            rest => {
                let sending = send_rest(self.exchange.clone(), rest, keep_alive);
                Some(Next::Break(State::Sending(Frame::new(sending))))
            }
        }
    }

    fn encode(
        &self,
        response: Response,
        out: &mut Vec<u8>,
        version: Version,
        head_only: bool,
        keep_alive: bool,
    ) -> Encoded {
        let encoding = Encoding { date: &self.server.date(), version, head_only, keep_alive };
        response.encode(&encoding, out)
    }

    /// Answers a request that breaks a rule. After it, nothing on the connection can be trusted.
    fn refuse(&mut self, refusal: &Refusal) {
        let (status, text) = match refusal {
            Refusal::Violation(violation) => (violation.status(), violation.to_string()),
            Refusal::Slow => {
                (StatusCode::REQUEST_TIMEOUT, String::from("the request did not arrive in time"))
            }
        };
        let remote = SocketAddr::from(self.exchange.remote).ip();
        tracing::info!(target: "gustnado.general", "Malformed HTTP message from {remote}: {text}");
        let response = Response::new(status).with_content_type(ContentType::TEXT).with_body(text);
        // What the head still knows is of an earlier request.
        self.alone().head.clear();
        let encode = |out: &mut Vec<u8>| self.encode(response, out, Version::HTTP_11, false, false);
        let _encoded = self.exchange.put(encode);
    }

    /// The exchange, for this connection alone. If a handler has kept its request, the connection goes on with a new one.
    fn alone(&mut self) -> &mut Exchange {
        if self.exchange.get_mut().is_none() {
            self.exchange = self.server.successor(&self.exchange);
        }
        match self.exchange.get_mut() {
            Some(exchange) => exchange,
            None => unreachable!("nobody has seen the new exchange"),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.leave();
        // A handler that was dropped with it may have left a request somewhere, which must not keep the connection open.
        self.exchange.stream.close();
        self.exchange.end_upgrade();
        self.exchange.leave_locals();
        self.server.ended(self.place);
    }
}

/// Waits for what says how to go on.
fn wait(waiting: impl Future<Output = Step> + 'static) -> Next {
    Next::Break(State::Waiting(Frame::new(waiting)))
}

/// Waits for more of a head.
async fn read_head(exchange: ExchangeRef, deadline: Instant) -> Step {
    match cancel_after(deadline, poll_fn(|cx| exchange.stream.poll_fill(cx))).await {
        Ok(Ok(0)) => {
            // The client has ended its side only, perhaps, and waits for answers.
            let _ = outgoing::flushed(&exchange).await;
            Step::End
        }
        Ok(Ok(_)) => Step::Answer(Some(deadline)),
        Ok(Err(_)) => Step::End,
        Err(_) => Step::Refuse(Refusal::Slow),
    }
}

/// Waits until all answers have left.
async fn flush(exchange: ExchangeRef, step: Step) -> Step {
    match outgoing::flushed(&exchange).await {
        Ok(()) => step,
        Err(_) => Step::End,
    }
}

/// Sends what was answered, and lets others have a turn.
async fn give_way(exchange: ExchangeRef) -> Step {
    if outgoing::flush(&exchange).await.is_err() {
        return Step::End;
    }
    moment().await;
    Step::Answer(None)
}

/// Sends what of a response is not in the buffer yet.
async fn send_rest(exchange: ExchangeRef, rest: Rest, keep_alive: bool) -> Step {
    if outgoing::rest(&exchange, rest).await.is_err() {
        // Answers to earlier requests may wait in front of the broken one.
        exchange.send();
        exchange.stream.truncate();
        return Step::End;
    }
    Step::Finish(keep_alive)
}

/// Ends a connection without destroying the response on its way: says that nothing more comes, and reads on for a while.
async fn close(exchange: ExchangeRef) -> Step {
    let stream = &exchange.stream;
    if outgoing::flush(&exchange).await.is_err() || stream.shutdown().is_err() {
        return Step::End;
    }
    let drain = async {
        let mut read = 0;
        while read < LINGER_BYTES {
            match poll_fn(|cx| stream.poll_fill(cx)).await {
                Ok(0) | Err(_) => return,
                Ok(count) => read += count,
            }
            stream.consume(usize::MAX);
        }
    };
    // Whether the client was polite in time makes no difference.
    let _ = cancel_after(LINGER_TIME, drain).await;
    Step::End
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
    let request = format!("{} {}", head.method(), head.target());
    report(&Failure::of_request(&request, payload));
}
