//! The same seed is the same world.

use crate::{pair, seconds};
use gustnado::coroutine::{Multi, sleep};
use gustnado::ioloop::spawn;
use gustnado::testing::Simulation;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Metadata, Subscriber};

/// Keeps all that is said of a simulated network.
#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<String>>>);

impl Trace {
    fn of(work: impl FnOnce()) -> Vec<String> {
        let trace = Self::default();
        with_default(trace.clone(), work);
        std::mem::take(&mut trace.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Subscriber for Trace {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "gustnado.simulation"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

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
        let mut seen = Vec::new();
        let trace = Trace::of(|| seen = Simulation::run(seed, busy_day).unwrap());
        assert!(trace.len() > 200, "{}", trace.len());
        (trace, seen)
    };
    for seed in 0..5 {
        let first = run(seed);
        assert!(first == run(seed), "the same");
        assert!(first != run(seed + 1), "another");
    }
}
