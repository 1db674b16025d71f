//! The kinds of streams that the suites run for.

use gustnado::iostream::{IOStream, StreamError};
use gustnado::queues::Queue;
use gustnado::tcpserver::TCPServer;
use gustnado::testing::Simulation;
use std::future::{Future, poll_fn};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

/// Streams of one kind.
pub(crate) trait Kind {
    /// Whether an end that cuts something off can be told from others.
    const TELLS_TRUNCATION: bool = false;

    /// Two streams: what is written to the second arrives at the first. On a [`Duplex`] kind, the other way round, too.
    async fn pair() -> (IOStream, IOStream);
}

/// A kind whose streams carry bytes both ways.
pub(crate) trait Duplex: Kind {}

pub(crate) struct Tcp;

impl Kind for Tcp {
    async fn pair() -> (IOStream, IOStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let stream = IOStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let peer = IOStream::from_tcp(listener.accept().unwrap().0).unwrap();
        peer.set_nodelay(true).unwrap();
        (stream, peer)
    }
}

impl Duplex for Tcp {}

pub(crate) struct Unix;

impl Kind for Unix {
    async fn pair() -> (IOStream, IOStream) {
        let (one, other) = UnixStream::pair().unwrap();
        (IOStream::from_unix(one).unwrap(), IOStream::from_unix(other).unwrap())
    }
}

impl Duplex for Unix {}

pub(crate) struct Pipe;

impl Kind for Pipe {
    async fn pair() -> (IOStream, IOStream) {
        let (reader, writer) = std::io::pipe().unwrap();
        (IOStream::from_reader(reader).unwrap(), IOStream::from_writer(writer).unwrap())
    }
}

pub(crate) struct Simulated;

impl Kind for Simulated {
    async fn pair() -> (IOStream, IOStream) {
        let world = Simulation::current();
        // As kind as the loopback interface: the suites ask what arrives with which packet.
        world.delay(Duration::from_micros(1)..=Duration::from_micros(1));
        world.split(usize::MAX..=usize::MAX);
        world.buffers(1 << 17..=1 << 17);
        let peers = Rc::new(Queue::new(1));
        let accepted = peers.clone();
        let server = TCPServer::new(move |stream, _| {
            let accepted = accepted.clone();
            async move { accepted.put(stream).await.unwrap() }
        });
        let address = server.listen(([10, 0, 0, 1], 0).into()).unwrap();
        let stream = IOStream::connect(address).await.unwrap();
        (stream, peers.get().await.unwrap())
    }
}

impl Duplex for Simulated {}

/// Secured by TLS, over TCP.
#[cfg(feature = "tls")]
pub(crate) struct Tls;

#[cfg(feature = "tls")]
impl Kind for Tls {
    const TELLS_TRUNCATION: bool = true;

    async fn pair() -> (IOStream, IOStream) {
        secured(Tcp::pair().await).await
    }
}

#[cfg(feature = "tls")]
impl Duplex for Tls {}

/// Secured by TLS, in a simulated world.
#[cfg(feature = "tls")]
pub(crate) struct SimulatedTls;

#[cfg(feature = "tls")]
impl Kind for SimulatedTls {
    const TELLS_TRUNCATION: bool = true;

    async fn pair() -> (IOStream, IOStream) {
        secured(Simulated::pair().await).await
    }
}

#[cfg(feature = "tls")]
impl Duplex for SimulatedTls {}

/// Secures both ends. The first one has connected.
#[cfg(feature = "tls")]
async fn secured((stream, peer): (IOStream, IOStream)) -> (IOStream, IOStream) {
    use gustnado::tls::{ClientOptions, Pem, ServerOptions};
    use gustnado_tests::{Authority, Certified};
    use std::sync::LazyLock;
    static MADE: LazyLock<(Authority, Certified)> = LazyLock::new(|| {
        let authority = Authority::new("streams");
        let certified = authority.issue(&["streams.example"]);
        (authority, certified)
    });
    let (authority, certified) = &*MADE;
    let server = ServerOptions::new(
        Pem::text(certified.certificate.as_str()),
        Pem::text(certified.key.as_str()),
    );
    let client = ClientOptions::new().ca_certs(Pem::text(authority.certificate()));
    let secure = peer.start_tls(&server);
    gustnado::coroutine::Multi((stream.start_tls((&client, "streams.example")), secure))
        .await
        .unwrap();
    (stream, peer)
}

/// Makes a test of each function for each kind of stream; those behind `both ways` need streams that carry bytes both ways.
macro_rules! for_each_kind {
    ($($test:ident)* $(, both ways: $($duplex:ident)*)?) => {
        mod tcp {
            $(#[gustnado::test] async fn $test() { super::$test::<crate::kinds::Tcp>().await; })*
            $($(#[gustnado::test] async fn $duplex() { super::$duplex::<crate::kinds::Tcp>().await; })*)?
        }
        mod unix {
            $(#[gustnado::test] async fn $test() { super::$test::<crate::kinds::Unix>().await; })*
            $($(#[gustnado::test] async fn $duplex() { super::$duplex::<crate::kinds::Unix>().await; })*)?
        }
        mod simulated {
            $(#[gustnado::test(simulated)] async fn $test() {
                super::$test::<crate::kinds::Simulated>().await;
            })*
            $($(#[gustnado::test(simulated)] async fn $duplex() {
                super::$duplex::<crate::kinds::Simulated>().await;
            })*)?
        }
        #[cfg(feature = "tls")]
        mod tls {
            $(#[gustnado::test] async fn $test() { super::$test::<crate::kinds::Tls>().await; })*
            $($(#[gustnado::test] async fn $duplex() { super::$duplex::<crate::kinds::Tls>().await; })*)?
        }
        #[cfg(feature = "tls")]
        mod simulated_tls {
            $(#[gustnado::test(simulated, seeds = 1)] async fn $test() {
                super::$test::<crate::kinds::SimulatedTls>().await;
            })*
            $($(#[gustnado::test(simulated, seeds = 1)] async fn $duplex() {
                super::$duplex::<crate::kinds::SimulatedTls>().await;
            })*)?
        }
        mod pipe {
            $(#[gustnado::test] async fn $test() { super::$test::<crate::kinds::Pipe>().await; })*
        }
    };
}

pub(crate) use for_each_kind;

/// Gives a future one turn.
pub(crate) async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

pub(crate) fn is_closed<T>(result: Result<T, StreamError>) -> bool {
    matches!(result, Err(StreamError::Closed(None)))
}

/// Writes in the background, and closes then.
pub(crate) fn feed(writer: IOStream, bytes: Vec<u8>) {
    drop(gustnado::ioloop::spawn(async move {
        // The reader may have had enough.
        let _ = writer.write(&bytes).await;
    }));
}
