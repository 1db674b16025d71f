//! Connections to servers by name.

use crate::coroutine::{Sleep, cancel_after, sleep};
use crate::iostream::IOStream;
use crate::netutil::{Resolver, ThreadedResolver};
#[cfg(feature = "tls")]
use crate::tls::ClientOptions;
use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

/// How long the first family of addresses has before the second one is tried beside it, as in Tornado. RFC 8305 recommends 0.25 s.
const HEAD_START: Duration = Duration::from_millis(300);

/// Connects to hosts by name, over IPv6 or IPv4, whichever answers first ("Happy Eyeballs", RFC 8305).
///
/// The addresses of a host are tried in the resolver's order, the next one as soon as one has failed. Those of the other family
/// have their turn beside them after 0.3 s, or after the first failure. The first connection wins, and the others are closed.
///
/// ```
/// use gustnado::tcpclient::TCPClient;
/// # use std::io::Write;
/// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// # let port = listener.local_addr()?.port();
/// # let server = std::thread::spawn(move || listener.accept().unwrap().0.write_all(b"hi\n"));
///
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// let stream = TCPClient::new().connect("localhost", port).await?;
/// assert_eq!(stream.read_until(b"\n").await?, b"hi\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TCPClient {
    resolver: Rc<dyn Resolver>,
    source_ip: Option<IpAddr>,
    source_port: u16,
    timeout: Option<Duration>,
}

impl TCPClient {
    /// A client that asks the system for addresses, and waits for as long as that does.
    pub fn new() -> Self {
        Self::with_resolver(ThreadedResolver::new())
    }

    /// A client that asks `resolver` for addresses.
    pub fn with_resolver(resolver: impl Resolver + 'static) -> Self {
        Self { resolver: Rc::new(resolver), source_ip: None, source_port: 0, timeout: None }
    }

    /// Connects from this address of the machine. Hosts are then only tried at addresses of the same family.
    #[must_use]
    pub fn source_ip(mut self, ip: IpAddr) -> Self {
        self.source_ip = Some(ip);
        self
    }

    /// Connects from this port.
    #[must_use]
    pub fn source_port(mut self, port: u16) -> Self {
        self.source_port = port;
        self
    }

    /// Gives up after `timeout`, which includes asking for addresses.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Connects to `host`, a name or an address without brackets.
    ///
    /// # Errors
    ///
    /// The resolver's; that of the last address that failed; [`TimedOut`](io::ErrorKind::TimedOut).
    pub async fn connect(&self, host: &str, port: u16) -> io::Result<IOStream> {
        let connecting = async {
            let addresses = self.resolver.resolve(host, port).await?;
            let reachable = |address: &SocketAddr| {
                self.source_ip.is_none_or(|ip| ip.is_ipv4() == address.is_ipv4())
            };
            let connect = |address| async move {
                match self.source(address) {
                    Some(source) => IOStream::connect_from(source, address).await,
                    None => IOStream::connect(address).await,
                }
            };
            first_of(addresses.into_iter().filter(reachable), connect).await
        };
        self.within(connecting).await
    }

    /// Gives up in time.
    async fn within(
        &self,
        connecting: impl Future<Output = io::Result<IOStream>>,
    ) -> io::Result<IOStream> {
        match self.timeout {
            Some(timeout) => cancel_after(timeout, connecting)
                .await
                .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())),
            None => connecting.await,
        }
    }

    /// Connects to `host`, and secures the connection by TLS. The server's certificate must be for this name, or address.
    ///
    /// ```no_run
    /// # use gustnado::tcpclient::TCPClient;
    /// use gustnado::tls::ClientOptions;
    ///
    /// # async fn example() -> std::io::Result<()> {
    /// let stream = TCPClient::new().connect_tls("imap.example.com", 993, &ClientOptions::new()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As of [`connect`](Self::connect); a [`TLSError`](crate::tls::TLSError) inside of one of the system. The client's timeout is
    /// for both, and the handshake has [one of its own](ClientOptions::handshake_timeout).
    #[cfg(feature = "tls")]
    pub async fn connect_tls(
        &self,
        host: &str,
        port: u16,
        options: &ClientOptions,
    ) -> io::Result<IOStream> {
        let securing = async {
            let stream = self.connect(host, port).await?;
            stream.start_tls((options, host)).await?;
            Ok(stream)
        };
        self.within(securing).await
    }

    /// Where a connection to `address` is to come from, if that matters.
    fn source(&self, address: SocketAddr) -> Option<SocketAddr> {
        if self.source_ip.is_none() && self.source_port == 0 {
            return None;
        }
        let any: IpAddr = match address {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        Some((self.source_ip.unwrap_or(any), self.source_port).into())
    }
}

impl Default for TCPClient {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TCPClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TCPClient")
            .field("source_ip", &self.source_ip)
            .field("source_port", &self.source_port)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The first connection that `connect` makes to one of the addresses.
pub(crate) async fn first_of<T, F: Future<Output = io::Result<T>>>(
    addresses: impl Iterator<Item = SocketAddr>,
    connect: impl Fn(SocketAddr) -> F,
) -> io::Result<T> {
    let mut addresses = addresses.peekable();
    let first_is_ipv4 = addresses.peek().is_some_and(SocketAddr::is_ipv4);
    let (first, second) = addresses.partition(|address| address.is_ipv4() == first_is_ipv4);
    let mut first = Lane { addresses: first, attempt: None };
    let mut second = Lane { addresses: second, attempt: None };
    let mut head_start: Option<Pin<Box<Sleep>>> =
        (!second.addresses.is_empty()).then(|| Box::pin(sleep(HEAD_START)));
    let mut last_error = None;
    poll_fn(|cx| {
        let mut failed = |error| {
            last_error = Some(error);
        };
        let begun = first.poll(cx, &connect, &mut failed);
        if let Poll::Ready(Some(connected)) = begun {
            return Poll::Ready(Ok(connected));
        }
        // The second family begins after the first failure, too.
        if let Some(sleep) = &mut head_start
            && last_error.is_none()
            && sleep.as_mut().poll(cx).is_pending()
        {
            return Poll::Pending;
        }
        head_start = None;
        let mut failed = |error| {
            last_error = Some(error);
        };
        match (begun, second.poll(cx, &connect, &mut failed)) {
            (_, Poll::Ready(Some(connected))) => Poll::Ready(Ok(connected)),
            (Poll::Ready(None), Poll::Ready(None)) => {
                let nowhere = || io::Error::new(io::ErrorKind::NotFound, "the host has no address");
                Poll::Ready(Err(last_error.take().unwrap_or_else(nowhere)))
            }
            _ => Poll::Pending,
        }
    })
    .await
}

/// The addresses of one family, tried one after the other.
struct Lane<F> {
    addresses: VecDeque<SocketAddr>,
    attempt: Option<Pin<Box<F>>>,
}

impl<T, F: Future<Output = io::Result<T>>> Lane<F> {
    /// Ready with the first connection, or with nothing when all addresses have failed.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        connect: &impl Fn(SocketAddr) -> F,
        failed: &mut impl FnMut(io::Error),
    ) -> Poll<Option<T>> {
        loop {
            let attempt = match &mut self.attempt {
                Some(attempt) => attempt,
                None => match self.addresses.pop_front() {
                    Some(address) => self.attempt.insert(Box::pin(connect(address))),
                    None => return Poll::Ready(None),
                },
            };
            match attempt.as_mut().poll(cx) {
                Poll::Ready(Ok(connected)) => return Poll::Ready(Some(connected)),
                Poll::Ready(Err(error)) => {
                    failed(error);
                    self.attempt = None;
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
