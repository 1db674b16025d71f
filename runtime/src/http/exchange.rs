//! One request and its response, with all the memory they need; used again for the next.

use super::head::Head;
use super::incoming::Incoming;
use super::settings::Settings;
use super::violation::Violation;
use crate::ioloop::Core;
use crate::iostream::{Buffer, IOStream, Parked};
use std::cell::{Cell, OnceCell, RefCell};
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::rc::Rc;

/// What a connection needs while a request is answered. The connection holds it alone, and mutably, between requests; while a
/// handler runs, it is shared with the [`Request`](super::Request), and head and buffer stand still.
pub(super) struct Exchange {
    pub(super) head: Head,
    /// Where the request was read into: the head, and whatever had arrived behind it.
    buffer: Option<Buffer>,
    /// How many bytes of the buffer belong to this request, as far as they have been read.
    used: Cell<usize>,
    /// The body, once it has been read as a whole.
    body: OnceCell<Whole>,
    pub(super) incoming: RefCell<Incoming>,
    pub(super) stream: IOStream,
    /// Responses that were not sent yet.
    pub(super) out: RefCell<Vec<u8>>,
    pub(super) remote: SocketAddr,
    /// When the head had arrived, in the loop's ticks.
    pub(super) started: u64,
    pub(super) finish_on_disconnect: Cell<bool>,
    pub(super) settings: Rc<Settings>,
    pub(super) core: Rc<Core>,
}

/// How much memory for responses is kept between connections.
const OUT_KEPT: usize = 64 * 1024;

/// A body that was read as a whole: in the buffer, if it had arrived with the head, or apart.
enum Whole {
    InBuffer(Range<usize>),
    Apart(Vec<u8>),
}

impl Exchange {
    pub(super) fn new(core: Rc<Core>, settings: Rc<Settings>) -> Self {
        Self {
            head: Head::default(),
            buffer: None,
            used: Cell::new(0),
            body: OnceCell::new(),
            incoming: RefCell::new(Incoming::none()),
            stream: IOStream::unlinked(),
            out: RefCell::default(),
            remote: (Ipv4Addr::UNSPECIFIED, 0).into(),
            started: 0,
            finish_on_disconnect: Cell::new(false),
            settings,
            core,
        }
    }

    /// Makes it a connection's.
    pub(super) fn attach(&mut self, parked: Parked, remote: SocketAddr) {
        self.stream.link(&self.core, parked);
        self.remote = remote;
    }

    /// Parses the next head out of what has been read; says whether it is complete.
    pub(super) fn parse(&mut self, now: u64) -> Result<bool, Violation> {
        if self.buffer.is_none() {
            self.buffer = self.stream.take_buffer();
        }
        let Some(buffer) = &self.buffer else { return Ok(false) };
        let Some(length) = self.head.parse(buffer.bytes(), &self.settings.limits)? else {
            return Ok(false);
        };
        self.used.set(length);
        self.started = now;
        *self.incoming.get_mut() = Incoming::new(&self.head, &self.settings);
        Ok(true)
    }

    /// Gives the buffer back to the stream, to read more behind what is there; says whether a head has begun.
    pub(super) fn read_on(&mut self) -> bool {
        let Some(buffer) = self.buffer.take() else { return false };
        // Some clients end a body with an empty line that belongs to nothing.
        if buffer.bytes() == b"\r\n" {
            self.head.clear();
            return false;
        }
        self.stream.give_buffer(buffer);
        true
    }

    /// Goes on where `former` stands, which a handler has kept.
    pub(super) fn succeed(&mut self, former: &Self) {
        self.stream.take_over(&former.stream);
        self.out = RefCell::new(former.out.take());
        self.remote = former.remote;
        let unread = former.unread();
        if !unread.is_empty() {
            let mut buffer = Buffer::lend();
            buffer.extend(unread);
            self.stream.give_buffer(buffer);
        }
    }

    /// Makes it ready for another connection, and gives back what is lent.
    pub(super) fn reset(&mut self) {
        self.finish();
        self.head.give_up();
        self.buffer = None;
        if !self.stream.is_reusable() {
            self.stream = IOStream::unlinked();
        }
        *self.incoming.get_mut() = Incoming::none();
        let out = self.out.get_mut();
        out.clear();
        out.shrink_to(OUT_KEPT);
    }

    /// Ends the request: what was read behind it is the beginning of the next one.
    pub(super) fn finish(&mut self) {
        let used = self.used.replace(0);
        self.body.take();
        self.finish_on_disconnect.set(false);
        if let Some(buffer) = &mut self.buffer {
            buffer.consume(used);
            if buffer.is_empty() {
                self.buffer = None;
            }
        }
    }

    /// The buffer; ranges of the head refer to it.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.as_ref().map_or(&[], Buffer::bytes)
    }

    /// What has arrived behind the part of the request that was read.
    pub(super) fn unread(&self) -> &[u8] {
        self.bytes().get(self.used.get()..).unwrap_or_default()
    }

    /// Counts bytes of `unread` as read.
    pub(super) fn advance(&self, count: usize) {
        self.used.set(self.used.get() + count);
    }

    pub(super) fn body(&self) -> &[u8] {
        match self.body.get() {
            Some(Whole::InBuffer(range)) => self.bytes().get(range.clone()).unwrap_or_default(),
            Some(Whole::Apart(bytes)) => bytes,
            None => &[],
        }
    }

    /// Takes the next `length` bytes of the buffer as the whole body.
    pub(super) fn set_body_in_buffer(&self, length: usize) {
        let start = self.used.get();
        self.advance(length);
        // A body is read once; whoever asks again is told that it has ended.
        let _ = self.body.set(Whole::InBuffer(start..start + length));
    }

    pub(super) fn set_body(&self, bytes: Vec<u8>) {
        let _ = self.body.set(Whole::Apart(bytes));
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
        let mut buffer = Buffer::lend();
        buffer.extend(bytes);
        let head = exchange.head.parse(buffer.bytes(), &exchange.settings.limits);
        exchange.used.set(head.unwrap().unwrap());
        *exchange.incoming.get_mut() = Incoming::new(&exchange.head, &exchange.settings);
        exchange.buffer = Some(buffer);
        exchange
    }
}
