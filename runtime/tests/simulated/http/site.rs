//! An application with handlers of every kind.

use bytes::Bytes;
use futures_core::Stream;
use gustnado::coroutine::{Sleep, sleep};
use gustnado::http::BodyStream;
use gustnado::testing::Simulation;
use gustnado::{Application, Result, Site, Streamed, get, post, routes};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// The largest body that it takes.
pub(super) const LARGEST: usize = 40_000;

#[get("/hello/{name}")]
fn hello(name: String) -> String {
    format!("Hello, {name}")
}

#[get("/wait/{milliseconds}")]
async fn wait(milliseconds: u64) -> String {
    sleep(Duration::from_millis(milliseconds)).await;
    format!("waited {milliseconds}")
}

#[post("/echo")]
async fn echo(body: Bytes) -> Vec<u8> {
    body.to_vec()
}

/// Reads slowly.
#[post("/sum")]
async fn sum(mut body: BodyStream) -> Result<String> {
    let mut sum = 0;
    while let Some(piece) = body.next().await.transpose()? {
        sum += piece.iter().map(|byte| u64::from(*byte)).sum::<u64>();
        if Simulation::current().chance(0.1) {
            sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(sum.to_string())
}

#[get("/pieces/{count}")]
async fn pieces(count: usize) -> Streamed<Pieces> {
    Streamed(Pieces { next: 0, count, pause: None })
}

/// A response that takes its time.
struct Pieces {
    next: usize,
    count: usize,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Stream for Pieces {
    type Item = Result<Vec<u8>, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
        }
        let world = Simulation::current();
        self.pause = world.chance(0.1).then(|| {
            Box::pin(sleep(world.random_duration(Duration::ZERO..=Duration::from_millis(500))))
        });
        let number = self.next;
        self.next += 1;
        Poll::Ready((number < self.count).then(|| Ok(piece(number))))
    }
}

/// A piece of a streamed response.
pub(super) fn piece(number: usize) -> Vec<u8> {
    format!("{number};").repeat(1 + number % 50).into_bytes()
}

pub(super) fn site() -> Site {
    let routes = routes![hello, wait, echo, sum, pieces];
    Application::new(routes).max_body_size(LARGEST as u64).build().unwrap()
}
