//! The same seed is the same world.

use crate::{pair, seconds};
use gustnado::coroutine::{Multi, sleep};
use gustnado::ioloop::spawn;
use gustnado::testing::Log;
use gustnado::testing::Simulation;
use std::time::Duration;

/// Some of everything: packets, random numbers of the test, timeouts, a partition and a reset.
async fn busy_day() -> Vec<String> {
    let world = Simulation::current();
    let mut seen = Vec::new();
    let talks: Vec<_> = (0..5)
        .map(|number| {
            spawn(async move {
                let world = Simulation::current();
                let (one, other) = pair().await;
                let mut heard = Vec::new();
                for _ in 0..10 {
                    let size = world.random(1..=5_000) as usize;
                    drop(one.write(&vec![number; size]));
                    sleep(world.random_duration(Duration::ZERO..=seconds(1))).await;
                    match other.read_partial(10_000).await {
                        Ok(bytes) => heard.push(format!("{:?} {}", world.elapsed(), bytes.len())),
                        Err(error) => heard.push(error.to_string()),
                    }
                }
                heard
            })
        })
        .collect();
    sleep(seconds(2)).await;
    world.connections()[0].reset();
    world.partition([127, 0, 0, 1], [10, 0, 0, 2]);
    sleep(seconds(5)).await;
    world.heal([127, 0, 0, 1], [10, 0, 0, 2]);
    for heard in Multi(talks).await.unwrap() {
        seen.extend(heard);
    }
    seen
}

#[test]
fn the_same_seed_is_the_same_world_and_another_seed_another_one() {
    let run = |seed| {
        let packets = Log::capture_of("gustnado.simulation");
        let seen = Simulation::run(seed, busy_day).unwrap();
        let packets = packets.take();
        assert!(packets.len() > 200, "{}", packets.len());
        (packets, seen)
    };
    for seed in 0..5 {
        let first = run(seed);
        assert!(first == run(seed), "the same");
        assert!(first != run(seed + 1), "another");
    }
}

#[test]
fn a_served_day_is_the_same_again_to_the_last_packet() {
    let run = |seed| {
        let packets = Log::capture_of("gustnado.simulation");
        Simulation::run(seed, crate::http::polite_clients).unwrap();
        packets.take()
    };
    for seed in 0..3 {
        let first = run(seed);
        assert!(first.len() > 100 && first == run(seed));
    }
}
