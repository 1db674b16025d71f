//! One request and its response, with all the memory they need; used again for the next.

use super::head::Head;
use super::incoming::Incoming;
use super::request_id::Identity;
use super::server::Resting;
use super::settings::Settings;
use super::violation::Violation;
use crate::ioloop::{Core, Locals, Pooled, Slot};
use crate::iostream::IOStream;
use std::cell::{Cell, RefCell};
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;

/// What a connection needs while a request is answered. The connection holds it alone, and mutably, between requests; while a
/// handler runs, it is shared with the [`Request`](super::Request), and the head stands still.
pub(super) struct Exchange {
    pub(super) head: Head,
    /// None if the request has no body.
    pub(super) incoming: Option<Pooled<Incoming>>,
    /// What has arrived and was not read yet, waits in here.
    pub(super) stream: IOStream,
    /// Responses that were not sent yet.
    pub(super) out: RefCell<Vec<u8>>,
    pub(super) remote: SocketAddr,
    /// Whether the connection is secured by TLS.
    pub(super) is_secure: bool,
    /// When the head had arrived, in the loop's ticks.
    pub(super) started: u64,
    pub(super) finish_on_disconnect: Cell<bool>,
    /// Once somebody has asked for it.
    pub(super) identity: RefCell<Option<Box<Identity>>>,
    /// What is set for the handler, and for all that it starts.
    pub(super) locals: Slot,
    pub(super) settings: Rc<Settings>,
    pub(super) core: Rc<Core>,
}

/// How much memory for responses is kept between connections.
const OUT_KEPT: usize = 64 * 1024;

impl Exchange {
    pub(super) fn new(core: Rc<Core>, settings: Rc<Settings>) -> Self {
        Self {
            head: Head::default(),
            incoming: None,
            stream: IOStream::unlinked(),
            out: RefCell::default(),
            remote: (Ipv4Addr::UNSPECIFIED, 0).into(),
            is_secure: false,
            started: 0,
            finish_on_disconnect: Cell::new(false),
            identity: RefCell::default(),
            locals: Slot::default(),
            settings,
            core,
        }
    }

    /// Makes it a connection's.
    pub(super) fn attach(&mut self, resting: Resting) {
        self.is_secure = resting.parked.transport.is_secure();
        self.stream.link(&self.core, resting.parked);
        self.remote = resting.remote;
    }

    /// Parses the next head out of what has been read; says whether it is complete.
    pub(super) fn parse(&mut self, now: u64) -> Result<bool, Violation> {
        let Self { head, stream, settings, .. } = self;
        let parsed = stream.digest(|bytes| {
            let parsed = match bytes {
                [] => Ok(None),
                bytes => head.parse(bytes, &settings.limits),
            };
            let length = parsed.as_ref().map_or(0, |length| length.unwrap_or(0));
            (parsed, length)
        });
        if parsed?.is_none() {
            return Ok(false);
        }
        self.started = now;
        self.incoming = Incoming::new(&self.head, &self.settings);
        Ok(true)
    }

    /// Whether a head has begun, but is not complete.
    pub(super) fn has_begun(&mut self) -> bool {
        // Some clients end a body with an empty line that belongs to nothing.
        if self.stream.peek(|bytes| bytes == b"\r\n") {
            self.stream.consume(2);
            self.head.clear();
        }
        self.stream.peek(|bytes| !bytes.is_empty())
    }

    /// Goes on where `former` stands, which a handler has kept.
    pub(super) fn succeed(&mut self, former: &Self) {
        self.stream.take_over(&former.stream);
        self.out = RefCell::new(former.out.take());
        self.remote = former.remote;
        self.is_secure = former.is_secure;
        former.leave_locals();
        if let Some(identity) = &mut *former.identity.borrow_mut() {
            identity.span = None;
        }
    }

    /// Makes it ready for another connection.
    pub(super) fn reset(&mut self) {
        self.finish();
        self.head.settle();
        if !self.stream.is_reusable() {
            self.stream = IOStream::unlinked();
        }
        let out = self.out.get_mut();
        out.clear();
        out.shrink_to(OUT_KEPT);
    }

    /// Ends the request.
    #[inline]
    pub(super) fn finish(&mut self) {
        self.incoming = None;
        self.finish_on_disconnect.set(false);
        self.leave_locals();
        *self.identity.get_mut() = None;
    }

    /// Ends what is set for the handler, as far as nobody else has it.
    pub(super) fn leave_locals(&self) {
        drop(self.locals.replace(Locals::default()));
    }

    /// The body, once it has been read as a whole.
    pub(super) fn body(&self) -> &[u8] {
        self.incoming.as_ref().map_or(&[], |incoming| incoming.whole())
    }

    /// Hands what waits in `out` to the stream, which sends it as the client reads.
    pub(super) fn send(&self) {
        let mut out = self.out.borrow_mut();
        if !out.is_empty() {
            self.stream.send(&out);
            out.clear();
        }
    }
}

#[cfg(test)]
impl Exchange {
    /// Without a connection, and with a request that has arrived whole.
    pub(super) fn arrived(bytes: &[u8]) -> Self {
        let mut exchange = Self::new(Core::current_or_panic(), Rc::default());
        exchange.remote = ([127, 0, 0, 1], 4321).into();
        exchange.stream.receive(bytes);
        assert_eq!(exchange.parse(0), Ok(true));
        exchange
    }
}
