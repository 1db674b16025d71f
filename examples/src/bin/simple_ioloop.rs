//! HTTP with nothing but sockets and `add_handler`: how it looks below the floors.
//!
//! A server that accepts, reads a request and answers it, and a client that connects, writes, and reads until the server
//! closes, all at once on one loop. Nothing blocks: each step is a handler that waits for its socket to be ready.

use gustnado::ioloop::{Events, Signal, Signals};
use gustnado::prelude::*;
use socket2::{Domain, Socket, Type};
use std::cell::RefCell;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, RawFd};

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nPong!\n";

/// The server: hears of new connections, and gives each a handler of its own.
fn accept(listener: &TcpListener) {
    match listener.accept() {
        Ok((socket, _)) => report(serve(socket)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        Err(error) => eprintln!("cannot accept: {error}"),
    }
}

/// Reads until the head of the request is complete, answers, and closes the connection.
fn serve(socket: TcpStream) -> Result<()> {
    socket.set_nonblocking(true)?;
    let fd = socket.as_raw_fd();
    let connection = RefCell::new(Some((socket, Vec::new())));
    let handler = move |fd, _events| {
        let mut connection = connection.borrow_mut();
        let Some((socket, request)) = &mut *connection else { return };
        let mut bytes = [0; 4096];
        match socket.read(&mut bytes) {
            Ok(count) if count > 0 && request.len() < 65_536 => {
                request.extend_from_slice(&bytes[..count]);
                if !request.windows(4).any(|window| window == b"\r\n\r\n") {
                    return;
                }
                // So few bytes fit into the socket's buffer at once.
                report(socket.write_all(RESPONSE).map_err(Error::from));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            _ => {}
        }
        IOLoop::current().remove_handler(fd);
        *connection = None;
    };
    Ok(IOLoop::current().add_handler(fd, handler, Events::READ)?)
}

/// The client: connects without waiting, writes once that is done, and then reads until the end.
fn fetch(address: SocketAddr) -> Result<()> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    if let Err(error) = socket.connect(&address.into())
        && error.raw_os_error() != Some(in_progress())
    {
        return Err(error.into());
    }
    let fd = socket.as_raw_fd();
    let connection = RefCell::new(Some((TcpStream::from(socket), Vec::new())));
    let handler = move |fd: RawFd, events: Events| {
        let mut connection = connection.borrow_mut();
        let Some((socket, response)) = &mut *connection else { return };
        let finished = if events.contains(Events::WRITE) {
            report(send(socket, fd, address));
            false
        } else {
            receive(socket, response)
        };
        if finished {
            println!("fetched {} bytes", response.len());
            IOLoop::current().remove_handler(fd);
            *connection = None;
        }
    };
    Ok(IOLoop::current().add_handler(fd, handler, Events::WRITE)?)
}

/// The socket is connected, or has failed to.
fn send(socket: &mut TcpStream, fd: RawFd, address: SocketAddr) -> Result<()> {
    if let Some(error) = socket.take_error()? {
        return Err(error.into());
    }
    write!(socket, "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    Ok(IOLoop::current().update_handler(fd, Events::READ)?)
}

/// Says whether the server has closed the connection.
fn receive(socket: &mut TcpStream, response: &mut Vec<u8>) -> bool {
    let mut bytes = [0; 4096];
    match socket.read(&mut bytes) {
        Ok(0) => true,
        Ok(count) => {
            response.extend_from_slice(&bytes[..count]);
            false
        }
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

/// What `connect` says when it does not wait.
fn in_progress() -> i32 {
    const EINPROGRESS: i32 = if cfg!(target_os = "linux") { 115 } else { 36 };
    EINPROGRESS
}

fn report(result: Result<()>) {
    if let Err(error) = result {
        eprintln!("{error}");
    }
}

#[gustnado::main]
async fn main() -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", examples::port()?))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let fd = listener.as_raw_fd();
    IOLoop::current().add_handler(fd, move |_, _| accept(&listener), Events::READ)?;
    println!("listening on http://{address}");
    fetch(address)?;

    Signals::new(&[Signal::Interrupt, Signal::Terminate])?.recv().await?;
    IOLoop::current().remove_handler(fd);
    Ok(())
}
