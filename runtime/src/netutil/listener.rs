//! What a server accepts connections from.

use crate::ioloop::{Core, Registration};
use crate::iostream::Transport;
use crate::sys::{Interest, Socket};
use socket2::SockRef;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd;
use std::rc::Rc;

/// A socket that listens, made by [`bind_socket`](super::bind_socket) or of one of the standard library.
#[derive(Debug)]
pub struct Listener(Kind);

#[derive(Debug)]
enum Kind {
    /// mio's, because it makes accepted sockets non-blocking without another system call.
    Tcp(mio::net::TcpListener),
    Simulated(Socket),
}

impl Listener {
    pub(super) fn simulated(socket: Socket) -> Self {
        Self(Kind::Simulated(socket))
    }

    /// The address it listens on, with the port that 0 became.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.0 {
            Kind::Tcp(listener) => listener.local_addr(),
            Kind::Simulated(socket) => socket.local_addr(),
        }
    }

    /// The socket for another thread, which a simulated world does not have.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) in a simulated world.
    pub(crate) fn into_tcp(self) -> io::Result<TcpListener> {
        match self.0 {
            Kind::Tcp(listener) => Ok(listener.into()),
            Kind::Simulated(_) => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "a simulated world has a single thread",
            )),
        }
    }

    /// Lets the loop tell when connections wait, which are then taken without blocking.
    ///
    /// # Errors
    ///
    /// The system's.
    pub(crate) fn register(&self, core: &Rc<Core>) -> io::Result<Registration> {
        let fd = match &self.0 {
            Kind::Tcp(listener) => {
                SockRef::from(listener).set_nonblocking(true)?;
                listener.as_raw_fd()
            }
            Kind::Simulated(socket) => socket.fd(),
        };
        Registration::new(core, fd, Interest::Read)
    }

    /// Takes a connection that waits, which does not block, and says who it is from.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is none; or the system's.
    pub(crate) fn accept(&self) -> io::Result<(Transport, SocketAddr)> {
        match &self.0 {
            Kind::Tcp(listener) => {
                let (socket, address) = listener.accept()?;
                Ok((Transport::Tcp(socket.into()), address))
            }
            Kind::Simulated(socket) => {
                let (socket, address) = socket.accept()?;
                Ok((Transport::Simulated(socket), address))
            }
        }
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self(Kind::Tcp(mio::net::TcpListener::from_std(listener)))
    }
}
