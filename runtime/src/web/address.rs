//! Where to listen.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use crate::netutil::{Listener, bind_socket, bind_unix_socket, is_missing};

/// Where a server listens: a port, on all interfaces; or `"address:port"`.
///
/// | given | listens on |
/// | --- | --- |
/// | `8888`, `"8888"`, `":8888"` | port 8888 of all interfaces, IPv4 and, where the system has it, IPv6 |
/// | `"127.0.0.1:8888"`, `"[::1]:8888"`, a [`SocketAddr`] | that address |
/// | `"localhost:8888"` | every address of that name |
/// | `"unix:/run/app.sock"` | a Unix socket that only this user may connect to; see [`bind_unix_socket`] |
/// | a [`Listener`], or several | sockets that were opened before |
///
/// Port 0 is any free one, the same for all addresses.
pub trait Address {
    /// The addresses to listen on.
    ///
    /// # Errors
    ///
    /// Text that is no address, or a name that has none.
    fn resolve(self) -> io::Result<Addresses>;
}

/// What an [`Address`] stands for.
#[derive(Debug)]
pub struct Addresses {
    list: Vec<SocketAddr>,
    /// The last one may be missing on this machine.
    last_is_optional: bool,
    paths: Vec<PathBuf>,
    open: Vec<Listener>,
}

/// Who may connect to a Unix socket: its owner, as in Tornado.
const MODE: u32 = 0o600;

impl Addresses {
    fn new(list: Vec<SocketAddr>) -> Self {
        Self { list, last_is_optional: false, paths: Vec::new(), open: Vec::new() }
    }

    /// Opens `count` sockets on each address; several share their port. What listens on the same address stays together.
    pub(crate) fn bind(self, count: usize) -> io::Result<Vec<Vec<Listener>>> {
        let mut port = None;
        let mut bound = Vec::with_capacity(self.list.len());
        for (index, mut address) in self.list.into_iter().enumerate() {
            if let (0, Some(port)) = (address.port(), port) {
                address.set_port(port);
            }
            match bind_shared(address, count) {
                Ok((listeners, address)) => {
                    port.get_or_insert(address.port());
                    bound.push(listeners);
                }
                Err(error) if self.last_is_optional && index > 0 && is_missing(&error) => {}
                Err(error) => return Err(cannot_listen(&address, error)),
            }
        }
        for path in self.paths {
            let listener = bind_unix_socket(&path, MODE);
            let listener = listener.map_err(|error| cannot_listen(&path.display(), error))?;
            bound.push(clones(listener, count)?);
        }
        for listener in self.open {
            bound.push(clones(listener, count)?);
        }
        Ok(bound)
    }
}

/// `count` listeners on one socket.
fn clones(listener: Listener, count: usize) -> io::Result<Vec<Listener>> {
    let mut listeners = (1..count).map(|_| listener.try_clone()).collect::<io::Result<Vec<_>>>()?;
    listeners.push(listener);
    Ok(listeners)
}

fn cannot_listen(place: &dyn fmt::Display, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot listen on {place}: {error}"))
}

impl From<SocketAddr> for Addresses {
    fn from(address: SocketAddr) -> Self {
        Self::new(vec![address])
    }
}

impl Address for u16 {
    fn resolve(self) -> io::Result<Addresses> {
        let (v4, v6) = (Ipv4Addr::UNSPECIFIED, Ipv6Addr::UNSPECIFIED);
        let both = Addresses::new(vec![(v4, self).into(), (v6, self).into()]);
        Ok(Addresses { last_is_optional: true, ..both })
    }
}

impl Address for SocketAddr {
    fn resolve(self) -> io::Result<Addresses> {
        Ok(self.into())
    }
}

impl Address for &str {
    fn resolve(self) -> io::Result<Addresses> {
        if let Some(path) = self.strip_prefix("unix:") {
            return Ok(Addresses { paths: vec![path.into()], ..Addresses::new(Vec::new()) });
        }
        let port = self.strip_prefix(':').unwrap_or(self);
        if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) {
            let out_of_range = |_| invalid(format!("{self:?} is no port"));
            return port.parse::<u16>().map_err(out_of_range)?.resolve();
        }
        let named = |error| invalid(format!("{self:?} is no address to listen on: {error}"));
        let list: Vec<_> = self.to_socket_addrs().map_err(named)?.collect();
        if list.is_empty() {
            return Err(invalid(format!("{self:?} has no address")));
        }
        Ok(Addresses::new(list))
    }
}

impl Address for String {
    fn resolve(self) -> io::Result<Addresses> {
        self.as_str().resolve()
    }
}

impl Address for Listener {
    fn resolve(self) -> io::Result<Addresses> {
        vec![self].resolve()
    }
}

impl Address for Vec<Listener> {
    fn resolve(self) -> io::Result<Addresses> {
        Ok(Addresses { open: self, ..Addresses::new(Vec::new()) })
    }
}

fn bind_shared(mut address: SocketAddr, count: usize) -> io::Result<(Vec<Listener>, SocketAddr)> {
    let mut listeners = Vec::with_capacity(count);
    for _ in 0..count {
        let listener = bind_socket(address, count > 1)?;
        // From here on, port 0 has become the one that was free.
        address = listener.local_addr()?;
        listeners.push(listener);
    }
    Ok((listeners, address))
}

fn invalid(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_all_interfaces() {
        let addresses = 8888.resolve().unwrap();
        assert_eq!(addresses.list, ["0.0.0.0:8888".parse().unwrap(), "[::]:8888".parse().unwrap()]);
        assert!(addresses.last_is_optional);
        assert_eq!("8888".resolve().unwrap().list, addresses.list);
        assert_eq!(":8888".resolve().unwrap().list, addresses.list);
    }

    #[test]
    fn an_address_is_itself() {
        let address: SocketAddr = "127.0.0.1:80".parse().unwrap();
        assert_eq!("127.0.0.1:80".resolve().unwrap().list, [address]);
        assert_eq!(String::from("127.0.0.1:80").resolve().unwrap().list, [address]);
        assert_eq!(address.resolve().unwrap().list, [address]);
    }

    #[test]
    fn what_is_no_address_is_said() {
        for text in ["", "127.0.0.1", "70000", "1.2.3.4.5:80", "127.0.0.1:http"] {
            let error = text.resolve().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
    }

    #[test]
    fn sockets_of_one_address_share_its_port() {
        let addresses = Addresses::from(SocketAddr::from(([127, 0, 0, 1], 0)));
        let bound = addresses.bind(3).unwrap();
        let ports: Vec<_> =
            bound[0].iter().map(|listener| listener.local_addr().unwrap().port()).collect();
        assert_eq!(ports.len(), 3);
        assert!(ports.iter().all(|port| *port == ports[0] && *port != 0));
    }

    #[test]
    fn a_taken_address_is_named() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let error = Addresses::from(address).bind(1).unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot listen on {address}: ")), "{error}");
    }
}
