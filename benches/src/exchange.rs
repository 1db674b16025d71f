//! The request that every server gets, and the response that it must give.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The body that every server answers with.
pub const BODY: &[u8] = b"Hello, World!";

/// The reason behind it is free: may_minihttp's is `Ok`.
const STATUS: &[u8] = b"HTTP/1.1 200 ";

/// How long a server may take for one response before the run fails.
const PATIENCE: Duration = Duration::from_secs(10);

/// The bytes of `GET /plaintext`, with the headers of the client called `like`.
///
/// `wrk` sends the host alone. `techempower` adds the headers of that benchmark's plaintext test.
///
/// # Errors
///
/// When there is no such client.
pub fn request(like: &str, address: SocketAddr) -> Result<Vec<u8>, String> {
    let more = match like {
        "wrk" => "",
        "techempower" => {
            "Accept: text/plain,text/html;q=0.9,application/xhtml+xml;q=0.9,application/xml;q=0.8,\
             */*;q=0.7\r\nConnection: keep-alive\r\n"
        }
        _ => return Err(format!("no client is called {like:?}")),
    };
    Ok(format!("GET /plaintext HTTP/1.1\r\nHost: {address}\r\n{more}\r\n").into_bytes())
}

/// Makes one request on its own connection and returns the whole response, once it is verified.
///
/// # Errors
///
/// When the server cannot be reached, or the response is not the one that is asked for.
pub fn probe(address: SocketAddr, request: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut stream = TcpStream::connect(address)?;
    exchange(&mut stream, request)
}

/// Makes one request on `stream`, leaves it open, and returns the verified response.
///
/// # Errors
///
/// When the stream breaks, or the response is not the one that is asked for.
pub fn exchange(stream: &mut TcpStream, request: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request)?;
    let mut response = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream.read(&mut chunk)?;
        if count == 0 {
            return Err("the server closed a keep-alive connection".into());
        }
        response.extend_from_slice(&chunk[..count]);
        let Some(head) = response.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        if response.len() < head + 4 + BODY.len() {
            continue;
        }
        verify_head(&response[..head])?;
        if !is_expected(&response) || response.len() != head + 4 + BODY.len() {
            return Err(format!("not what was asked for: {}", response.escape_ascii()).into());
        }
        return Ok(response);
    }
}

/// True for a response that is good as a whole, given that it has the length of the probed one.
pub fn is_expected(response: &[u8]) -> bool {
    response.starts_with(STATUS) && response.ends_with(BODY)
}

/// Holds every server to the same work: a date and a type belong to what is measured.
fn verify_head(head: &[u8]) -> Result<(), Box<dyn Error>> {
    let head = std::str::from_utf8(head)?.to_ascii_lowercase();
    for wanted in ["\r\ndate: ", "\r\ncontent-length: 13", "\r\ncontent-type: text/plain"] {
        if !head.contains(wanted) {
            return Err(format!("{:?} is missing in {head:?}", wanted.trim()).into());
        }
    }
    Ok(())
}
