//! What a descriptor is, told to a human reader.
//!
//! To ask the system about a bare number takes unsafe code. Linux also writes it into files, which is slow, but this is for reports
//! on programs that hang or leak. Elsewhere there is nothing but the number.

use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::RawFd;

/// Each descriptor as `a connection 127.0.0.1:8888 -> 127.0.0.1:40000`, `a listening socket on 127.0.0.1:8888`, or as much of it as
/// can be found out.
pub(crate) fn describe(fds: &[RawFd]) -> Vec<String> {
    let mut tcp_sockets = None;
    let describe = |fd: &RawFd| {
        let Ok(link) = fs::read_link(format!("/proc/self/fd/{fd}")) else {
            return unknown(*fd);
        };
        let link = link.to_string_lossy();
        match link.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix("]")) {
            Some(inode) => {
                let sockets = tcp_sockets.get_or_insert_with(tcp_sockets_by_inode);
                let socket = sockets.get(inode).cloned();
                socket.unwrap_or_else(|| format!("a socket, descriptor {fd}"))
            }
            None => format!("{link}, descriptor {fd}"),
        }
    };
    fds.iter().map(describe).collect()
}

pub(super) fn listening(address: SocketAddr) -> String {
    format!("a listening socket on {address}")
}

pub(super) fn connection(local: SocketAddr, remote: SocketAddr) -> String {
    format!("a connection {local} -> {remote}")
}

pub(super) fn unknown(fd: RawFd) -> String {
    format!("descriptor {fd}")
}

fn tcp_sockets_by_inode() -> HashMap<String, String> {
    let mut sockets = HashMap::new();
    for table in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] {
        // A system without IPv6 lacks the second.
        let table = fs::read_to_string(table).unwrap_or_default();
        sockets.extend(table.lines().filter_map(tcp_socket));
    }
    sockets
}

/// The inode and the socket of a line of `/proc/net/tcp`; see proc_pid_net(5).
fn tcp_socket(line: &str) -> Option<(String, String)> {
    const LISTENING: &str = "0A";
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let [_, local, remote, state, _, _, _, _, _, inode, ..] = *fields else { return None };
    let (local, remote) = (address(local)?, address(remote)?);
    let socket = match state {
        LISTENING => listening(local),
        _ => connection(local, remote),
    };
    Some((inode.to_owned(), socket))
}

/// `0100007F:1F90` is 127.0.0.1:8080: words of 32 bits as the processor has them, and the port as a number.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let mut bytes = Vec::with_capacity(16);
    for start in (0..ip.len()).step_by(8) {
        let word = u32::from_str_radix(ip.get(start..start + 8)?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    let ip: IpAddr = match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(bytes) => Ipv4Addr::from(bytes).into(),
        Err(_) => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into(),
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn sockets_are_told_with_their_addresses() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let here = listener.local_addr().unwrap();
            assert_eq!(
                describe(&[listener.as_raw_fd()]),
                [format!("a listening socket on {here}")]
            );
            let stream = TcpStream::connect(here).unwrap();
            let there = stream.local_addr().unwrap();
            assert_eq!(
                describe(&[stream.as_raw_fd()]),
                [format!("a connection {there} -> {here}")]
            );
        }
    }

    #[test]
    fn what_is_unknown_is_told_by_its_number() {
        let (one, _other) = UnixStream::pair().unwrap();
        let file = std::fs::File::open("/dev/null").unwrap();
        let (fd, null) = (one.as_raw_fd(), file.as_raw_fd());
        let expected = [
            format!("a socket, descriptor {fd}"),
            "descriptor -1".to_owned(),
            format!("/dev/null, descriptor {null}"),
        ];
        assert_eq!(describe(&[fd, -1, null]), expected);
    }
}
