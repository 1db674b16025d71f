//! What only TCP connections do.

use crate::kinds::{is_closed, poll_once};
use gustnado::coroutine::sleep;
use gustnado::ioloop::IOLoop;
use gustnado::iostream::IOStream;
use gustnado::testing::Log;
use gustnado_tests::milliseconds;
use std::cell::Cell;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::rc::Rc;

/// A stream, and the socket at its other end.
async fn pair() -> (IOStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let stream = IOStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (peer, address) = listener.accept().unwrap();
    assert_eq!(stream.peer_addr().unwrap(), listener.local_addr().unwrap());
    assert!(address.ip().is_loopback());
    (stream, peer)
}

/// Resets the connection instead of ending it: closes a socket that has not read everything.
async fn reset(stream: &IOStream, peer: TcpStream) {
    stream.write(b"unread").await.unwrap();
    peer.peek(&mut [0]).unwrap();
    drop(peer);
}

#[gustnado::test]
async fn connection_closed() {
    let (stream, mut peer) = pair().await;
    stream.write(b"GET / HTTP/1.0\r\nConnection: close\r\n\r\n").await.unwrap();
    peer.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nHello").unwrap();
    drop(peer);
    // The connection is reset, as the request was not read; what came before may still be there.
    if let Ok(answer) = stream.read_until_close().await {
        assert!(answer.ends_with(b"Hello"));
    }
    assert!(stream.closed());
}

#[gustnado::test]
async fn a_reset_is_told_with_its_error_and_not_logged() {
    let log = Log::capture();
    let (stream, peer) = pair().await;
    reset(&stream, peer).await;
    let error = stream.read_until_close().await.unwrap_err();
    assert_eq!(error.real_error().map(std::io::Error::kind), Some(ErrorKind::ConnectionReset));
    assert_eq!(stream.error().map(|error| error.kind()), Some(ErrorKind::ConnectionReset));
    assert!(error.to_string().starts_with("Stream is closed: "), "{error}");
    assert_eq!(std::io::Error::from(error).kind(), ErrorKind::ConnectionReset);
    assert!(stream.read_bytes(1).await.unwrap_err().real_error().is_some());
    assert!(stream.write(b"x").await.unwrap_err().real_error().is_some());
    assert_eq!(log.take(), [""; 0]);
}

#[gustnado::test]
async fn a_reset_calls_the_close_callback() {
    let (stream, peer) = pair().await;
    let closed = Rc::new(Cell::new(false));
    let noted = closed.clone();
    stream.set_close_callback(move || noted.set(true));
    reset(&stream, peer).await;
    while !closed.get() {
        sleep(milliseconds(1)).await;
    }
    assert!(stream.error().is_some());
}

#[gustnado::test]
async fn connection_refused() {
    let log = Log::capture();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = IOStream::connect(address).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(log.take(), [""; 0]);
}

#[gustnado::test]
async fn a_connection_that_is_given_up_is_closed() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut connecting = Box::pin(IOStream::connect(listener.local_addr().unwrap()));
    let _ = poll_once(connecting.as_mut()).await;
    drop(connecting);
    let (mut peer, _) = listener.accept().unwrap();
    assert_eq!(peer.read(&mut [0]).unwrap_or(0), 0);
}

#[gustnado::test]
async fn a_stream_that_has_closed_refuses_what_is_written() {
    let (stream, peer) = pair().await;
    drop(peer);
    assert_eq!(stream.read_until_close().await.unwrap(), b"");
    assert!(is_closed(stream.write(b"x").await));
}

/// The loop's end is the stream's end.
#[test]
fn a_stream_that_outlives_its_loop_does_no_harm() {
    let io_loop = IOLoop::new().unwrap();
    let (stream, mut peer) = io_loop.run_sync(pair()).unwrap();
    let write = stream.write(b"x");
    io_loop.close();
    drop(write);
    stream.close();
    drop(stream);
    assert_eq!(peer.read(&mut [0]).unwrap(), 1);
    peer.shutdown(Shutdown::Both).ok();
}
