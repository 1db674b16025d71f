//! Sockets for servers, and addresses for clients.

mod listener;
mod resolver;

pub use listener::Listener;
pub use resolver::{OverrideResolver, Resolver, ThreadedResolver};

use crate::ioloop::Core;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};

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
