//! How long the server waits for its clients, to the nanosecond.

use super::client::{End, answer};
use super::server;
use crate::{at, seconds};
use gustnado::coroutine::{Multi, sleep};
use gustnado::iostream::IOStream;
use gustnado::testing::Simulation;
use std::time::Duration;

const TRAVEL: Duration = Duration::from_millis(10);

/// A world in which packets need the same time always, and nothing is cut.
fn regular() -> Simulation {
    let world = Simulation::current();
    world.delay(TRAVEL..=TRAVEL);
    world.split(usize::MAX..=usize::MAX);
    world
}

#[gustnado::test(simulated)]
async fn a_connection_that_says_nothing_is_closed_after_75_seconds() {
    let world = regular();
    let (server, address) = server();
    let stream = IOStream::connect(address).await.unwrap();
    let begun = world.elapsed();
    assert_eq!(answer(&stream).await.unwrap_err(), End::Closed);
    let waited = world.elapsed() - begun;
    assert!((seconds(75)..=seconds(76) + TRAVEL).contains(&waited), "{waited:?}");
    assert_eq!(server.connections(), 0);
}

#[gustnado::test(simulated)]
async fn a_head_has_20_seconds_from_its_first_byte_on_however_it_drips() {
    let world = regular();
    let (_server, address) = server();
    let stream = IOStream::connect(address).await.unwrap();
    at(world.elapsed() + world.random_duration(Duration::ZERO..=seconds(70))).await;
    let begun = world.elapsed();
    let dripping = async {
        for byte in b"GET / HTTP/1.1\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy" {
            drop(stream.write(&[*byte]));
            sleep(Duration::from_millis(700)).await;
        }
    };
    let answered = async {
        let answer = answer(&stream).await.unwrap();
        assert_eq!((answer.status, answer.closes), (408, true));
        // There, and back again.
        assert_eq!(world.elapsed() - begun, seconds(20) + TRAVEL * 2);
    };
    Multi((dripping, answered)).await.unwrap();
}

#[gustnado::test(simulated)]
async fn a_body_that_stops_is_waited_for_30_seconds() {
    let world = regular();
    let (_server, address) = server();
    let stream = IOStream::connect(address).await.unwrap();
    stream
        .write(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nno more than this")
        .await
        .unwrap();
    let begun = world.elapsed();
    assert_eq!(answer(&stream).await.unwrap().status, 408);
    assert_eq!(world.elapsed() - begun, seconds(30) + TRAVEL * 2);
}

#[gustnado::test(simulated)]
async fn a_client_that_does_not_read_is_left_after_30_seconds() {
    let world = regular();
    world.buffers(1_000..=1_000);
    let (server, address) = server();
    let stream = IOStream::connect(address).await.unwrap();
    stream.write(b"GET /pieces/100000 HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    sleep(seconds(25)).await;
    assert_eq!(server.connections(), 1);
    sleep(seconds(40)).await;
    assert_eq!(server.connections(), 0);
    assert_eq!(answer(&stream).await.unwrap_err(), End::Cut);
}
