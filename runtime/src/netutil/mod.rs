//! Sockets for servers, and addresses for clients.

mod cache;
mod inherited;
mod listener;
mod resolver;
mod unix;

pub use cache::CachingResolver;
pub use inherited::inherited_sockets;
pub(crate) use inherited::pass_on;
pub use listener::Listener;
pub(crate) use listener::Portable;
pub use resolver::{OverrideResolver, Resolver, ThreadedResolver};
pub use unix::bind_unix_socket;

use crate::ioloop::Core;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

/// So many connections may wait to be accepted, as in Tornado; the system's own limit may be lower.
pub const DEFAULT_BACKLOG: i32 = 128;

/// Opens a listening socket on `address`. Port 0 means any free one. On a [simulated](crate::testing::Simulation) loop, it listens
/// on the simulated network.
///
/// With `reuse_port`, several sockets, of this process or of others, share the port, and the system spreads connections among
/// them.
///
/// ```
/// let first = gustnado::netutil::bind_socket(([127, 0, 0, 1], 0).into(), true)?;
/// let second = gustnado::netutil::bind_socket(first.local_addr()?, true)?;
/// assert_eq!(first.local_addr()?, second.local_addr()?);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// The system's: the address is taken, is not this machine's, or needs a privilege.
pub fn bind_socket(address: SocketAddr, reuse_port: bool) -> io::Result<Listener> {
    if let Some(network) = Core::current().and_then(|core| core.network()) {
        return network.listen(address, reuse_port).map(Listener::simulated);
    }
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A server that is restarted must not wait until its old connections are forgotten.
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(reuse_port)?;
    if address.is_ipv6() {
        // IPv4 has its own socket, so that addresses look the same whatever the system's default is.
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(DEFAULT_BACKLOG)?;
    Ok(TcpListener::from(socket).into())
}

/// Opens listening sockets on `port` of all interfaces, IPv4 and IPv6; with port 0, on the same free one for both.
///
/// ```
/// let sockets = gustnado::netutil::bind_sockets(0)?;
/// let port = sockets[0].local_addr()?.port();
/// assert!(sockets.iter().all(|socket| socket.local_addr().unwrap().port() == port));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// As [`bind_socket`]. A machine without IPv6 has one socket only, which is no error.
pub fn bind_sockets(port: u16) -> io::Result<Vec<Listener>> {
    // A port that is free for IPv4 may be taken for IPv6; then another one is tried.
    const ATTEMPTS: usize = 16;
    let mut attempt = 1;
    loop {
        let first = bind_socket((Ipv4Addr::UNSPECIFIED, port).into(), false)?;
        let address = (Ipv6Addr::UNSPECIFIED, first.local_addr()?.port()).into();
        match bind_socket(address, false) {
            Ok(second) => return Ok(vec![first, second]),
            Err(error) if is_missing(&error) => return Ok(vec![first]),
            Err(error)
                if port == 0 && error.kind() == io::ErrorKind::AddrInUse && attempt < ATTEMPTS =>
            {
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Whether an error says that the machine does not have such addresses at all.
pub(crate) fn is_missing(error: &io::Error) -> bool {
    use io::ErrorKind::{AddrNotAvailable, Unsupported};
    // EAFNOSUPPORT has no kind of its own.
    matches!(error.kind(), AddrNotAvailable | Unsupported) || error.raw_os_error() == Some(97)
}

/// Whether a text is an IPv4 or IPv6 address, and not a name.
///
/// ```
/// use gustnado::netutil::is_valid_ip;
///
/// assert!(is_valid_ip("127.0.0.1") && is_valid_ip("::1"));
/// assert!(!is_valid_ip("localhost") && !is_valid_ip("4.4.4.4<") && !is_valid_ip(""));
/// ```
pub fn is_valid_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}
