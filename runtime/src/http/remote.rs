//! The address at the other end of a connection, as small as it can be kept.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// An IP address and a port, in bytes that fit beside others. Tens of thousands of connections may have one each.
///
/// The flow label of IPv6 is left out: the system tells it to those only who ask for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Remote {
    is_v4: bool,
    /// Of IPv4, in the form that IPv6 has for it.
    ip: [u8; 16],
    port: [u8; 2],
    scope: [u8; 4],
}

const _: () = assert!(size_of::<Remote>() == 23 && align_of::<Remote>() == 1);

impl From<SocketAddr> for Remote {
    fn from(address: SocketAddr) -> Self {
        let (ip, scope) = match address {
            SocketAddr::V4(v4) => (v4.ip().to_ipv6_mapped(), 0),
            SocketAddr::V6(v6) => (*v6.ip(), v6.scope_id()),
        };
        Self {
            is_v4: address.is_ipv4(),
            ip: ip.octets(),
            port: address.port().to_ne_bytes(),
            scope: scope.to_ne_bytes(),
        }
    }
}

impl From<Remote> for SocketAddr {
    fn from(remote: Remote) -> Self {
        let port = u16::from_ne_bytes(remote.port);
        match (remote.is_v4, remote.ip) {
            (true, [.., a, b, c, d]) => (IpAddr::from([a, b, c, d]), port).into(),
            (false, ip) => {
                let scope = u32::from_ne_bytes(remote.scope);
                SocketAddrV6::new(Ipv6Addr::from(ip), port, 0, scope).into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_comes_back_as_it_was() {
        for text in
            ["127.0.0.1:1", "255.0.7.1:65535", "[::1]:80", "[::ffff:1.2.3.4]:8", "[fe80::1%7]:9"]
        {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(SocketAddr::from(Remote::from(address)), address);
        }
    }
}
