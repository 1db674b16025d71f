//! Streams, through networks of every kind.

use crate::{perhaps, random_below, seconds};
use gustnado::coroutine::{cancel_after, sleep};
use gustnado::ioloop::spawn;
use gustnado::iostream::{IOStream, StreamError};
use gustnado::testing::Simulation;
use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

/// The byte at a place of a stream. It depends on the place, so that one that is lost, doubled or moved is noticed; and is one of
/// few, so that there are delimiters.
fn byte(place: usize) -> u8 {
    let mixed = (place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    b'a' + (mixed >> 59) as u8
}

fn bytes(from: usize, to: usize) -> Vec<u8> {
    (from..to).map(byte).collect()
}

/// How much is said in one direction.
fn amount() -> usize {
    let world = Simulation::current();
    random_below(*world.choose(&[10, 1_000, 100_000]))
}

/// Says everything, in pieces of any size, waiting for each or not.
async fn write(stream: Rc<IOStream>, all: usize) -> Result<(), StreamError> {
    let world = Simulation::current();
    let mut place = 0;
    while place < all {
        let end = (place + 1 + random_below(*world.choose(&[4, 1_000, 70_000]))).min(all);
        let written = stream.write(&bytes(place, end));
        if world.chance(0.7) {
            written.await?;
        }
        if world.chance(0.1) {
            sleep(world.random_duration(Duration::ZERO..=seconds(20))).await;
        }
        place = end;
    }
    stream.flush().await
}

/// Hears everything, by any kind of read, some of which are given up.
async fn read(stream: Rc<IOStream>, all: usize) -> Result<(), StreamError> {
    let mut place = 0;
    while place < all {
        if let Some(heard) = read_once(&stream, place, all).await? {
            assert!(heard == bytes(place, place + heard.len()), "at {place}");
            place += heard.len();
        }
    }
    Ok(())
}

/// One read; nothing, if it was given up.
async fn read_once(
    stream: &IOStream,
    place: usize,
    all: usize,
) -> Result<Option<Vec<u8>>, StreamError> {
    let world = Simulation::current();
    let count = 1 + random_below(all - place);
    // Nobody looks for what does not come.
    let delimiter = bytes(place, place + count.min(3).min(all - place));
    let reading = async {
        match world.random(0..=2) {
            0 => stream.read_bytes(count).await,
            1 => stream.read_partial(count).await,
            _ => stream.read_until(&delimiter).await,
        }
    };
    match perhaps(world.random_duration(Duration::ZERO..=seconds(2))) {
        Some(limit) => cancel_after(limit, reading).await.ok().transpose(),
        None => reading.await.map(Some),
    }
}

/// Cuts the hosts off from each other now and then, never for so long that they give up.
async fn partitions(one: SocketAddr, other: SocketAddr) {
    let world = Simulation::current();
    for _ in 0..random_below(5) {
        sleep(world.random_duration(Duration::ZERO..=seconds(10))).await;
        world.partition(one.ip(), other.ip());
        sleep(world.random_duration(Duration::ZERO..=seconds(200))).await;
        world.heal(one.ip(), other.ip());
    }
}

#[gustnado::test(simulated)]
async fn what_is_said_is_heard_whatever_lies_between_and_however_it_is_read() {
    let (one, other) = crate::pair().await;
    let weather = spawn(partitions(one.peer_addr().unwrap(), other.peer_addr().unwrap()));
    let (one, other) = (Rc::new(one), Rc::new(other));
    let (there, back) = (amount(), amount());
    let talks = [spawn(write(one.clone(), there)), spawn(write(other.clone(), back))];
    let hears = [spawn(read(one.clone(), back)), spawn(read(other.clone(), there))];
    for task in talks.into_iter().chain(hears) {
        task.await.unwrap().unwrap();
    }
    let (first, second) =
        if Simulation::current().chance(0.5) { (one, other) } else { (other, one) };
    first.shutdown().unwrap();
    assert_eq!(second.read_until_close().await.unwrap(), b"");
    // Which has closed it, so that the other one ends, too.
    assert_eq!(first.read_until_close().await.unwrap(), b"");
    weather.await.unwrap();
    drop((first, second));
    crate::leaves_nothing().await;
}

#[gustnado::test(simulated)]
async fn a_connection_that_breaks_has_carried_the_beginning_and_tells_both_sides() {
    let world = Simulation::current();
    let (one, other) = crate::pair().await;
    let closed = Rc::new(Cell::new(0));
    for stream in [&one, &other] {
        let closed = closed.clone();
        stream.set_close_callback(move || closed.set(closed.get() + 1));
    }
    let (one, other) = (Rc::new(one), Rc::new(other));
    // More than can be said before it breaks.
    let all = 1_000_000_000;
    let tasks = [
        spawn(write(one.clone(), all)),
        spawn(write(other.clone(), all)),
        spawn(read(one.clone(), all)),
        spawn(read(other.clone(), all)),
    ];
    match world.random(0..=2) {
        0 => world.resets(0.1),
        1 => {
            sleep(world.random_duration(Duration::ZERO..=seconds(1))).await;
            world.connections()[0].reset();
        }
        _ => {
            sleep(world.random_duration(Duration::ZERO..=seconds(1))).await;
            one.close();
        }
    }
    for task in tasks {
        task.await.unwrap().unwrap_err();
    }
    assert!(one.closed() && other.closed());
    crate::turn().await;
    assert_eq!(closed.get(), 2);
    drop((one, other));
    crate::leaves_nothing().await;
}
