//! The client of this crate, with its server, through networks that break.

use super::site::piece;
use super::{ends, server};
use crate::{SERVER, moment_of_its_own, random_below, seconds};
use gustnado::coroutine::sleep;
use gustnado::http::{AsyncHTTPClient, HTTPClientError, HTTPRequest};
use gustnado::ioloop::spawn;
use gustnado::testing::Simulation;
use std::time::Duration;

/// A fetch, and the body that it must bring.
fn any(client: &AsyncHTTPClient) -> (HTTPRequest, Vec<u8>) {
    let world = Simulation::current();
    assert!(client.idle_connections() <= 100);
    let url = |path: String| format!("http://10.0.0.2{path}");
    match world.random(0..=3) {
        0 => {
            let count = random_below(100);
            let body = (0..count).flat_map(piece).collect();
            (HTTPRequest::get(url(format!("/pieces/{count}"))), body)
        }
        1 => {
            let milliseconds = random_below(5_000);
            let body = format!("waited {milliseconds}").into_bytes();
            (HTTPRequest::get(url(format!("/wait/{milliseconds}"))), body)
        }
        2 => {
            let body: Vec<u8> = (0..random_below(30_000)).map(|place| place as u8).collect();
            (HTTPRequest::post(url("/echo".to_owned())).body(body.clone()), body)
        }
        _ => {
            let number = random_below(1_000_000);
            let body = format!("Hello, {number}").into_bytes();
            (HTTPRequest::get(url(format!("/hello/{number}"))), body)
        }
    }
}

/// Fetches many things at once; how many of them came.
async fn fetches(faults: bool) -> (usize, usize) {
    let client = AsyncHTTPClient::builder().max_clients(1 + random_below(10)).build();
    let fetches: Vec<_> = (0..60)
        .map(|_| {
            let (moment, client) = (moment_of_its_own() / 10, client.clone());
            spawn(async move {
                sleep(moment).await;
                let (request, body) = any(&client);
                let patient = request.request_timeout(seconds(60)).connect_timeout(seconds(20));
                match client.fetch(patient).await {
                    Ok(response) => {
                        assert!(response.body()[..] == body);
                        true
                    }
                    Err(
                        HTTPClientError::Timeout(_)
                        | HTTPClientError::Closed(_)
                        | HTTPClientError::Connect(_),
                    ) if faults => false,
                    Err(error) => panic!("{error}"),
                }
            })
        })
        .collect();
    let mut came = 0;
    let count = fetches.len();
    for fetch in fetches {
        came += usize::from(fetch.await.unwrap());
    }
    (came, count)
}

#[gustnado::test(simulated)]
async fn every_fetch_brings_its_own_answer() {
    let (server, _) = server();
    let (came, count) = fetches(false).await;
    assert_eq!(came, count);
    ends(server).await;
}

#[gustnado::test(simulated)]
async fn a_fetch_brings_its_own_answer_or_says_why_not_when_the_network_breaks() {
    let world = Simulation::current();
    let (server, _) = server();
    world.resets(0.005);
    let weather = spawn(async {
        let world = Simulation::current();
        loop {
            sleep(world.random_duration(Duration::ZERO..=seconds(60))).await;
            world.partition([127, 0, 0, 1], SERVER);
            sleep(world.random_duration(Duration::ZERO..=seconds(60))).await;
            world.heal([127, 0, 0, 1], SERVER);
        }
    });
    let (came, count) = fetches(true).await;
    assert!(came <= count);
    weather.cancel();
    world.heal([127, 0, 0, 1], SERVER);
    sleep(seconds(1_000)).await;
    ends(server).await;
}
