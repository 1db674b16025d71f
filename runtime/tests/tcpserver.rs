//! TCP servers.

use gustnado::coroutine::{Multi, moment, sleep};
use gustnado::iostream::IOStream;
use gustnado::tcpserver::TCPServer;
use gustnado::testing::Log;
use gustnado_tests::milliseconds;
use std::cell::Cell;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::rc::Rc;

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Sends every line back.
async fn echo(stream: IOStream, _: SocketAddr) {
    while let Ok(line) = stream.read_until(b"\n").await {
        if stream.write(&line).await.is_err() {
            return;
        }
    }
}

/// Sends a line, and expects it back.
async fn ask(stream: &IOStream) {
    stream.write(b"Hello\n").await.unwrap();
    assert_eq!(stream.read_until(b"\n").await.unwrap(), b"Hello\n");
}

async fn refused(address: SocketAddr) -> bool {
    IOStream::connect(address)
        .await
        .is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

#[gustnado::test]
async fn each_connection_has_a_coroutine_and_knows_its_address() {
    let server = TCPServer::new(async |stream: IOStream, address: SocketAddr| {
        assert_eq!(stream.peer_addr().unwrap(), address);
        stream.write(address.to_string().as_bytes()).await.unwrap();
    });
    let address = server.listen(ANY).unwrap();
    assert_ne!(address.port(), 0);
    for _ in 0..3 {
        let stream = IOStream::connect(address).await.unwrap();
        let text = String::from_utf8(stream.read_until_close().await.unwrap()).unwrap();
        assert!(text.starts_with("127.0.0.1:"), "{text}");
    }
}

#[gustnado::test]
async fn many_connections_at_once_are_all_served() {
    let server = TCPServer::new(echo);
    let address = server.listen(ANY).unwrap();
    let mut streams = Vec::new();
    for _ in 0..4 {
        // As many as the backlog holds; more would have to try again a second later.
        let clients = (0..120).map(|_| IOStream::connect(address));
        streams.extend(Multi(clients.collect::<Vec<_>>()).await.unwrap());
        let asked = streams.iter().map(|stream| async move {
            ask(stream).await;
        });
        Multi(asked.collect::<Vec<_>>()).await.unwrap();
    }
}

#[gustnado::test]
async fn stop_is_idempotent_and_leaves_connections_alone() {
    let server = TCPServer::new(echo);
    server.stop();
    let addresses = [server.listen(ANY).unwrap(), server.listen(ANY).unwrap()];
    let mut streams = Vec::new();
    for address in addresses {
        let stream = IOStream::connect(address).await.unwrap();
        ask(&stream).await;
        streams.push(stream);
    }
    server.stop();
    server.stop();
    for address in addresses {
        assert!(refused(address).await);
    }
    for stream in &streams {
        ask(stream).await;
    }
    // It may begin again.
    let address = server.listen(addresses[0]).unwrap();
    ask(&IOStream::connect(address).await.unwrap()).await;
}

#[gustnado::test]
async fn a_server_that_is_dropped_stops() {
    let server = TCPServer::new(echo);
    let address = server.listen(ANY).unwrap();
    let stream = IOStream::connect(address).await.unwrap();
    ask(&stream).await;
    drop(server);
    assert!(refused(address).await);
    ask(&stream).await;
}

#[gustnado::test]
async fn a_server_may_be_stopped_by_its_own_connection() {
    let server = Rc::<Cell<Option<TCPServer>>>::default();
    let own = server.clone();
    let stopping = TCPServer::new(move |stream, _| {
        let own = own.clone();
        async move {
            drop(own.take());
            stream.write(b"stopped").await.unwrap();
        }
    });
    let address = stopping.listen(ANY).unwrap();
    server.set(Some(stopping));
    let stream = IOStream::connect(address).await.unwrap();
    assert_eq!(stream.read_until_close().await.unwrap(), b"stopped");
    assert!(refused(address).await);
}

#[gustnado::test]
async fn add_socket() {
    let server = TCPServer::new(echo);
    // One that blocks, with a connection that waits already.
    let listener = TcpListener::bind(ANY).unwrap();
    let address = listener.local_addr().unwrap();
    let stream = IOStream::connect(address).await.unwrap();
    server.add_socket(listener).unwrap();
    ask(&stream).await;
    let v6 = server.listen((Ipv6Addr::LOCALHOST, 0).into());
    // Not every machine has it.
    if let Ok(address) = v6 {
        ask(&IOStream::connect(address).await.unwrap()).await;
    }
}

#[gustnado::test]
async fn an_address_that_is_taken_is_an_error() {
    let server = TCPServer::new(echo);
    let address = server.listen(ANY).unwrap();
    assert_eq!(server.listen(address).unwrap_err().kind(), ErrorKind::AddrInUse);
    ask(&IOStream::connect(address).await.unwrap()).await;
}

#[gustnado::test]
async fn a_panic_ends_its_connection_and_is_logged() {
    for at_once in [true, false] {
        let log = Log::capture();
        let server = TCPServer::new(move |stream: IOStream, _| {
            assert!(!at_once, "no luck");
            async move {
                let line = stream.read_until(b"\n").await.unwrap();
                assert_ne!(line, b"panic\n", "no luck");
                stream.write(&line).await.unwrap();
            }
        });
        let address = server.listen(ANY).unwrap();
        for _ in 0..2 {
            let stream = IOStream::connect(address).await.unwrap();
            drop(stream.write(b"panic\n"));
            // Closed or reset.
            let rest = stream.read_until_close().await.unwrap_or_default();
            assert_eq!(rest, b"");
        }
        assert_eq!(log.count("ERROR gustnado.application Exception in task"), 2);
        assert_eq!(log.count("no luck"), 2);
        if !at_once {
            ask(&IOStream::connect(address).await.unwrap()).await;
        }
    }
}

#[gustnado::test]
async fn a_coroutine_that_ends_closes_its_connection() {
    let ended = Rc::new(Cell::new(0));
    let count = ended.clone();
    let server = TCPServer::new(move |stream: IOStream, _| {
        let count = count.clone();
        async move {
            moment().await;
            drop(stream);
            count.set(count.get() + 1);
        }
    });
    let address = server.listen(ANY).unwrap();
    let stream = IOStream::connect(address).await.unwrap();
    assert_eq!(stream.read_until_close().await.unwrap(), b"");
    while ended.get() < 1 {
        sleep(milliseconds(1)).await;
    }
}
