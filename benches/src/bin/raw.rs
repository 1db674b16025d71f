//! The limit: a server that does nothing but the system calls.
//!
//! `raw --port=N [--response=FILE]`
//!
//! One edge-triggered epoll, one read and one write a wake-up. It parses nothing: it learns the
//! length of a request from the first one on each connection, counts bytes from there, and answers
//! from a buffer of copies of one prepared response. With `--response` that is a file's bytes, so
//! that it has to move exactly what the server it is compared with moves.

use std::error::Error;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;

use gustnado_benches::arguments::Arguments;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Length: 13\r\n\r\nHello, World!";

/// The most requests that are answered with one write.
const BATCH: usize = 1024;

const LISTENER: u64 = u64::MAX;

struct Connection {
    stream: TcpStream,
    /// 0 until the first request is complete.
    request_length: usize,
    /// Bytes of a request that is not complete.
    carry: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = Arguments::from_environment()?;
    let port = arguments.take("port", 8888_u16)?;
    let file = arguments.take("response", String::new())?;
    arguments.finish()?;
    let response = if file.is_empty() { RESPONSE.to_vec() } else { fs::read(file)? };
    serve(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), &response)
}

fn serve(address: SocketAddr, response: &[u8]) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let poll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(&poll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;

    let responses = response.repeat(BATCH);
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut events = Vec::with_capacity(1024);
    let mut input = vec![0; 64 * 1024];
    loop {
        events.clear();
        match epoll::wait(&poll, spare_capacity(&mut events), None) {
            Err(Errno::INTR) => continue,
            result => result?,
        };
        for event in &events {
            let token = event.data.u64();
            if token == LISTENER {
                accept(&listener, &poll, &mut connections)?;
                continue;
            }
            let slot = &mut connections[usize::try_from(token)?];
            let Some(connection) = slot else { continue };
            if !answer(connection, &mut input, &responses, response.len()) {
                *slot = None;
            }
        }
    }
}

fn accept(
    listener: &TcpListener,
    poll: &OwnedFd,
    connections: &mut Vec<Option<Connection>>,
) -> Result<(), Box<dyn Error>> {
    loop {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let index = connections.iter().position(Option::is_none).unwrap_or(connections.len());
        let data = EventData::new_u64(u64::try_from(index)?);
        epoll::add(poll, &stream, data, EventFlags::IN | EventFlags::RDHUP | EventFlags::ET)?;
        let connection = Some(Connection { stream, request_length: 0, carry: 0 });
        match connections.get_mut(index) {
            Some(slot) => *slot = connection,
            None => connections.push(connection),
        }
    }
}

/// One read and one write. False when the connection is over.
fn answer(
    connection: &mut Connection,
    input: &mut [u8],
    responses: &[u8],
    response_length: usize,
) -> bool {
    let count = match recv(&connection.stream, &mut *input, RecvFlags::empty()) {
        Ok((0, _)) | Err(_) => return false,
        Ok((count, _)) => count,
    };
    if connection.request_length == 0 {
        let end = input[..count].windows(4).position(|window| window == b"\r\n\r\n");
        let Some(end) = end else { return false };
        connection.request_length = end + 4;
    }
    connection.carry += count;
    let requests = connection.carry / connection.request_length;
    connection.carry %= connection.request_length;
    if requests == 0 {
        return true;
    }
    let Some(output) = responses.get(..requests * response_length) else { return false };
    // No load that fits in `responses` fills a socket's buffer, so a short write is a lost client.
    send(&connection.stream, output, SendFlags::NOSIGNAL) == Ok(output.len())
}
