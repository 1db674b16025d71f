//! The HTTP server: every answer is checked, whatever the network and other clients do.

mod client;
mod deadlines;
mod fetches;
mod site;

use crate::{SERVER, leaves_nothing, perhaps, random_below, seconds};
use client::{Ask, End, answer, connect, send};
use gustnado::coroutine::{Multi, cancel_after, sleep};
use gustnado::http::HTTPServer;
use gustnado::ioloop::spawn;
use gustnado::testing::Simulation;
use gustnado::testing::simulation::Connection;
use std::cell::Cell;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

fn server() -> (HTTPServer, SocketAddr) {
    let site = site::site();
    let settings = site.settings().clone();
    let server = HTTPServer::new(site, settings);
    let address = server.listen((SERVER, 80).into()).unwrap();
    (server, address)
}

/// Sees that nobody is connected any more, and that the server ends.
async fn ends(server: HTTPServer) {
    sleep(seconds(100)).await;
    assert_eq!(server.connections(), 0);
    assert!(server.shutdown(seconds(1)).await);
    leaves_nothing().await;
}

/// How a client with manners leaves.
#[derive(Clone, Copy)]
enum Leave {
    Drop,
    EndItsSide,
    Announced,
    WaitToBeClosed,
}

/// Asks several things, perhaps before it has heard the answers, and gets all of them.
async fn polite(server: SocketAddr, number: usize) {
    let world = Simulation::current();
    let stream = connect(server, number).await.unwrap();
    let leave =
        *world.choose(&[Leave::Drop, Leave::EndItsSide, Leave::Announced, Leave::WaitToBeClosed]);
    let mut asks: Vec<_> = (0..1 + random_below(15)).map(|_| Ask::any()).collect();
    if let (Leave::Announced, Some(last)) = (leave, asks.pop()) {
        asks.push(last.last());
    }
    let pipelines = world.chance(0.7);
    let answered = Cell::new(0);
    let asking = async {
        let mut rest = &asks[..];
        let mut asked = 0;
        while !rest.is_empty() {
            let count = if pipelines { 1 + random_below(rest.len()) } else { 1 };
            let (now, later) = rest.split_at(count);
            let requests: Vec<_> = now.iter().flat_map(|ask| ask.request.clone()).collect();
            send(&stream, &requests).await.unwrap();
            (rest, asked) = (later, asked + count);
            while !pipelines && answered.get() < asked {
                sleep(Duration::from_millis(1)).await;
            }
        }
    };
    let hearing = async {
        for ask in &asks {
            let answer = answer(&stream).await.unwrap();
            assert!(answer == ask.answer, "{}", ask.request.escape_ascii());
            answered.set(answered.get() + 1);
        }
    };
    Multi((asking, hearing)).await.unwrap();
    match leave {
        Leave::Drop => return,
        Leave::EndItsSide => stream.shutdown().unwrap(),
        Leave::Announced => {}
        Leave::WaitToBeClosed => {
            let begun = world.elapsed();
            assert_eq!(answer(&stream).await.unwrap_err(), End::Closed);
            let waited = world.elapsed() - begun;
            // The server looks once a second, and the last answer may have been on its way for some time.
            assert!((65..90).contains(&waited.as_secs()), "{waited:?}");
        }
    }
    assert_eq!(answer(&stream).await.unwrap_err(), End::Closed);
}

/// Sends less than it should, and does something that nobody should do. It holds its end for a long time, perhaps.
async fn rude(server: SocketAddr, number: usize) {
    let world = Simulation::current();
    let Ok(stream) = connect(server, number).await else { return };
    let asks: Vec<_> = (0..1 + random_below(8)).map(|_| Ask::any()).collect();
    let mut requests: Vec<_> = asks.iter().flat_map(|ask| ask.request.clone()).collect();
    requests.truncate(random_below(requests.len() + 1));
    if world.chance(0.1) && !requests.is_empty() {
        let place = random_below(requests.len());
        requests[place] = world.random(0..=255) as u8;
    }
    let stream = Rc::new(stream);
    let sending = spawn({
        let stream = stream.clone();
        async move { send(&stream, &requests).await }
    });
    if world.chance(0.5) {
        sleep(world.random_duration(Duration::ZERO..=seconds(5))).await;
    } else {
        drop(sending.await);
    }
    match world.random(0..=4) {
        0 => return,
        1 => drop(stream.shutdown()),
        2 => world
            .connections()
            .iter()
            .filter(|it| is_from(it.client(), number))
            .for_each(Connection::reset),
        3 => world.partition([10, 0, 1, number as u8], SERVER),
        _ => {}
    }
    let hearing = async {
        while let Ok(answer) = answer(&stream).await {
            assert!((200..600).contains(&answer.status));
        }
    };
    if world.chance(0.5) {
        // Cut off, it may hear nothing for ever.
        let _ = cancel_after(seconds(2_000), hearing).await;
    }
    sleep(seconds(5_000)).await;
}

fn is_from(client: SocketAddr, number: usize) -> bool {
    client.ip() == IpAddr::from([10, 0, 1, number as u8])
}

#[gustnado::test(simulated)]
async fn every_client_gets_its_answers_in_their_order() {
    polite_clients().await;
}

/// Some polite clients, and everything that befalls them.
pub(crate) async fn polite_clients() {
    let (server, address) = server();
    let world = Simulation::current();
    let clients: Vec<_> =
        (0..1 + random_below(12)).map(|number| (number, spawn(polite(address, number)))).collect();
    for (number, client) in clients {
        if let Some(pause) = perhaps(world.random_duration(Duration::ZERO..=seconds(3))) {
            // So short that nobody loses patience.
            let host = [10, 0, 1, number as u8];
            world.partition(host, SERVER);
            sleep(pause).await;
            world.heal(host, SERVER);
        }
        client.await.unwrap();
    }
    ends(server).await;
}

#[gustnado::test(simulated)]
async fn rude_clients_disturb_nobody_and_are_got_rid_of() {
    let (server, address) = server();
    let rude: Vec<_> =
        (0..1 + random_below(8)).map(|number| spawn(rude(address, 100 + number))).collect();
    let polite: Vec<_> =
        (0..1 + random_below(5)).map(|number| spawn(polite(address, number))).collect();
    for client in polite {
        client.await.unwrap();
    }
    // They hold on to what they have; the server does not.
    sleep(seconds(1_200)).await;
    assert_eq!(server.connections(), 0);
    for client in rude {
        client.await.unwrap();
    }
    ends(server).await;
}

#[gustnado::test(simulated)]
async fn the_last_answer_is_heard_although_the_client_goes_on_talking() {
    let world = Simulation::current();
    // So that all of it gets through while the server still listens, which it does not for long.
    world.buffers(300_000..=400_000);
    world.delay(Duration::ZERO..=Duration::from_millis(100));
    let (server, address) = server();
    let clients = (0..10).map(|number| async move {
        let stream = connect(address, number).await.unwrap();
        let asks: Vec<_> = (0..random_below(3)).map(|_| Ask::any()).collect();
        let last =
            if Simulation::current().chance(0.5) { Ask::any().last() } else { Ask::too_large() };
        let behind = vec![b'x'; random_below(100_000)];
        for ask in asks.iter().chain([&last]) {
            stream.write(&ask.request).await.unwrap();
        }
        for piece in behind.chunks(1 + random_below(20_000)) {
            // Perhaps nobody listens any more.
            drop(stream.write(piece));
        }
        for ask in asks.iter().chain([&last]) {
            assert!(answer(&stream).await.unwrap() == ask.answer);
        }
    });
    Multi(clients.collect::<Vec<_>>()).await.unwrap();
    ends(server).await;
}

/// Asks again and again until the server ends, and notes whether an answer was cut in the middle.
async fn insatiable(server: SocketAddr, number: usize) {
    let world = Simulation::current();
    let Ok(stream) = connect(server, number).await else { return };
    let ahead = if world.chance(0.5) { 1 } else { 1 + random_below(5) };
    loop {
        let asks: Vec<_> = (0..ahead).map(|_| Ask::any()).collect();
        let requests: Vec<_> = asks.iter().flat_map(|ask| ask.request.clone()).collect();
        // It may be closed already.
        drop(stream.write(&requests));
        for ask in &asks {
            match answer(&stream).await {
                Ok(answer) if answer.closes => {
                    assert!(answer.body == ask.answer.body);
                    assert_eq!(answer.status, ask.answer.status);
                    return;
                }
                Ok(answer) => assert!(answer == ask.answer),
                Err(End::Closed) => return,
                Err(End::Broken(kind)) => return assert_eq!(kind, ErrorKind::ConnectionReset),
                // Who asks ahead may have asked too late; closing then destroys what is on its way.
                Err(End::Cut) => return assert!(ahead > 1, "an answer was cut"),
            }
        }
    }
}

#[gustnado::test(simulated)]
async fn a_server_that_ends_finishes_what_it_has_begun() {
    let (server, address) = server();
    let world = Simulation::current();
    let clients: Vec<_> =
        (0..1 + random_below(10)).map(|number| spawn(insatiable(address, number))).collect();
    sleep(world.random_duration(Duration::ZERO..=seconds(5))).await;
    assert!(server.shutdown(seconds(60)).await);
    assert_eq!(server.connections(), 0);
    for client in clients {
        client.await.unwrap();
    }
    leaves_nothing().await;
}
