//! Streams of bytes over sockets and pipes, read and written by coroutines.
//!
//! A stream reads ahead into a buffer that it borrows from the thread while bytes are pending, and writes at once what the
//! socket takes; the rest is sent in the background, in order, whether or not somebody waits for it. All methods take `&self`:
//! one coroutine may read while others write.
//!
//! ```
//! use gustnado::iostream::IOStream;
//! # use std::{io::{Read, Write}, net::TcpListener};
//! # let listener = TcpListener::bind("127.0.0.1:0")?;
//! # let address = listener.local_addr()?;
//! # let server = std::thread::spawn(move || {
//! #     let (mut socket, _) = listener.accept().unwrap();
//! #     socket.read(&mut [0; 64]).unwrap();
//! #     socket.write_all(b"Hello\r\nworld").unwrap();
//! # });
//!
//! # gustnado::ioloop::IOLoop::new()?.run_sync(async {
//! let stream = IOStream::connect(address).await?;
//! stream.write(b"hi").await?;
//! assert_eq!(stream.read_until(b"\r\n").await?, b"Hello\r\n");
//! assert_eq!(stream.read_until_close().await?, b"world");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })??;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod buffer;
mod error;
#[cfg(any(feature = "tokio", feature = "futures-io"))]
mod foreign;
mod read;
#[cfg(feature = "tls")]
mod secure;
#[cfg(feature = "tls")]
mod tls;
mod transport;
mod write;

pub(crate) use buffer::Buffer;
pub use error::StreamError;
pub use read::Chunks;
pub(crate) use transport::Transport;
pub use write::Write;

use crate::ioloop::{Core, Key, Parking, Registration, Shared, Side, spawn};
use socket2::{Domain, Socket, Type};
use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use write::Outgoing;

/// A stream's read buffer may hold so much: 100 MiB, as in Tornado.
pub const DEFAULT_MAX_BUFFER_SIZE: usize = 104_857_600;

/// A stream of bytes over a TCP or Unix socket, or one end of a pipe.
///
/// See the [module](self) for its ways. Dropping it closes the socket; what was not sent by then is lost.
pub struct IOStream {
    shared: Shared<Inner>,
}

/// What a stream shares with its background sender. Tens of thousands of streams may do nothing but wait, so it is small.
struct Inner {
    /// `None` once the stream is closed, parked or detached.
    link: RefCell<Option<Link>>,
    /// What was read and not consumed yet; never empty.
    incoming: Cell<Option<Buffer>>,
    /// How many bytes have reached the system.
    sent: Cell<u64>,
    /// What most streams never have.
    rare: OnceCell<Box<Rare>>,
    reading: Cell<bool>,
    /// How many reads of a usual length have left something behind since one last emptied the socket.
    reads: Cell<u8>,
    /// How many writes have been done at once since one last had to wait.
    writes: Cell<u8>,
    /// The other side will send nothing more.
    ended: Cell<bool>,
    closed: Cell<bool>,
}

// With TLS, a transport can be a pointer; the pool's block is as large for both.
const _: () = assert!(size_of::<Inner>() <= if cfg!(feature = "tls") { 72 } else { 64 });

/// What a stream has that cannot send at once, is watched, has failed, or has limits of its own.
struct Rare {
    outgoing: RefCell<Outgoing>,
    max_buffer_size: Cell<usize>,
    close_callback: Cell<Option<Box<dyn FnOnce()>>>,
    /// Who wants to read ahead as soon as nobody is reading.
    watcher: Cell<Option<Waker>>,
    /// The error that closed the stream.
    error: OnceCell<Arc<io::Error>>,
}

impl Default for Rare {
    fn default() -> Self {
        Self {
            outgoing: RefCell::default(),
            max_buffer_size: Cell::new(DEFAULT_MAX_BUFFER_SIZE),
            close_callback: Cell::default(),
            watcher: Cell::default(),
            error: OnceCell::new(),
        }
    }
}

struct Link {
    // Dropped first: a registration ends before its descriptor.
    registration: Registration,
    transport: Transport,
}

/// A stream at rest: nothing but the socket and where its registration is.
#[derive(Debug)]
pub(crate) struct Parked {
    pub(crate) transport: Transport,
    pub(crate) source: Key,
}

impl IOStream {
    /// Connects to an address.
    ///
    /// # Errors
    ///
    /// The system's, such as a refused connection.
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        let transport = match Core::current_or_new()?.network() {
            None => Transport::Tcp(mio::net::TcpStream::connect(address)?.into()),
            Some(network) => Transport::Simulated(network.connect(address)?),
        };
        Self::with_transport(transport)?.connected().await
    }

    /// Connects to `address` from `source`, an address of this machine with a port, or with port 0 for any. In a simulated world, any
    /// source will do.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect); and when `source` is not this machine's, or of another family, or taken.
    pub async fn connect_from(source: SocketAddr, address: SocketAddr) -> io::Result<Self> {
        if Core::current_or_new()?.network().is_some() {
            return Self::connect(address).await;
        }
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        if source.port() != 0 {
            // Connections from there that were closed lately do not matter.
            socket.set_reuse_address(true)?;
        }
        socket.bind(&source.into())?;
        match socket.connect(&address.into()) {
            Err(error) if !is_under_way(&error) => Err(error),
            _ => Self::with_transport(Transport::Tcp(socket.into()))?.connected().await,
        }
    }

    /// Connects to a Unix socket. A path that begins with a NUL byte is a name in Linux' abstract namespace, as in Tornado.
    ///
    /// ```
    /// # use gustnado::iostream::IOStream;
    /// # async fn example() -> std::io::Result<()> {
    /// let stream = IOStream::connect_unix("/run/app.sock").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The system's: nobody listens, or the path is too long for a socket.
    pub async fn connect_unix(path: impl AsRef<Path>) -> io::Result<Self> {
        let socket = mio::net::UnixStream::connect_addr(&unix_address(path.as_ref())?)?;
        Self::with_transport(Transport::Unix(socket.into()))?.connected().await
    }

    /// Makes a stream of a connected socket.
    ///
    /// # Errors
    ///
    /// The system's: the socket cannot be made non-blocking, or not be waited for.
    pub fn from_tcp(socket: TcpStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Self::with_transport(Transport::Tcp(socket))
    }

    /// Makes a stream of a connected Unix socket.
    ///
    /// # Errors
    ///
    /// As [`from_tcp`](Self::from_tcp).
    pub fn from_unix(socket: UnixStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Self::with_transport(Transport::Unix(socket))
    }

    /// Makes a stream of the end of a pipe that is read from, such as a child's output: Tornado's `PipeIOStream`.
    ///
    /// ```
    /// # use gustnado::iostream::IOStream;
    /// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
    /// let (reader, writer) = std::io::pipe()?;
    /// let (reader, writer) = (IOStream::from_reader(reader)?, IOStream::from_writer(writer)?);
    /// writer.write(b"through a pipe").await?;
    /// drop(writer);
    /// assert_eq!(reader.read_until_close().await?, b"through a pipe");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })??;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`from_tcp`](Self::from_tcp); a regular file cannot be waited for.
    pub fn from_reader(pipe: impl Into<OwnedFd>) -> io::Result<Self> {
        let pipe = mio::unix::pipe::Receiver::from(pipe.into());
        pipe.set_nonblocking(true)?;
        Self::with_transport(Transport::Reader(OwnedFd::from(pipe).into()))
    }

    /// Makes a stream of the end of a pipe that is written to, such as a child's input.
    ///
    /// # Errors
    ///
    /// As [`from_reader`](Self::from_reader).
    pub fn from_writer(pipe: impl Into<OwnedFd>) -> io::Result<Self> {
        let pipe = mio::unix::pipe::Sender::from(pipe.into());
        pipe.set_nonblocking(true)?;
        Self::with_transport(Transport::Writer(OwnedFd::from(pipe).into()))
    }

    /// Makes a stream of a transport that does not block.
    pub(crate) fn with_transport(transport: Transport) -> io::Result<Self> {
        let core = Core::current_or_new()?;
        let interest = transport.interest();
        let registration = Registration::new(&core, transport.fd(), interest)?;
        Ok(Self::with_link(Some(Link { registration, transport })))
    }

    /// Makes a stream that is not connected to anything yet; see [`link`](Self::link).
    pub(crate) fn unlinked() -> Self {
        Self::with_link(None)
    }

    fn with_link(link: Option<Link>) -> Self {
        let inner = Inner {
            link: RefCell::new(link),
            incoming: Cell::new(None),
            sent: Cell::new(0),
            rare: OnceCell::new(),
            reading: Cell::new(false),
            reads: Cell::new(0),
            writes: Cell::new(0),
            ended: Cell::new(false),
            closed: Cell::new(false),
        };
        Self { shared: Shared::new(inner) }
    }

    /// Lays the connection down until there is something to read, which `owner` is then told. Nothing may be buffered. The
    /// stream can be linked to another connection afterwards.
    pub(crate) fn park(&self, owner: Rc<dyn Parking>, place: u32) -> Option<Parked> {
        let Link { registration, transport } = self.shared.link.take()?;
        let source = registration.park(owner, place);
        Some(Parked { transport, source })
    }

    /// Takes up a connection that was laid down, with a stream that is not linked.
    pub(crate) fn link(&self, core: &Rc<Core>, parked: Parked) {
        let registration = Registration::unparked(core, parked.source);
        let link = Link { registration, transport: parked.transport };
        drop(self.shared.link.replace(Some(link)));
    }

    /// Takes over the connection of another stream, with what waits to be sent or read on it.
    pub(crate) fn take_over(&self, other: &Self) {
        drop(self.shared.link.replace(other.shared.link.take()));
        self.shared.incoming.set(other.shared.incoming.take());
        if let Some(rare) = other.shared.rare.get() {
            self.shared.rare().outgoing.borrow_mut().take_over(&mut rare.outgoing.borrow_mut());
        }
        self.keep_sending();
    }

    /// Whether another connection may be linked: this one was laid down in peace, and nobody else refers to it.
    pub(crate) fn is_reusable(&self) -> bool {
        self.shared.link.borrow().is_none() && !self.closed() && self.shared.is_unique()
    }

    /// Lets the read buffer hold `size` bytes; the default is [`DEFAULT_MAX_BUFFER_SIZE`].
    pub fn set_max_buffer_size(&self, size: usize) {
        self.shared.rare().max_buffer_size.set(size);
    }

    /// Lets at most `size` bytes wait to be sent; the default is no limit. A write beyond it fails with
    /// [`StreamError::BufferFull`] and sends nothing.
    pub fn set_max_write_buffer_size(&self, size: Option<usize>) {
        self.shared.rare().outgoing.borrow_mut().max_size = size;
    }

    /// Whether small writes are sent at once (`true`), or may wait for more (`false`, the default of TCP).
    ///
    /// # Errors
    ///
    /// The system's, or [`NotConnected`](io::ErrorKind::NotConnected) if the stream is closed.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.transport(|transport| transport.set_nodelay(nodelay))
    }

    /// Who is at the other end of a TCP connection.
    ///
    /// # Errors
    ///
    /// The system's, or [`NotConnected`](io::ErrorKind::NotConnected) if the stream is closed; other kinds have no such address.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.transport(Transport::peer_addr)
    }

    /// Tells the other side that nothing more will be written (`shutdown(2)`). Reading goes on.
    ///
    /// What still waits to be sent is lost; [`flush`](Self::flush) first.
    ///
    /// # Errors
    ///
    /// The system's, or [`NotConnected`](io::ErrorKind::NotConnected) if the stream is closed;
    /// [`Unsupported`](io::ErrorKind::Unsupported) of a pipe, which can only be closed.
    pub fn shutdown(&self) -> io::Result<()> {
        self.transport(Transport::shutdown)
    }

    /// What was written is not all that was promised: who can tell an end from a connection that was cut off, is to see the latter.
    pub(crate) fn truncate(&self) {
        if let Some(link) = &*self.shared.link.borrow() {
            link.transport.truncate();
        }
    }

    fn transport<T>(&self, operation: impl FnOnce(&Transport) -> io::Result<T>) -> io::Result<T> {
        match &*self.shared.link.borrow() {
            Some(link) => operation(&link.transport),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Closes the stream. What was received before can still be read; what was not sent is lost.
    pub fn close(&self) {
        self.shared.close(None);
    }

    /// Whether the stream is closed, by either side.
    pub fn closed(&self) -> bool {
        self.shared.closed.get()
    }

    /// The error that closed the stream, if it was one.
    pub fn error(&self) -> Option<Arc<io::Error>> {
        self.shared.error()
    }

    /// Whether a coroutine is reading from the stream.
    pub fn reading(&self) -> bool {
        self.shared.reading.get()
    }

    /// Whether bytes wait to be sent.
    pub fn writing(&self) -> bool {
        self.shared.is_writing()
    }

    /// Calls `callback` once the stream is closed, by either side; in the next turn if it is already. Reads that wait are
    /// told first. From now on the stream notices by itself when the other side closes.
    pub fn set_close_callback(&self, callback: impl FnOnce() + 'static) {
        if self.closed() {
            return self.shared.later(Box::new(callback));
        }
        if self.shared.rare().close_callback.replace(Some(Box::new(callback))).is_none() {
            drop(spawn(watch(self.shared.clone())));
        }
    }

    /// Ready when the other side has hung up, even if it has sent something before.
    pub(crate) fn poll_hung_up(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.shared.poll_hung_up(cx)
    }

    async fn connected(self) -> io::Result<Self> {
        poll_fn(|cx| self.poll_connected(cx)).await?;
        Ok(self)
    }

    fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let link = self.shared.link.borrow();
        let Some(link) = &*link else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        loop {
            match (link.transport.take_error(), link.transport.connected()) {
                (Ok(Some(error)) | Err(error), _) => return Poll::Ready(Err(error)),
                (Ok(None), Ok(())) => return Poll::Ready(Ok(())),
                (Ok(None), Err(_)) => link.registration.clear(Side::Write),
            }
            ready!(link.registration.poll(Side::Write, cx));
        }
    }
}

/// Whether an error of `connect` says that it goes on in the background.
fn is_under_way(error: &io::Error) -> bool {
    // EINPROGRESS has no kind of its own.
    error.kind() == io::ErrorKind::WouldBlock || error.raw_os_error() == Some(115)
}

/// The address of a path, or of a name if it begins with a NUL byte.
pub(crate) fn unix_address(path: &Path) -> io::Result<std::os::unix::net::SocketAddr> {
    match path.as_os_str().as_bytes().strip_prefix(b"\0") {
        Some(name) => std::os::unix::net::SocketAddr::from_abstract_name(name),
        None => std::os::unix::net::SocketAddr::from_pathname(path),
    }
}

/// Reads ahead until the other side closes, so that the close callback is called.
async fn watch(shared: Shared<Inner>) {
    poll_fn(|cx| shared.poll_hung_up(cx)).await;
    while !shared.closed.get() {
        poll_fn(|cx| shared.poll_unread(cx)).await;
        if let Ok(0) = poll_fn(|cx| shared.poll_fill(cx)).await {
            shared.close(None);
        }
    }
}

impl Inner {
    fn poll_hung_up(&self, cx: &mut Context<'_>) -> Poll<()> {
        match &*self.link.borrow() {
            Some(link) => link.registration.poll(Side::Closed, cx),
            None => Poll::Ready(()),
        }
    }

    /// Ready when nobody is reading; who reads finds the end by himself.
    fn poll_unread(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.reading.get() && !self.closed.get() {
            self.rare().watcher.set(Some(cx.waker().clone()));
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// Closes the socket, and tells everybody who waits.
    fn close(&self, error: Option<io::Error>) {
        if self.closed.replace(true) {
            return;
        }
        if let Some(error) = error.as_ref().filter(|error| !error::is_quiet(error)) {
            tracing::warn!(target: "gustnado.general", %error, "closing a stream");
        }
        if let Some(error) = error {
            let _ = self.rare().error.set(Arc::new(error));
        }
        let link = self.link.take();
        if self.is_writing()
            && let Some(link) = &link
        {
            link.transport.truncate();
        }
        let rare = self.rare.get();
        let woken = rare.map(|rare| rare.outgoing.borrow_mut().abandon()).unwrap_or_default();
        if let Some(link) = &link {
            link.registration.wake_all();
        }
        drop(link);
        woken.into_iter().for_each(Waker::wake);
        let Some(rare) = rare else { return };
        if let Some(watcher) = rare.watcher.take() {
            watcher.wake();
        }
        if let Some(callback) = rare.close_callback.take() {
            self.later(callback);
        }
    }

    fn later(&self, callback: Box<dyn FnOnce()>) {
        crate::ioloop::IOLoop::current().add_callback(callback);
    }

    /// The error for who uses a stream that is closed.
    fn closed_error(&self) -> StreamError {
        StreamError::Closed(self.error())
    }

    fn error(&self) -> Option<Arc<io::Error>> {
        self.rare.get()?.error.get().cloned()
    }

    fn rare(&self) -> &Rare {
        self.rare.get_or_init(Box::default)
    }
}

impl Drop for IOStream {
    fn drop(&mut self) {
        // The background sender may hold the other reference; it must not keep the socket open for ever.
        self.shared.close(None);
    }
}

impl fmt::Debug for IOStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IOStream").field("closed", &self.closed()).finish_non_exhaustive()
    }
}
