//! What a program holds of the network.

use super::Network;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::rc::{Rc, Weak};

/// The first number of a socket; the system's descriptors never reach it.
const FIRST: RawFd = 1 << 30;

thread_local! {
    static OWNERS: RefCell<HashMap<RawFd, Weak<Network>>> = RefCell::default();
    static NEXT: Cell<RawFd> = const { Cell::new(FIRST) };
}

/// A socket of a simulated network, connected or listening. It never blocks; dropped, it is closed.
///
/// Like a real one, it is nothing but a number. Whoever holds one or the other is not larger because of this one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Socket(RawFd);

/// Two numbers that no socket of this thread had before, for the two ends of a connection; the lesser one, which is even.
pub(super) fn numbers() -> RawFd {
    let number = NEXT.get();
    // After half a billion, the oldest are forgotten.
    NEXT.set(number.checked_add(2).unwrap_or(FIRST));
    number
}

impl Socket {
    pub(super) fn new(network: &Rc<Network>, fd: RawFd) -> Self {
        OWNERS.with_borrow_mut(|owners| owners.insert(fd, Rc::downgrade(network)));
        Self(fd)
    }

    /// What the loop knows it by.
    pub(crate) fn fd(&self) -> RawFd {
        self.0
    }

    fn network(&self) -> io::Result<Rc<Network>> {
        let find = |owners: &RefCell<HashMap<_, Weak<Network>>>| {
            owners.borrow().get(&self.0).and_then(Weak::upgrade)
        };
        let network = OWNERS.try_with(find).ok().flatten();
        network.ok_or_else(|| io::Error::new(ErrorKind::NotConnected, "its world has ended"))
    }

    /// Takes a connection that waits, and says who it is from.
    pub(crate) fn accept(&self) -> io::Result<(Self, SocketAddr)> {
        self.network()?.accept(self.0)
    }

    pub(crate) fn read(&self, into: &mut [u8]) -> io::Result<usize> {
        self.network()?.read(self.0, into)
    }

    pub(crate) fn write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.network()?.write(self.0, pieces)
    }

    /// Tells the other side that nothing more will be written.
    pub(crate) fn shutdown(&self) -> io::Result<()> {
        self.network()?.shutdown(self.0)
    }

    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.network()?.take_error(self.0)
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.network()?.local_addr(self.0)
    }

    pub(crate) fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.network()?.peer_addr(self.0)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // At the thread's end the table may be gone, and with it the worlds.
        let removed = OWNERS.try_with(|owners| owners.borrow_mut().remove(&self.0));
        if let Some(network) = removed.ok().flatten().and_then(|network| network.upgrade()) {
            network.close(self.0);
        }
    }
}
