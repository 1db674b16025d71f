//! A client that says exactly what a test wants said.

use crate::PATIENCE;
use socket2::SockRef;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// A blocking connection.
#[derive(Debug)]
pub struct Client {
    socket: TcpStream,
    /// What was read and is no part of a reply yet.
    pending: Vec<u8>,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The first line.
    pub status_line: String,
    /// Names in lower case, and values, in their order.
    pub headers: Vec<(String, String)>,
    /// The body, without its chunks.
    pub body: Vec<u8>,
}

impl Reply {
    /// The status.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn status(&self) -> u16 {
        self.status_line[9..12].parse().expect("a status")
    }

    /// The only header of that name, in lower case.
    ///
    /// # Panics
    ///
    /// If there are more.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|header| header.0 == name);
        let value = values.next().map(|header| header.1.as_str());
        assert_eq!(values.next(), None, "{name} is there twice: {self:?}");
        value
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    /// Connects.
    ///
    /// # Panics
    ///
    /// If nobody listens there.
    pub fn connect(address: SocketAddr) -> Self {
        Self::accepted(TcpStream::connect_timeout(&address, PATIENCE).expect("the server listens"))
    }

    /// The other end of a connection, for the part of the server.
    ///
    /// # Panics
    ///
    /// If the connection is broken already.
    pub fn accepted(socket: TcpStream) -> Self {
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { socket, pending: Vec::new() }
    }

    /// The socket itself.
    pub fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// Sends bytes.
    ///
    /// # Panics
    ///
    /// If the server does not take them.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.socket.write_all(bytes.as_ref()).expect("the server reads");
        self
    }

    /// Sends bytes, which the server may refuse to read to their end.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        match self.socket.write_all(bytes.as_ref()) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("the server hangs"),
            _ => self,
        }
    }

    /// Sends a GET without anything special about it.
    pub fn send_get(&mut self, target: &str) -> &mut Self {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"))
    }

    /// Asks, and waits for the reply.
    pub fn get(&mut self, target: &str) -> Reply {
        self.send_get(target).reply()
    }

    /// Says that nothing more will be sent.
    ///
    /// # Panics
    ///
    /// If the connection is broken.
    pub fn end(&mut self) -> &mut Self {
        self.socket.shutdown(Shutdown::Write).unwrap();
        self
    }

    /// Reads a reply to anything but HEAD.
    ///
    /// # Panics
    ///
    /// If there is none, or it is malformed.
    pub fn reply(&mut self) -> Reply {
        let mut reply = self.head();
        let bodiless = matches!(reply.status(), 100..200 | 204 | 304);
        let chunked = reply.header("transfer-encoding") == Some("chunked");
        let length = reply.header("content-length").map(|length| length.parse().unwrap());
        assert!(!(chunked && length.is_some()), "two lengths: {reply:?}");
        reply.body = match length {
            _ if bodiless => {
                assert!(!chunked && length.is_none(), "a length, but no body: {reply:?}");
                Vec::new()
            }
            _ if chunked => self.chunks(),
            Some(length) => self.take(length),
            None => self.rest(),
        };
        reply
    }

    /// Reads the head of a reply: all of it, if the request was HEAD.
    ///
    /// # Panics
    ///
    /// If there is none, or it is malformed.
    pub fn head(&mut self) -> Reply {
        let head = self.take_until(b"\r\n\r\n");
        let head = String::from_utf8(head).expect("ASCII");
        let mut lines = head.trim_end().split("\r\n");
        let status_line = lines.next().unwrap_or_default().to_owned();
        assert!(status_line.starts_with("HTTP/1.1 "), "{head}");
        let headers = lines
            .map(|line| line.split_once(": ").unwrap_or_else(|| panic!("a header: {line:?}")))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Reply { status_line, headers, body: Vec::new() }
    }

    /// The next chunk; empty at the end.
    ///
    /// # Panics
    ///
    /// If there is none, or it is malformed.
    pub fn chunk(&mut self) -> Vec<u8> {
        let line = self.take_until(b"\r\n");
        let size = std::str::from_utf8(&line[..line.len() - 2]).expect("ASCII");
        let size = usize::from_str_radix(size, 16).expect("a chunk's size");
        let data = self.take(size);
        assert_eq!(self.take(2), b"\r\n");
        data
    }

    fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let chunk = self.chunk();
            if chunk.is_empty() {
                return body;
            }
            body.extend(chunk);
        }
    }

    /// Everything until the server closes the connection.
    ///
    /// # Panics
    ///
    /// If it does not.
    pub fn rest(&mut self) -> Vec<u8> {
        while self.fill() > 0 {}
        std::mem::take(&mut self.pending)
    }

    /// Reads and forgets everything up to and with `delimiter`; how many bytes that was.
    ///
    /// # Panics
    ///
    /// If the connection ends before.
    pub fn rest_until(&mut self, delimiter: &[u8]) -> usize {
        let mut count = 0;
        while !self.pending.ends_with(delimiter) {
            count += self.pending.len().saturating_sub(delimiter.len());
            self.pending.drain(..self.pending.len().saturating_sub(delimiter.len()));
            assert!(self.fill() > 0, "the connection ended");
        }
        count + std::mem::take(&mut self.pending).len()
    }

    /// Waits for the connection's end, before which nothing may come.
    ///
    /// # Panics
    ///
    /// If something does.
    pub fn expect_end(&mut self) {
        let rest = self.rest();
        assert!(rest.is_empty(), "not expected: {}", String::from_utf8_lossy(&rest));
    }

    /// Waits for a while in which nothing comes.
    ///
    /// # Panics
    ///
    /// If something does.
    pub fn expect_silence(&mut self, pause: Duration) {
        assert!(self.pending.is_empty(), "not expected: {}", self.pending.escape_ascii());
        self.socket.set_read_timeout(Some(pause)).unwrap();
        let mut bytes = [0; 1024];
        match self.socket.read(&mut bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Ok(count) => panic!("not expected: {:?}", bytes[..count].escape_ascii()),
            Err(error) => panic!("not expected: {error}"),
        }
        self.socket.set_read_timeout(Some(PATIENCE)).unwrap();
    }

    /// Breaks the connection: the other side is told that something went wrong, and what it has not read is lost.
    ///
    /// # Panics
    ///
    /// If the system does not let it.
    pub fn reset(self) {
        SockRef::from(&self.socket).set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Whether the other side has closed the connection.
    ///
    /// # Panics
    ///
    /// If it says something instead.
    pub fn has_left(&mut self) -> bool {
        self.socket.set_nonblocking(true).unwrap();
        let read = self.socket.read(&mut [0]);
        self.socket.set_nonblocking(false).unwrap();
        match read {
            Ok(0) => true,
            Ok(_) => panic!("not expected"),
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        }
    }

    /// Sends until the other side takes nothing more for a while; how many bytes that was.
    ///
    /// # Panics
    ///
    /// If the connection breaks, or it never ends.
    pub fn send_until_stuck(&mut self) -> usize {
        self.socket.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
        let piece = [b'a'; 64 * 1024];
        let mut sent = 0;
        loop {
            match self.socket.write(&piece) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return sent,
                Err(error) => panic!("{error}"),
            }
            assert!(sent < 1 << 30, "somebody reads a gigabyte");
        }
    }

    /// The next `count` bytes.
    ///
    /// # Panics
    ///
    /// If the connection ends before.
    pub fn take(&mut self, count: usize) -> Vec<u8> {
        while self.pending.len() < count {
            assert!(
                self.fill() > 0,
                "the connection ended within {:?}",
                self.pending.escape_ascii()
            );
        }
        let rest = self.pending.split_off(count);
        std::mem::replace(&mut self.pending, rest)
    }

    /// Everything up to and with `delimiter`.
    ///
    /// # Panics
    ///
    /// If the connection ends before.
    pub fn take_until(&mut self, delimiter: &[u8]) -> Vec<u8> {
        loop {
            let found = self.pending.windows(delimiter.len()).position(|bytes| bytes == delimiter);
            if let Some(at) = found {
                return self.take(at + delimiter.len());
            }
            assert!(
                self.fill() > 0,
                "the connection ended within {:?}",
                self.pending.escape_ascii()
            );
        }
    }

    fn fill(&mut self) -> usize {
        let mut bytes = [0; 64 * 1024];
        match self.socket.read(&mut bytes) {
            Ok(count) => {
                self.pending.extend_from_slice(&bytes[..count]);
                count
            }
            // Closed all the same.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            Err(error) => panic!("{error}; so far: {}", self.pending.escape_ascii()),
        }
    }
}
