//! What is always ready must not keep the others waiting: how much is done for one connection in one turn of the loop.
//!
//! Whether a client can keep a server busy without end depends on the machine; what is done before others have their turn does
//! not.

use bytes::Bytes;
use futures_core::Stream;
use gustnado::StatusCode;
use gustnado::coroutine::{moment, sleep};
use gustnado::http::{Body, Settings};
use gustnado_tests::{Server, Turns, answer, handler, milliseconds};
use std::error::Error;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

#[test]
fn pipelined_requests() {
    let server = Server::start(Settings::default(), || {
        let turns = Rc::new(Turns::count());
        handler(move |_| {
            turns.note();
            let most = turns.most();
            async move { answer(StatusCode::OK, most.to_string()) }
        })
    });
    let mut client = server.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1000));
    let most = (0..1000).map(|_| client.reply().text().parse().unwrap()).max().unwrap_or(0);
    assert!((2..=128).contains(&most), "{most} requests in one turn");
}

#[test]
fn pieces_of_a_request() {
    let server = Server::start(Settings::default(), || {
        handler(move |request| async move {
            // Until much has arrived.
            sleep(milliseconds(50)).await;
            let turns = Turns::count();
            let mut body = request.body_stream();
            let mut count = 0;
            while let Some(piece) = body.next().await {
                turns.note();
                count += piece.unwrap().len();
            }
            answer(StatusCode::OK, format!("{count} {}", turns.most()))
        })
    });
    const LENGTH: usize = 20_000_000;
    let mut client = server.connect();
    client.send(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {LENGTH}\r\n\r\n"));
    client.send(vec![b'x'; LENGTH]);
    let reply = client.reply().text();
    let (count, most) = reply.split_once(' ').unwrap();
    assert_eq!(count, LENGTH.to_string());
    assert!(most.parse::<usize>().unwrap() <= 40, "{most} pieces in one turn");
}

#[test]
fn pieces_of_a_response() {
    let server = Server::start(Settings::default(), || {
        handler(|_| async {
            answer(StatusCode::OK, Body::stream(Many { left: 2000, turns: Turns::count() }))
        })
    });
    let mut client = server.connect();
    client.send_get("/").head();
    let mut most = 0;
    loop {
        let chunk = client.chunk();
        if chunk.is_empty() {
            break;
        }
        most = std::str::from_utf8(&chunk).unwrap().parse().unwrap();
    }
    assert!((1..=64).contains(&most), "{most} pieces in one turn");
}

/// Says with each piece how many there were in one turn, at most.
struct Many {
    left: u32,
    turns: Turns,
}

impl Stream for Many {
    type Item = Result<Bytes, Box<dyn Error>>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        self.turns.note();
        Poll::Ready(Some(Ok(self.turns.most().to_string().into())))
    }
}

/// A handler that lets others have a turn really does.
#[test]
fn moments_of_a_handler() {
    let server = Server::start(Settings::default(), || {
        handler(|_| async {
            let turns = Turns::count();
            for _ in 0..10 {
                moment().await;
            }
            answer(StatusCode::OK, turns.now().to_string())
        })
    });
    assert_eq!(server.connect().get("/").text(), "10");
}
