//! A client of WebSockets that sends exactly the frames that a test wants sent.

use crate::{Client, Server};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A blocking connection that has become a WebSocket.
#[derive(Debug)]
pub struct Frames(pub Client);

/// The head of a request for a WebSocket at `path`, with further `lines`; what those name again is left out.
pub fn handshake(path: &str, lines: &str) -> String {
    let usual = [
        "Host: test",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    ];
    let mut head = format!("GET {path} HTTP/1.1\r\n");
    for line in usual {
        let name = line.split_inclusive(':').next().unwrap_or_default();
        if !lines.contains(name) {
            head.extend([line, "\r\n"]);
        }
    }
    head + lines + "\r\n"
}

/// A frame of a client: its first byte, and its payload, which is masked.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ ..126 => frame.push(0x80 | length as u8),
        length @ ..0x1_0000 => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(KEY);
    frame.extend(payload.iter().zip(KEY.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

impl Frames {
    /// Opens one.
    ///
    /// # Panics
    ///
    /// If the server does not agree.
    pub fn open(server: &Server, path: &str) -> Self {
        let mut client = server.connect();
        let reply = client.send(handshake(path, "")).reply();
        assert_eq!(reply.status(), 101, "{reply:?}");
        Self(client)
    }

    /// Sends a frame.
    ///
    /// # Panics
    ///
    /// If the server does not take it.
    pub fn send(&mut self, first: u8, payload: impl AsRef<[u8]>) -> &mut Self {
        self.0.send(masked(first, payload.as_ref()));
        self
    }

    /// The next frame: its first byte, and its payload.
    ///
    /// # Panics
    ///
    /// If there is none, or it is masked.
    pub fn frame(&mut self) -> (u8, Vec<u8>) {
        let head = self.0.take(2);
        let length = match head[1] {
            126 => self.0.take(2).iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
            127 => self.0.take(8).iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
            length if length < 126 => length.into(),
            _ => panic!("a server's frame has a mask"),
        };
        (head[0], self.0.take(length))
    }

    /// The next frame must be this.
    ///
    /// # Panics
    ///
    /// If it is another.
    pub fn expect(&mut self, first: u8, payload: impl AsRef<[u8]>) -> &mut Self {
        let (got, bytes) = self.frame();
        assert_eq!((got, &*bytes), (first, payload.as_ref()));
        self
    }

    /// The next frame must be a close frame of this code, and nothing may follow it. It is answered.
    ///
    /// # Panics
    ///
    /// If that is not so.
    pub fn expect_close(&mut self, code: u16) {
        let (first, payload) = self.frame();
        let got = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
        assert_eq!((first, got), (0x88, Some(code)), "{}", String::from_utf8_lossy(&payload));
        self.0.try_send(masked(0x88, &payload));
        assert_eq!(self.0.rest(), b"");
    }
}
