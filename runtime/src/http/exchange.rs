//! One request and its response, with all the memory they need; used again for the next.

use super::head::Head;
use super::incoming::Reading;
use super::remote::Remote;
use super::request_id::Identity;
use super::server::Resting;
use super::settings::Settings;
use super::violation::Violation;
use crate::ioloop::{Core, Locals, Pooled, Shared, Slot};
use crate::iostream::IOStream;
use ::http::StatusCode;
use bytes::Bytes;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;

/// What a connection needs while a request is answered. The connection holds it alone, and mutably, between requests; while a
/// handler runs, it is shared with the [`Request`](super::Request), and the head stands still.
///
/// Tens of thousands may wait for their handlers, so it is small.
pub(super) struct Exchange {
    pub(super) head: Head,
    /// How far the body has been read. None if there is no body, or nothing of it is left.
    pub(super) reading: Cell<Option<Pooled<Reading>>>,
    /// All of the body, once it has been read as a whole.
    pub(super) whole: OnceCell<Box<[u8]>>,
    /// What has arrived and was not read yet, waits in here.
    pub(super) stream: IOStream,
    /// Responses that were not sent yet.
    out: Cell<Option<Pooled<Vec<u8>>>>,
    /// Who is at the other end.
    pub(super) remote: Remote,
    /// Whether the connection is secured by TLS.
    pub(super) is_secure: bool,
    pub(super) finish_on_disconnect: Cell<bool>,
    /// Whether something else has taken the connection over.
    is_upgraded: Cell<bool>,
    /// What the service has noted for the next request with the same head; 0 is nothing.
    pub(super) note: Cell<u32>,
    /// When the head had arrived, in the loop's ticks.
    pub(super) started: u64,
    /// Once somebody has asked for it.
    pub(super) identity: Cell<Option<Box<Identity>>>,
    /// What is set for the handler, and for all that it starts.
    pub(super) locals: Slot,
    ground: Rc<Ground>,
}

const _: () = assert!(size_of::<Exchange>() <= 160);

/// A reference to an exchange, in memory of the loop's pool.
pub(super) type ExchangeRef = Shared<Exchange>;

/// What all exchanges of a server stand on.
pub(super) struct Ground {
    pub(super) core: Rc<Core>,
    pub(super) settings: Settings,
    /// Memory for responses that no exchange holds.
    spare: Cell<Option<Pooled<Vec<u8>>>>,
    /// What has taken over connections, by the address of their exchange. Beside those, as most have none.
    upgrades: RefCell<HashMap<usize, Rc<dyn Upgraded>>>,
    is_leaving: Cell<bool>,
}

/// What has taken over the connection of a request, whose handler goes on.
pub(crate) trait Upgraded {
    /// The server is about to end.
    fn leave(&self);

    /// The handler has ended, and would have answered with this status.
    fn ended(&self, status: StatusCode);
}

impl Ground {
    pub(super) fn new(core: Rc<Core>, settings: Settings) -> Self {
        Self {
            core,
            settings,
            spare: Cell::default(),
            upgrades: RefCell::default(),
            is_leaving: Cell::default(),
        }
    }

    /// Tells those who have taken connections over that the server is about to end.
    pub(super) fn leave(&self) {
        self.is_leaving.set(true);
        let upgrades: Vec<_> = self.upgrades.borrow().values().cloned().collect();
        upgrades.iter().for_each(|upgraded| upgraded.leave());
    }

    /// Memory for responses.
    #[cold]
    fn memory(&self) -> Pooled<Vec<u8>> {
        self.spare.take().unwrap_or_default()
    }
}

/// How much memory for responses is kept between connections.
const OUT_KEPT: usize = 64 * 1024;

impl Exchange {
    pub(super) fn new(ground: Rc<Ground>) -> Self {
        Self {
            head: Head::default(),
            reading: Cell::default(),
            whole: OnceCell::new(),
            stream: IOStream::unlinked(),
            out: Cell::default(),
            remote: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)).into(),
            is_secure: false,
            started: 0,
            finish_on_disconnect: Cell::new(false),
            is_upgraded: Cell::new(false),
            note: Cell::new(0),
            identity: Cell::default(),
            locals: Slot::default(),
            ground,
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.ground.settings
    }

    pub(super) fn core(&self) -> &Core {
        &self.ground.core
    }

    /// Makes it a connection's.
    pub(super) fn attach(&mut self, resting: Resting) {
        self.is_secure = resting.parked.transport.is_secure();
        self.stream.link(&self.ground.core, resting.parked);
        self.remote = resting.remote;
    }

    /// Parses the next head out of what has been read; says whether it is complete.
    pub(super) fn parse(&mut self, now: u64) -> Result<bool, Violation> {
        let Self { head, stream, ground, .. } = self;
        let parsed = stream.digest(|bytes| {
            let parsed = match bytes {
                [] => Ok(None),
                bytes => head.parse(bytes, &ground.settings.limits),
            };
            let length = parsed.as_ref().map_or(0, |length| length.unwrap_or(0));
            (parsed, length)
        });
        if parsed?.is_none() {
            return Ok(false);
        }
        self.started = now;
        if !self.head.is_repeated() {
            self.note.set(0);
        }
        self.reading = Cell::new(Reading::new(&self.head, &self.ground.settings));
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
        self.out.set(former.out.take());
        self.remote = former.remote;
        self.is_secure = former.is_secure;
        former.leave_locals();
        if let Some(identity) = former.identity.take() {
            former.identity.set(Some(Box::new(Identity { span: None, ..*identity })));
        }
    }

    /// Makes it ready for another connection.
    pub(super) fn reset(&mut self) {
        self.finish();
        self.head.settle();
        if !self.stream.is_reusable() {
            self.stream = IOStream::unlinked();
        }
        if let Some(out) = self.out.get_mut() {
            out.clear();
            out.shrink_to(OUT_KEPT);
        }
    }

    /// Ends the request.
    #[inline]
    pub(super) fn finish(&mut self) {
        self.reading = Cell::default();
        self.whole = OnceCell::new();
        self.finish_on_disconnect.set(false);
        self.leave_locals();
        self.identity = Cell::default();
    }

    /// Ends what is set for the handler, as far as nobody else has it.
    pub(super) fn leave_locals(&self) {
        drop(self.locals.replace(Locals::default()));
    }

    /// Sends `head` behind the answers to earlier requests, and gives the connection away.
    #[cfg(feature = "websocket")]
    pub(super) fn upgrade<T>(
        &self,
        head: &[u8],
        take: impl FnOnce(IOStream) -> (T, Rc<dyn Upgraded>),
    ) -> T {
        self.put(|out| out.extend_from_slice(head));
        self.send();
        let stream = IOStream::unlinked();
        stream.take_over(&self.stream);
        // There is nothing left here that could tell whether the client is still there.
        self.finish_on_disconnect.set(true);
        self.is_upgraded.set(true);
        let (taken, upgraded) = take(stream);
        if self.ground.is_leaving.get() {
            upgraded.leave();
        }
        self.ground.upgrades.borrow_mut().insert(self.address(), upgraded);
        taken
    }

    /// Forgets what has taken the connection over, if something has.
    #[inline]
    pub(super) fn end_upgrade(&self) -> Option<Rc<dyn Upgraded>> {
        if !self.is_upgraded.replace(false) {
            return None;
        }
        self.ground.upgrades.borrow_mut().remove(&self.address())
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// The body, once it has been read as a whole.
    pub(super) fn body(&self) -> &[u8] {
        self.whole.get().map_or(&[], |whole| whole)
    }

    /// Takes the responses that wait to be sent, to put something behind them and [keep](Self::keep_out) them.
    #[inline]
    pub(super) fn take_out(&self) -> Pooled<Vec<u8>> {
        self.out.take().unwrap_or_else(|| self.ground.memory())
    }

    #[inline]
    pub(super) fn keep_out(&self, out: Pooled<Vec<u8>>) {
        self.out.set(Some(out));
    }

    /// Puts something behind the responses that wait to be sent.
    pub(super) fn put<T>(&self, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        let mut out = self.take_out();
        let written = write(&mut out);
        self.keep_out(out);
        written
    }

    /// Hands what waits in `out` to the stream, which sends it as the client reads.
    pub(super) fn send(&self) {
        if let Some(mut out) = self.out.take() {
            if !out.is_empty() {
                self.stream.send(&out);
                out.clear();
            }
            self.out.set(Some(out));
        }
    }

    /// Hands it to the stream with `bytes` behind it.
    pub(super) fn send_with(&self, bytes: Bytes) {
        self.put(|out| {
            drop(self.stream.write_both(out, bytes));
            out.clear();
        });
    }

    /// Sends what waits, and lends the memory for it to others.
    pub(super) fn lend_out(&self) {
        self.send();
        if let Some(out) = self.out.take() {
            self.ground.spare.set(Some(out));
        }
    }
}

#[cfg(test)]
impl Exchange {
    /// Without a connection, and with a request that has arrived whole.
    pub(super) fn arrived(bytes: &[u8]) -> Self {
        let ground = Ground::new(Core::current_or_panic(), Settings::default());
        let mut exchange = Self::new(Rc::new(ground));
        exchange.remote = SocketAddr::from(([127, 0, 0, 1], 4321)).into();
        exchange.stream.receive(bytes);
        assert_eq!(exchange.parse(0), Ok(true));
        exchange
    }
}
