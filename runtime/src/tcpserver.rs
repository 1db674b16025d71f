//! Servers for protocols over TCP.

use crate::coroutine::sleep;
use crate::ioloop::{Core, JoinHandle, Registration, Side, spawn};
use crate::iostream::{IOStream, Transport};
use crate::netutil::{Listener, bind_socket};
#[cfg(feature = "tls")]
use crate::tls::{Inside, Role, ServerOptions};
use std::cell::RefCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

/// So many connections are accepted before others have a turn, as in Tornado.
const ACCEPTS_PER_TURN: usize = 128;

/// How long a server rests when the system has no descriptor left for a connection. Its listener stays ready meanwhile, and
/// trying again at once would burn the processor.
const REST: Duration = Duration::from_millis(100);

/// A server that gives each connection's stream to a coroutine.
///
/// ```no_run
/// use gustnado::iostream::IOStream;
/// use gustnado::tcpserver::TCPServer;
///
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// let server = TCPServer::new(async |stream: IOStream, _address| {
///     while let Ok(line) = stream.read_until(b"\n").await {
///         if stream.write(&line).await.is_err() {
///             break;
///         }
///     }
/// });
/// server.listen(([127, 0, 0, 1], 9888).into())?;
/// std::future::pending::<()>().await;
/// # Ok::<(), std::io::Error>(())
/// # })??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TCPServer {
    handle_stream: Rc<HandleTransport>,
    acceptors: RefCell<Vec<JoinHandle<()>>>,
}

/// What is called with each connection.
type HandleTransport = dyn Fn(Transport, SocketAddr);

impl TCPServer {
    /// Makes a server whose connections are handled by `handle_stream`. A panic in it is logged, and ends only its connection.
    pub fn new<F>(handle_stream: impl Fn(IOStream, SocketAddr) -> F + 'static) -> Self
    where
        F: Future<Output = ()> + 'static,
    {
        let handle_stream = Rc::new(handle_stream);
        Self::with_transports(move |transport, address| match IOStream::with_transport(transport) {
            Ok(stream) => {
                #[cfg(feature = "tls")]
                stream.begin_handshake();
                // Called in the task already, where a panic harms nobody else.
                let handle_stream = handle_stream.clone();
                drop(spawn(async move { handle_stream(stream, address).await }));
            }
            Err(error) => {
                tracing::error!(target: "gustnado.general", %error, "cannot serve a connection");
            }
        })
    }

    /// Makes a server that hands out what will carry a stream.
    pub(crate) fn with_transports(handle: impl Fn(Transport, SocketAddr) + 'static) -> Self {
        Self { handle_stream: Rc::new(handle), acceptors: RefCell::default() }
    }

    /// Listens on `address`; port 0 means any free one. Returns the address it listens on.
    ///
    /// # Errors
    ///
    /// The system's: the address is taken, is not this machine's, or needs a privilege.
    pub fn listen(&self, address: SocketAddr) -> io::Result<SocketAddr> {
        let listener = bind_socket(address, false)?;
        let address = listener.local_addr()?;
        self.add_socket(listener)?;
        Ok(address)
    }

    /// Accepts connections from a socket that listens already.
    ///
    /// # Errors
    ///
    /// The system's: the socket cannot be made non-blocking, or not be waited for.
    pub fn add_socket(&self, listener: impl Into<Listener>) -> io::Result<()> {
        self.accept_with(listener.into(), self.handle_stream.clone())
    }

    fn accept_with(&self, listener: Listener, handle: Rc<HandleTransport>) -> io::Result<()> {
        let registration = listener.register(&Core::current_or_new()?)?;
        let accepting = accept(listener, registration, handle);
        self.acceptors.borrow_mut().push(spawn(accepting));
        Ok(())
    }

    /// Listens on `address` for connections that are secured by TLS; see [`listen`](Self::listen). `handle_stream` is called at once:
    /// reads and writes wait for the handshake, and fail if that does, which is logged.
    ///
    /// ```no_run
    /// use gustnado::iostream::IOStream;
    /// use gustnado::tcpserver::TCPServer;
    /// use gustnado::tls::ServerOptions;
    ///
    /// # fn example() -> std::io::Result<()> {
    /// let server = TCPServer::new(async |stream: IOStream, _address| {
    ///     let _ = stream.write(b"nobody else can read this").await;
    /// });
    /// let options = ServerOptions::new("certificate.pem", "key.pem");
    /// server.listen_tls(([127, 0, 0, 1], 9443).into(), &options)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The system's; and what is wrong with the [options](ServerOptions::load), as an error that displays the file's name.
    #[cfg(feature = "tls")]
    pub fn listen_tls(
        &self,
        address: SocketAddr,
        options: &ServerOptions,
    ) -> io::Result<SocketAddr> {
        self.bind_tls(address, options, Inside::Anything)
    }

    /// Accepts connections that are secured by TLS from a socket that listens already.
    ///
    /// # Errors
    ///
    /// As of [`listen_tls`](Self::listen_tls).
    #[cfg(feature = "tls")]
    pub fn add_tls_socket(
        &self,
        listener: impl Into<Listener>,
        options: &ServerOptions,
    ) -> io::Result<()> {
        self.accept_tls(listener.into(), options, Inside::Anything)
    }

    /// [`listen_tls`](Self::listen_tls), for what is spoken inside.
    #[cfg(feature = "tls")]
    pub(crate) fn bind_tls(
        &self,
        address: SocketAddr,
        options: &ServerOptions,
        inside: Inside,
    ) -> io::Result<SocketAddr> {
        // Before the port is taken.
        options.load()?;
        let listener = bind_socket(address, false)?;
        let address = listener.local_addr()?;
        self.accept_tls(listener, options, inside)?;
        Ok(address)
    }

    #[cfg(feature = "tls")]
    pub(crate) fn accept_tls(
        &self,
        listener: Listener,
        options: &ServerOptions,
        inside: Inside,
    ) -> io::Result<()> {
        options.load()?;
        let role = Role::from(options);
        let handle = self.handle_stream.clone();
        let secure = move |transport: Transport, address| match transport.secured(&role, inside) {
            Ok(transport) => handle(transport, address),
            Err(error) => {
                tracing::error!(target: "gustnado.general", %error, "cannot serve a connection");
            }
        };
        self.accept_with(listener, Rc::new(secure))
    }

    /// Stops to accept connections, and closes the listening sockets. Those that are open go on. May be called again.
    pub fn stop(&self) {
        self.acceptors.take().iter().for_each(JoinHandle::cancel);
    }
}

impl Drop for TCPServer {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for TCPServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TCPServer")
            .field("sockets", &self.acceptors.borrow().len())
            .finish_non_exhaustive()
    }
}

/// Accepts connections until it is cancelled.
async fn accept(listener: Listener, registration: Registration, handle: Rc<HandleTransport>) {
    loop {
        poll_fn(|cx| registration.poll(Side::Read, cx)).await;
        for _ in 0..ACCEPTS_PER_TURN {
            match listener.accept() {
                Ok((transport, address)) => handle(transport, address),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    registration.clear(Side::Read);
                    break;
                }
                // The client has changed its mind.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    tracing::error!(target: "gustnado.general", %error, "cannot accept connections for a moment");
                    sleep(REST).await;
                    break;
                }
            }
        }
        crate::coroutine::moment().await;
    }
}
