//! A connection: what is read from the stream, what is written to it, and its end.

mod end;
mod send;

use super::decoder::{Decoder, Event, Rules};
use super::deflate::Deflate;
use super::error::WebSocketError;
use super::frame::close_payload;
use super::queue::Queue;
use super::settings::WebSocketSettings;
use super::violation::Violation;
use crate::ioloop::{Core, Key};
use crate::iostream::IOStream;
use std::cell::{Cell, OnceCell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::Control;

/// So many messages of one connection are received before others have a turn.
const MESSAGES_PER_TURN: u8 = 128;

/// A connection. Tens of thousands may do nothing but wait, so it is small.
pub(super) struct Socket {
    /// Itself, for what goes on when nobody has it any more.
    this: Weak<Self>,
    stream: IOStream,
    core: Rc<Core>,
    agreement: Agreement,
    decoder: RefCell<Decoder>,
    queue: RefCell<Queue>,
    /// How it was closed, once it was.
    closing: OnceCell<Box<Closing>>,
    /// Its timeout: the next look whether the other side is there, or the end of patience.
    timer: Cell<Key>,
    /// When something was last heard, and when a ping was sent that nothing has followed (or 0), in the loop's ticks.
    heard: Cell<u64>,
    pinged: Cell<u64>,
    state: Cell<State>,
    received: Cell<u8>,
    /// Whether somebody waits for something to arrive.
    is_reading: Cell<bool>,
    /// Whether what waits to be sent is sent at the end of the turn.
    is_scheduled: Cell<bool>,
    /// Whether the rest of a message is not wanted any more.
    is_skipping: Cell<bool>,
    /// Whether it is closed as a failure when nobody has it any more.
    has_failed: Cell<bool>,
}

const _: () = assert!(size_of::<Socket>() <= 232);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// A close frame was sent; the other side has not answered it.
    Closing,
    /// Nothing more is received or sent.
    Ended,
}

/// How a connection was closed.
#[derive(Default)]
struct Closing {
    /// What the other side has said, if it has.
    frame: OnceCell<Option<CloseFrame>>,
    /// What has not been told yet.
    error: Cell<Option<WebSocketError>>,
}

/// What the two sides have agreed upon.
pub(super) struct Agreement {
    pub(super) settings: Rc<WebSocketSettings>,
    pub(super) deflate: Option<Box<Deflate>>,
    pub(super) subprotocol: Option<Box<str>>,
    pub(super) is_client: bool,
}

impl Socket {
    pub(super) fn new(stream: IOStream, agreement: Agreement) -> Rc<Self> {
        let core = Core::current_or_panic();
        let interval = agreement.settings.ping_interval;
        let socket = Rc::new_cyclic(|this| Self {
            this: this.clone(),
            heard: Cell::new(core.ticks()),
            stream,
            core,
            agreement,
            decoder: RefCell::default(),
            queue: RefCell::default(),
            closing: OnceCell::new(),
            timer: Cell::new(Key::NOWHERE),
            pinged: Cell::new(0),
            state: Cell::new(State::Open),
            received: Cell::new(0),
            is_reading: Cell::new(false),
            is_scheduled: Cell::new(false),
            is_skipping: Cell::new(false),
            has_failed: Cell::new(false),
        });
        if let Some(interval) = interval {
            socket.look_again(interval);
        }
        socket
    }

    pub(super) fn agreement(&self) -> &Agreement {
        &self.agreement
    }

    pub(super) fn settings(&self) -> &WebSocketSettings {
        &self.agreement.settings
    }

    pub(super) fn deflate(&self) -> Option<&Deflate> {
        self.agreement.deflate.as_deref()
    }

    pub(super) fn stream(&self) -> &IOStream {
        &self.stream
    }

    /// Whether messages can be sent.
    pub(super) fn is_open(&self) -> bool {
        self.state.get() == State::Open && !self.stream.closed()
    }

    /// What the other side said when it closed: `None` as long as it has not, `Some(None)` if it gave no reason.
    pub(super) fn close_frame(&self) -> Option<Option<&CloseFrame>> {
        Some(self.closing.get()?.frame.get()?.as_ref())
    }

    fn closing(&self) -> &Closing {
        self.closing.get_or_init(Box::default)
    }
}

impl Socket {
    /// The next message, or piece of one if they are wanted in pieces; `None` at the end. Everything else that arrives is dealt with
    /// here, and all that waits to be sent leaves before something is waited for.
    pub(super) fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        streamed: bool,
    ) -> Poll<Result<Option<Event>, WebSocketError>> {
        if self.received.get() >= MESSAGES_PER_TURN {
            self.received.set(0);
            self.flush();
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let poll = self.poll_event(cx, streamed);
        let received = if poll.is_ready() { self.received.get() + 1 } else { 0 };
        self.received.set(received);
        self.is_reading.set(poll.is_pending());
        poll
    }

    fn poll_event(
        &self,
        cx: &mut Context<'_>,
        streamed: bool,
    ) -> Poll<Result<Option<Event>, WebSocketError>> {
        let rules = Rules {
            masked: !self.agreement.is_client,
            max_size: self.settings().max_message_size,
            deflate: self.deflate(),
            streamed,
        };
        loop {
            if self.state.get() == State::Ended {
                let error = self.closing.get().and_then(|closing| closing.error.take());
                return Poll::Ready(error.map_or(Ok(None), Err));
            }
            let decoded = self.stream.digest(|bytes| {
                let (count, decoded) = self.decoder.borrow_mut().decode(bytes, &rules);
                (decoded, count)
            });
            match decoded {
                Ok(None) => {}
                decoded => match self.sort(decoded) {
                    Some(event) => return Poll::Ready(Ok(Some(event))),
                    None => continue,
                },
            }
            self.flush();
            // Who asks and does not read the answers is not to pile them up.
            if self.stream.unsent() > self.settings().max_queue {
                let _ = ready!(pin!(self.stream.flush()).poll(cx));
                continue;
            }
            if let Some(event) = self.sort(ready!(self.poll_read(cx, &rules))) {
                return Poll::Ready(Ok(Some(event)));
            }
        }
    }

    /// Reads once; what is complete with it, if it was read right to its place.
    fn poll_read(
        &self,
        cx: &mut Context<'_>,
        rules: &Rules<'_>,
    ) -> Poll<Result<Option<Event>, Violation>> {
        let filled = self.decoder.borrow_mut().fill(rules, |room| {
            match self.stream.poll_read(cx, room) {
                // A broken connection has ended, too.
                Poll::Ready(read) => Ok(read.unwrap_or(0)),
                Poll::Pending => Err(()),
            }
        });
        let (count, decoded) = match filled {
            None => (ready!(self.stream.poll_fill(cx)).unwrap_or(0), Ok(None)),
            Some(Ok(filled)) => (filled.count, filled.event),
            Some(Err(())) => return Poll::Pending,
        };
        if count == 0 {
            self.end(None);
        }
        self.heard.set(self.core.ticks());
        self.pinged.set(0);
        Poll::Ready(decoded)
    }

    /// Deals with what has arrived; what of it is for the user.
    fn sort(&self, decoded: Result<Option<Event>, Violation>) -> Option<Event> {
        match decoded {
            Ok(Some(Event::Message(_) | Event::Piece(..))) if self.state.get() != State::Open => {
                None
            }
            Ok(Some(Event::Piece(_, _, is_last))) if self.is_skipping.get() => {
                self.is_skipping.set(!is_last);
                None
            }
            Ok(Some(Event::Ping(payload))) => {
                self.control(Control::Pong, &payload);
                None
            }
            Ok(Some(Event::Pong)) => None,
            Ok(Some(Event::Close(frame))) => {
                self.hear_close(frame);
                None
            }
            Ok(event) => event,
            Err(violation) => {
                tracing::info!(target: "gustnado.general", "closing a WebSocket: {violation}");
                let reason = violation.reason().into();
                self.control(
                    Control::Close,
                    &close_payload(Some(&CloseFrame { code: violation.code(), reason })),
                );
                self.end(Some(violation.into()));
                self.wind_up();
                None
            }
        }
    }

    /// The rest of the message that has begun is not wanted any more.
    pub(super) fn skip(&self) {
        self.is_skipping.set(true);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        drop(self.core.remove_timeout(self.timer.get()));
    }
}
