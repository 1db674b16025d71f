//! What carries a stream's bytes.
//!
//! One variant per kind, so that the stream above is written once. With a single system call behind each operation, the branch
//! costs nothing.

#[cfg(feature = "tls")]
use super::tls::Tls;
use crate::sys::{Interest, Socket};
use std::io::{self, IoSlice, PipeReader, PipeWriter, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

/// A carrier of bytes that never blocks.
#[derive(Debug)]
pub(crate) enum Transport {
    Tcp(TcpStream),
    Unix(UnixStream),
    /// The end of a pipe that is read from.
    Reader(PipeReader),
    /// The end of a pipe that is written to.
    Writer(PipeWriter),
    /// A connection of a simulated world.
    Simulated(Socket),
    /// Any other, inside of TLS.
    #[cfg(feature = "tls")]
    Tls(Box<Tls>),
}

impl Transport {
    pub(super) fn fd(&self) -> RawFd {
        match self {
            Self::Tcp(stream) => stream.as_raw_fd(),
            Self::Unix(stream) => stream.as_raw_fd(),
            Self::Reader(pipe) => pipe.as_raw_fd(),
            Self::Writer(pipe) => pipe.as_raw_fd(),
            Self::Simulated(socket) => socket.fd(),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.transport().fd(),
        }
    }

    /// What there is to wait for.
    pub(super) fn interest(&self) -> Interest {
        match self {
            Self::Tcp(_) | Self::Unix(_) | Self::Simulated(_) => Interest::Both,
            Self::Reader(_) => Interest::Read,
            Self::Writer(_) => Interest::Write,
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.transport().interest(),
        }
    }

    pub(super) fn read(&self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => (&*stream).read(into),
            Self::Unix(stream) => (&*stream).read(into),
            Self::Reader(pipe) => (&*pipe).read(into),
            // Only its error says anything, when the reader has gone.
            Self::Writer(_) => Ok(0),
            Self::Simulated(socket) => socket.read(into),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.read(into),
        }
    }

    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => (&*stream).write(bytes),
            Self::Unix(stream) => (&*stream).write(bytes),
            Self::Reader(_) => Err(io::ErrorKind::BrokenPipe.into()),
            Self::Writer(pipe) => (&*pipe).write(bytes),
            Self::Simulated(socket) => socket.write_vectored(&[IoSlice::new(bytes)]),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.write(&[IoSlice::new(bytes)]),
        }
    }

    pub(super) fn write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => (&*stream).write_vectored(pieces),
            Self::Unix(stream) => (&*stream).write_vectored(pieces),
            Self::Reader(_) => Err(io::ErrorKind::BrokenPipe.into()),
            Self::Writer(pipe) => (&*pipe).write_vectored(pieces),
            Self::Simulated(socket) => socket.write_vectored(pieces),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.write(pieces),
        }
    }

    /// Whether a read that has left room has left nothing to read.
    pub(super) fn is_empty_after_short_read(&self, is_short: bool) -> bool {
        match self {
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.is_empty(),
            _ => is_short,
        }
    }

    /// Whether it can be read and written: what is inside of TLS can be after the handshake.
    pub(super) fn is_open(&self) -> bool {
        match self {
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.is_secured(),
            _ => true,
        }
    }

    pub(crate) fn is_secure(&self) -> bool {
        match self {
            #[cfg(feature = "tls")]
            Self::Tls(_) => true,
            _ => false,
        }
    }

    /// Something that was written will not be sent, which TLS does not hide from the other side.
    pub(super) fn truncate(&self) {
        match self {
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.truncate(),
            _ => {}
        }
    }

    /// Tells the other side that nothing more will be written. A pipe says that by being closed only.
    pub(super) fn shutdown(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
            Self::Reader(_) | Self::Writer(_) => Err(io::ErrorKind::Unsupported.into()),
            Self::Simulated(socket) => socket.shutdown(),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.shutdown(),
        }
    }

    pub(crate) fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_nodelay(nodelay),
            // They never wait for more.
            Self::Unix(_) | Self::Reader(_) | Self::Writer(_) | Self::Simulated(_) => Ok(()),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.transport().set_nodelay(nodelay),
        }
    }

    /// The error that is pending on the descriptor, such as that of a failed `connect`.
    pub(super) fn take_error(&self) -> io::Result<Option<io::Error>> {
        match self {
            Self::Tcp(stream) => stream.take_error(),
            Self::Unix(stream) => stream.take_error(),
            Self::Reader(_) | Self::Writer(_) => Ok(None),
            Self::Simulated(socket) => socket.take_error(),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.transport().take_error(),
        }
    }

    /// Whether a connection that was begun is there; `NotConnected` while it is not.
    pub(super) fn connected(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.peer_addr().map(drop),
            Self::Unix(stream) => stream.peer_addr().map(drop),
            Self::Reader(_) | Self::Writer(_) => Ok(()),
            Self::Simulated(socket) => socket.peer_addr().map(drop),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.transport().connected(),
        }
    }

    pub(super) fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Tcp(stream) => stream.peer_addr(),
            Self::Simulated(socket) => socket.peer_addr(),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.transport().peer_addr(),
            Self::Unix(_) | Self::Reader(_) | Self::Writer(_) => {
                Err(io::Error::new(io::ErrorKind::Unsupported, "only TCP has addresses"))
            }
        }
    }
}
