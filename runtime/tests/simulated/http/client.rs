//! Clients that know what they must be answered.

use super::site::{LARGEST, piece};
use crate::{random_below, seconds};
use gustnado::coroutine::sleep;
use gustnado::iostream::{IOStream, StreamError};
use gustnado::testing::Simulation;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// A request, and its answer.
pub(super) struct Ask {
    pub(super) request: Vec<u8>,
    pub(super) answer: Answer,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// Whether it says that nothing follows.
    pub(super) closes: bool,
}

/// How a connection ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Between two answers, and in peace.
    Closed,
    /// Between two answers, by an error.
    Broken(io::ErrorKind),
    /// Within an answer.
    Cut,
}

impl Ask {
    pub(super) fn any() -> Self {
        let world = Simulation::current();
        let number = random_below(1_000_000);
        let (target, body, status, answer) = match world.random(0..=7) {
            0 => ("/nowhere".to_owned(), None, 404, None),
            1 => {
                let milliseconds = random_below(2_000);
                let answer = format!("waited {milliseconds}").into_bytes();
                (format!("/wait/{milliseconds}"), None, 200, Some(answer))
            }
            2 => {
                let count = random_below(*world.choose(&[5, 200]));
                let answer = (0..count).flat_map(piece).collect();
                (format!("/pieces/{count}"), None, 200, Some(answer))
            }
            3 => {
                let body = body();
                let sum = body.iter().map(|byte| u64::from(*byte)).sum::<u64>();
                ("/sum".to_owned(), Some(body), 200, Some(sum.to_string().into_bytes()))
            }
            4 | 5 => {
                let body = body();
                ("/echo".to_owned(), Some(body.clone()), 200, Some(body))
            }
            _ => {
                let answer = format!("Hello, {number}").into_bytes();
                (format!("/hello/{number}"), None, 200, Some(answer))
            }
        };
        let method = if body.is_some() { "POST" } else { "GET" };
        let padding = "p".repeat(random_below(*world.choose(&[1, 2_000])));
        let mut request =
            format!("{method} {target} HTTP/1.1\r\nHost: simulated\r\nX-Padding: {padding}\r\n")
                .into_bytes();
        match body {
            Some(body) => request.extend(framed(&body)),
            None => request.extend(b"\r\n"),
        }
        let body = answer.unwrap_or_default();
        Self { request, answer: Answer { status, body, closes: false } }
    }

    /// One that is refused, and the last one therefore.
    pub(super) fn too_large() -> Self {
        let body = vec![b'y'; LARGEST + 1 + random_below(LARGEST)];
        let mut request = b"POST /echo HTTP/1.1\r\nHost: simulated\r\n".to_vec();
        request.extend(framed(&body));
        Self { request, answer: Answer { status: 413, body: Vec::new(), closes: true } }
    }

    /// The same as the last one on its connection.
    pub(super) fn last(mut self) -> Self {
        let line = self.request.iter().position(|byte| *byte == b'\n').unwrap();
        self.request.splice(line + 1..line + 1, *b"Connection: close\r\n");
        self.answer.closes = true;
        self
    }
}

fn body() -> Vec<u8> {
    let length = random_below(*Simulation::current().choose(&[2, 300, LARGEST]));
    (0..length).map(|place| (place * 31 % 251) as u8).collect()
}

/// The rest of a head, and the body, of known length or in chunks.
fn framed(body: &[u8]) -> Vec<u8> {
    let world = Simulation::current();
    let expect = if world.chance(0.2) { "Expect: 100-continue\r\n" } else { "" };
    if world.chance(0.5) {
        let mut framed = format!("{expect}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
        framed.extend(body);
        return framed;
    }
    let mut framed = format!("{expect}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    let mut rest = body;
    while !rest.is_empty() {
        let (chunk, behind) = rest.split_at(1 + random_below(rest.len()));
        framed.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        framed.extend(chunk);
        framed.extend(b"\r\n");
        rest = behind;
    }
    framed.extend(b"0\r\n\r\n");
    framed
}

/// Connects from a host of its own.
pub(super) async fn connect(server: SocketAddr, number: usize) -> io::Result<IOStream> {
    let host = IpAddr::from([10, 0, 1, number as u8]);
    Simulation::current().on(host, IOStream::connect(server)).await
}

/// Sends bytes in pieces, with pauses that no deadline minds.
pub(super) async fn send(stream: &IOStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    let world = Simulation::current();
    let mut patience = seconds(4);
    while !bytes.is_empty() {
        let size = 1 + random_below(*world.choose(&[bytes.len(), bytes.len().min(20)]));
        let (piece, rest) = bytes.split_at(size);
        stream.write(piece).await?;
        bytes = rest;
        if world.chance(0.3) {
            let pause = world.random_duration(Duration::ZERO..=patience / 2);
            patience -= pause;
            sleep(pause).await;
        }
    }
    Ok(())
}

/// Reads an answer.
pub(super) async fn answer(stream: &IOStream) -> Result<Answer, End> {
    loop {
        let head = match stream.read_until(b"\r\n\r\n").await {
            Ok(head) => String::from_utf8(head).unwrap(),
            // What is left of an answer is in the buffer.
            Err(error) => {
                return Err(match (stream.read_partial(1).await, error.real_error()) {
                    (Ok(_), _) => End::Cut,
                    (Err(_), Some(error)) => End::Broken(error.kind()),
                    (Err(_), None) => End::Closed,
                });
            }
        };
        let status = head.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap();
        if status == 100 {
            continue;
        }
        let head = head.to_ascii_lowercase();
        let closes = head.contains("\r\nconnection: close\r\n");
        let length = head
            .split_once("\r\ncontent-length: ")
            .map(|(_, rest)| rest.split_once('\r').unwrap().0.parse().unwrap());
        let body = match length {
            Some(length) => stream.read_bytes(length).await,
            None => {
                assert!(head.contains("\r\ntransfer-encoding: chunked\r\n"), "{head}");
                chunks(stream).await
            }
        };
        let mut body = body.map_err(|_| End::Cut)?;
        if status != 200 {
            body.clear();
        }
        return Ok(Answer { status, body, closes });
    }
}

async fn chunks(stream: &IOStream) -> Result<Vec<u8>, StreamError> {
    let mut body = Vec::new();
    loop {
        let line = String::from_utf8(stream.read_until(b"\r\n").await?).unwrap();
        let size = usize::from_str_radix(line.trim_end(), 16).unwrap();
        let mut chunk = stream.read_bytes(size + 2).await?;
        assert_eq!(chunk.split_off(size), b"\r\n");
        if size == 0 {
            return Ok(body);
        }
        body.extend(chunk);
    }
}
