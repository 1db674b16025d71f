//! TCP servers, and clients of every kind.

use crate::{leaves_nothing, moment_of_its_own, random_below, seconds};
use gustnado::coroutine::sleep;
use gustnado::ioloop::spawn;
use gustnado::iostream::IOStream;
use gustnado::tcpserver::TCPServer;
use gustnado::testing::Simulation;
use std::cell::Cell;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

/// How far a client has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Came {
    Nowhere,
    /// Into the line, perhaps no further.
    In,
    /// So far that it was answered.
    Through,
}

/// Sends lines and expects them back, and leaves in one way or another.
async fn client(server: SocketAddr, number: usize) -> Came {
    let world = Simulation::current();
    sleep(moment_of_its_own()).await;
    let host = IpAddr::from([10, 0, 1, number as u8]);
    let stream = match world.on(host, IOStream::connect(server)).await {
        Ok(stream) => stream,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            return Came::Nowhere;
        }
    };
    let mut came = Came::In;
    for round in 0..random_below(10) {
        let length = random_below(*world.choose(&[10, 5_000]));
        let line = format!("{number} {round} {}\n", "x".repeat(length));
        if world.chance(0.05) {
            // In the middle of a line, which the server must bear.
            drop(stream.write(&line.as_bytes()[..line.len() / 2]));
            return came;
        }
        drop(stream.write(line.as_bytes()));
        match stream.read_until(b"\n").await {
            Ok(echo) => assert_eq!(echo, line.as_bytes()),
            // It was still in the line when the server stopped.
            Err(_) if came == Came::In => return came,
            Err(error) => panic!("{error}"),
        }
        came = Came::Through;
        sleep(world.random_duration(Duration::ZERO..=seconds(60))).await;
    }
    if came == Came::Through && world.chance(0.5) {
        stream.shutdown().unwrap();
        assert_eq!(stream.read_until_close().await.unwrap(), b"");
    }
    came
}

#[gustnado::test(simulated)]
async fn every_client_is_served_until_the_server_stops_and_those_inside_even_then() {
    let (served, open) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let server = TCPServer::new({
        let (served, open) = (served.clone(), open.clone());
        move |stream: IOStream, address: SocketAddr| {
            assert_eq!(stream.peer_addr().unwrap(), address);
            served.set(served.get() + 1);
            open.set(open.get() + 1);
            let open = open.clone();
            async move {
                while let Ok(line) = stream.read_until(b"\n").await {
                    // The client may leave in the middle of a word.
                    if stream.write(&line).await.is_err() {
                        break;
                    }
                }
                open.set(open.get() - 1);
            }
        }
    });
    let address = server.listen(([10, 0, 0, 1], 7).into()).unwrap();
    let clients: Vec<_> = (0..40).map(|number| spawn(client(address, number))).collect();
    sleep(moment_of_its_own()).await;
    server.stop();
    let mut came = Vec::new();
    for client in clients {
        came.push(client.await.unwrap());
    }
    leaves_nothing().await;
    assert_eq!(open.get(), 0);
    let at_least = |least| came.iter().filter(|came| **came >= least).count();
    assert!((at_least(Came::Through)..=at_least(Came::In)).contains(&served.get()));
}
