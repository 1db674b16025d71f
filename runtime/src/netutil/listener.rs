//! What a server accepts connections from.

use crate::ioloop::{Core, Registration};
use crate::iostream::Transport;
use crate::sys::{Interest, Socket};
use socket2::SockRef;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixListener;
use std::rc::Rc;

/// Who is at the other end of a Unix socket, as in Tornado.
const NOBODY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// A socket that listens, made by [`bind_socket`](super::bind_socket) or [`bind_unix_socket`](super::bind_unix_socket), or of one of the
/// standard library. It displays itself as its address.
#[derive(Debug)]
pub struct Listener(Kind);

#[derive(Debug)]
enum Kind {
    /// mio's, because it makes accepted sockets non-blocking without another system call.
    Tcp(mio::net::TcpListener),
    Unix(mio::net::UnixListener),
    Simulated(Socket),
}

/// A listener on its way to another thread.
#[derive(Debug)]
pub(crate) enum Portable {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    pub(super) fn simulated(socket: Socket) -> Self {
        Self(Kind::Simulated(socket))
    }

    /// The address it listens on, with the port that 0 became.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) of a Unix socket; or the system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.0 {
            Kind::Tcp(listener) => listener.local_addr(),
            Kind::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
            Kind::Simulated(socket) => socket.local_addr(),
        }
    }

    /// The socket for another thread, which a simulated world does not have.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) in a simulated world.
    pub(crate) fn into_portable(self) -> io::Result<Portable> {
        match self.0 {
            Kind::Tcp(listener) => Ok(Portable::Tcp(listener.into())),
            Kind::Unix(listener) => Ok(Portable::Unix(listener.into())),
            Kind::Simulated(_) => Err(simulated("a simulated world has a single thread")),
        }
    }

    /// Another listener on the same socket; each connection is accepted by one of them.
    ///
    /// # Errors
    ///
    /// The system's; [`Unsupported`](io::ErrorKind::Unsupported) in a simulated world.
    pub fn try_clone(&self) -> io::Result<Self> {
        match &self.0 {
            Kind::Tcp(listener) => {
                Ok(TcpListener::from(listener.as_fd().try_clone_to_owned()?).into())
            }
            Kind::Unix(listener) => {
                Ok(UnixListener::from(listener.as_fd().try_clone_to_owned()?).into())
            }
            Kind::Simulated(_) => Err(simulated("a simulated socket has one listener")),
        }
    }

    /// The descriptor, if the system knows of it.
    pub(crate) fn socket(&self) -> io::Result<BorrowedFd<'_>> {
        match &self.0 {
            Kind::Tcp(listener) => Ok(listener.as_fd()),
            Kind::Unix(listener) => Ok(listener.as_fd()),
            Kind::Simulated(_) => Err(simulated("a simulated socket stays in its world")),
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
            Kind::Unix(listener) => {
                SockRef::from(listener).set_nonblocking(true)?;
                listener.as_raw_fd()
            }
            Kind::Simulated(socket) => socket.fd(),
        };
        Registration::new(core, fd, Interest::Read)
    }

    /// Takes a connection that waits, which does not block, and says who it is from; nobody in particular, over a Unix socket.
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
            Kind::Unix(listener) => {
                let (socket, _) = listener.accept()?;
                Ok((Transport::Unix(socket.into()), NOBODY))
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

impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Self {
        Self(Kind::Unix(mio::net::UnixListener::from_std(listener)))
    }
}

impl From<Portable> for Listener {
    fn from(listener: Portable) -> Self {
        match listener {
            Portable::Tcp(listener) => listener.into(),
            Portable::Unix(listener) => listener.into(),
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Kind::Unix(listener) = &self.0 {
            let address = listener.local_addr().map_err(|_| fmt::Error)?;
            let path = address.as_pathname().map(|path| path.display().to_string());
            return write!(f, "unix:{}", path.as_deref().unwrap_or("(abstract)"));
        }
        write!(f, "{}", self.local_addr().map_err(|_| fmt::Error)?)
    }
}

fn simulated(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, message)
}
