//! Connecting by name: Happy Eyeballs in a simulated world, under the names of Tornado's tests of its connector.

use gustnado::ioloop::Frame;
use gustnado::iostream::IOStream;
use gustnado::netutil::Resolver;
use gustnado::tcpclient::TCPClient;
use gustnado::tcpserver::TCPServer;
use gustnado::testing::Simulation;
use std::future::ready;
use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::time::Duration;

/// Two families with two addresses each.
const A1: &str = "10.0.0.1:80";
const A2: &str = "10.0.0.2:80";
const B1: &str = "[fd00::1]:80";
const B2: &str = "[fd00::2]:80";

/// What becomes of an attempt, and after how many milliseconds.
#[derive(Clone, Copy)]
enum Fate {
    Connects(u64),
    Fails(u64),
    Hangs,
}
use Fate::{Connects, Fails, Hangs};

/// Knows one host.
struct Addresses(Vec<SocketAddr>);

impl Resolver for Addresses {
    fn resolve(&self, host: &str, _port: u16) -> Frame<io::Result<Vec<SocketAddr>>> {
        Frame::new(ready(match host {
            "host" => Ok(self.0.clone()),
            _ => Err(ErrorKind::NotFound.into()),
        }))
    }
}

/// Connects to a host with these addresses: which one it was, or why none, and after how many milliseconds.
async fn race(
    addresses: &[(&str, Fate)],
    limit: Option<u64>,
) -> (Result<SocketAddr, ErrorKind>, u64) {
    let world = Simulation::current();
    let list: Vec<SocketAddr> = addresses.iter().map(|(name, _)| name.parse().unwrap()).collect();
    let server = TCPServer::new(async |stream: IOStream, _| {
        stream.read_until_close().await.ok();
    });
    for (address, (_, fate)) in list.iter().zip(addresses) {
        let client: IpAddr = if address.is_ipv4() { [127, 0, 0, 1].into() } else { loopback_v6() };
        if let Connects(after) | Fails(after) = fate {
            // There and back again.
            let delay = Duration::from_millis(*after) / 2;
            world.delay_between(client, address.ip(), delay..=delay);
        }
        match fate {
            Connects(_) => drop(server.listen(*address).unwrap()),
            Fails(_) => {}
            Hangs => world.partition(client, address.ip()),
        }
    }
    let mut client = TCPClient::with_resolver(Addresses(list));
    if let Some(limit) = limit {
        client = client.timeout(Duration::from_millis(limit));
    }
    let begin = world.elapsed();
    let result = client.connect("host", 80).await;
    let took = (world.elapsed() - begin).as_millis() as u64;
    let winner = result.map(|stream| stream.peer_addr().unwrap()).map_err(|error| error.kind());
    (winner, took)
}

fn loopback_v6() -> IpAddr {
    std::net::Ipv6Addr::LOCALHOST.into()
}

fn won(address: &str) -> Result<SocketAddr, ErrorKind> {
    Ok(address.parse().unwrap())
}

const REFUSED: Result<SocketAddr, ErrorKind> = Err(ErrorKind::ConnectionRefused);
const TIMED_OUT: Result<SocketAddr, ErrorKind> = Err(ErrorKind::TimedOut);

/// A test in a simulated world: which addresses, with which limit, give which result after how many milliseconds.
macro_rules! races {
    ($($name:ident: [$($address:expr => $fate:expr),*], $limit:expr => $winner:expr, $took:expr;)*) => {
        $(#[gustnado::test(simulated)]
        async fn $name() {
            assert_eq!(race(&[$(($address, $fate)),*], $limit).await, ($winner, $took));
        })*
    };
}

races! {
    immediate_success: [A1 => Connects(2), A2 => Connects(2)], None => won(A1), 2;
    immediate_failure: [A1 => Fails(2)], None => REFUSED, 2;
    one_family_second_try: [A1 => Fails(2), A2 => Connects(4)], None => won(A2), 6;
    one_family_second_try_failure: [A1 => Fails(2), A2 => Fails(4)], None => REFUSED, 6;
    // Nobody else has a turn while an address of the only family says nothing.
    one_family_second_try_timeout: [A1 => Connects(1000), A2 => Connects(2)], None => won(A1), 1000;
    two_families_immediate_failure: [A1 => Fails(2), A2 => Hangs, B1 => Connects(10), B2 => Hangs],
        None => won(B1), 12;
    two_families_timeout: [A1 => Hangs, A2 => Hangs, B1 => Connects(2), B2 => Hangs],
        None => won(B1), 302;
    // The first family may still win.
    success_after_timeout: [A1 => Connects(310), A2 => Hangs, B1 => Connects(100), B2 => Hangs],
        None => won(A1), 310;
    all_fail: [A1 => Fails(2), A2 => Fails(2), B1 => Fails(50), B2 => Fails(60)],
        None => REFUSED, 112;
    // The second family's addresses are tried in their order, too.
    second_family_second_try: [A1 => Hangs, B1 => Fails(10), B2 => Connects(20)],
        None => won(B2), 330;
    one_family_timeout_before_connect_timeout: [A1 => Hangs, A2 => Hangs],
        Some(200) => TIMED_OUT, 200;
    one_family_success_before_timeout: [A1 => Connects(150), A2 => Hangs],
        Some(200) => won(A1), 150;
    one_family_second_try_before_connect_timeout: [A1 => Fails(50), A2 => Connects(100)],
        Some(200) => won(A2), 150;
    one_family_second_try_after_connect_timeout: [A1 => Fails(150), A2 => Connects(100)],
        Some(200) => TIMED_OUT, 200;
    one_family_second_try_failure_before_connect_timeout: [A1 => Fails(50), A2 => Fails(50)],
        Some(200) => REFUSED, 100;
    two_family_timeout_before_connect_timeout: [A1 => Hangs, A2 => Hangs, B1 => Connects(100)],
        Some(1000) => won(B1), 400;
    two_family_success_after_timeout: [A1 => Hangs, B1 => Fails(100), B2 => Connects(100)],
        Some(1000) => won(B2), 500;
    two_family_timeout_after_connect_timeout: [A1 => Hangs, B1 => Connects(100)],
        Some(200) => TIMED_OUT, 200;
    the_first_address_decides_which_family_is_first: [B1 => Connects(2), A1 => Connects(2)],
        None => won(B1), 2;
    a_host_without_addresses: [], None => Err(ErrorKind::NotFound), 0;
}

#[gustnado::test(simulated)]
async fn the_loser_is_closed() {
    let world = Simulation::current();
    let (winner, _) = race(&[(A1, Connects(400)), (B1, Connects(10))], None).await;
    assert_eq!(winner, won(B1));
    gustnado::coroutine::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.sockets(), 0);
}

#[gustnado::test(simulated)]
async fn an_unknown_host() {
    let client = TCPClient::with_resolver(Addresses(Vec::new()));
    assert_eq!(client.connect("elsewhere", 80).await.unwrap_err().kind(), ErrorKind::NotFound);
}

/// The system's sockets.
mod real {
    use super::*;

    fn listen() -> (TcpListener, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    #[gustnado::test]
    async fn connect_ipv4_dual() {
        let (listener, port) = listen();
        // IPv6 comes first in some systems' answers, and nobody listens there.
        let stream = TCPClient::new().connect("localhost", port).await.unwrap();
        stream.write(b"Hello").await.unwrap();
        let mut hello = [0; 5];
        listener.accept().unwrap().0.read_exact(&mut hello).unwrap();
        assert_eq!(&hello, b"Hello");
    }

    #[gustnado::test]
    async fn refused_ipv4() {
        let (listener, port) = listen();
        drop(listener);
        let error = TCPClient::new().connect("127.0.0.1", port).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }

    #[gustnado::test]
    async fn source_ip_and_port() {
        let (listener, port) = listen();
        let free = listen().1;
        let client = TCPClient::new().source_ip([127, 0, 0, 1].into()).source_port(free);
        let _stream = client.connect("localhost", port).await.unwrap();
        assert_eq!(listener.accept().unwrap().1, ([127, 0, 0, 1], free).into());
    }

    #[gustnado::test]
    async fn source_ip_fail() {
        let (_listener, port) = listen();
        // Of a network for documentation, which is nobody's.
        let client = TCPClient::new().source_ip([192, 0, 2, 1].into());
        let error = client.connect("127.0.0.1", port).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
        // And of the wrong family, there is nothing to connect to.
        let client = TCPClient::new().source_ip(loopback_v6());
        assert_eq!(
            client.connect("127.0.0.1", port).await.unwrap_err().kind(),
            ErrorKind::NotFound
        );
    }

    #[gustnado::test]
    async fn source_port_fail() {
        let (_listener, port) = listen();
        let client = TCPClient::new().source_port(port);
        let error = client.connect("127.0.0.1", port).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
    }
}
