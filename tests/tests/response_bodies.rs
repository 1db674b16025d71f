//! Bodies of responses: whole, streamed, and never made faster than they are read.

use bytes::Bytes;
use futures_core::Stream;
use gustnado::coroutine::sleep;
use gustnado::http::{Body, Response, Settings};
use gustnado::{Application, StatusCode, Streamed, routes};
use gustnado_tests::{Server, Source, answer, eventually, handler, milliseconds};
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

/// A server of one body, which is made anew for each request.
fn serving(body: impl Fn() -> Body + Send + 'static) -> Server {
    Server::start(Settings::default(), move || {
        handler(move |_| {
            let response = answer(StatusCode::OK, body());
            async { response }
        })
    })
}

#[test]
fn whole_bodies_of_any_kind_and_size_have_a_length() {
    const SIZES: [usize; 8] = [0, 1, 1000, 16_384, 16_385, 65_536, 200_000, 3_000_000];
    let server = Server::start(Settings::default(), || {
        handler(|request| async move {
            let (kind, size) = request.path()[1..].split_once('/').unwrap();
            let bytes: Vec<u8> =
                (0..size.parse().unwrap()).map(|number: u32| (number % 251) as u8).collect();
            let body: Body = match kind {
                "buffer" => bytes.into(),
                "bytes" => Bytes::from(bytes).into(),
                _ => {
                    let bytes: &'static [u8] = bytes.leak();
                    bytes.into()
                }
            };
            answer(StatusCode::OK, body)
        })
    });
    let mut client = server.connect();
    for kind in ["buffer", "bytes", "static"] {
        for size in SIZES {
            let reply = client.get(&format!("/{kind}/{size}"));
            assert_eq!(reply.header("content-length"), Some(size.to_string().as_str()));
            let whole = reply.body.iter().enumerate().all(|(at, &byte)| byte == (at % 251) as u8);
            assert!(whole && reply.body.len() == size, "{kind} {size}");
        }
        // All at once.
        for size in SIZES {
            client.send_get(&format!("/{kind}/{size}"));
        }
        for size in SIZES {
            assert_eq!(client.reply().body.len(), size);
        }
    }
}

#[test]
fn a_body_of_unknown_length_is_chunked_for_http_1_1() {
    let server = serving(|| Body::stream(Source::new("Hello", 3)));
    let mut client = server.connect();
    for _ in 0..2 {
        let head = client.send_get("/").head();
        assert_eq!(head.header("transfer-encoding"), Some("chunked"));
        assert_eq!((head.header("content-length"), head.header("connection")), (None, None));
        for piece in [&b"Hello"[..], b"Hello", b"Hello", b""] {
            assert_eq!(client.chunk(), piece);
        }
    }
}

#[test]
fn a_body_of_unknown_length_ends_with_the_connection_for_http_1_0() {
    let server = serving(|| Body::stream(Source::new("Hello", 3)));
    let mut client = server.connect();
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    let reply = client.reply();
    assert_eq!(reply.header("connection"), Some("close"));
    assert_eq!((reply.header("transfer-encoding"), reply.header("content-length")), (None, None));
    assert_eq!(reply.text(), "HelloHelloHello");
}

#[test]
fn a_stream_of_known_length_is_not_chunked() {
    let server = serving(|| Body::sized_stream(15, Source::new("Hello", 3)));
    let mut client = server.connect();
    for _ in 0..2 {
        let reply = client.get("/");
        assert_eq!(
            (reply.header("content-length"), reply.header("transfer-encoding")),
            (Some("15"), None)
        );
        assert_eq!(reply.text(), "HelloHelloHello");
    }
}

#[test]
fn an_empty_piece_does_not_end_a_chunked_body() {
    let server = serving(|| Body::stream(Pieces(vec!["a".into(), "".into(), "b".into()])));
    assert_eq!(server.connect().get("/").text(), "ab");
}

#[test]
fn a_stream_without_pieces_is_an_empty_body() {
    let server = serving(|| Body::stream(Pieces(vec![])));
    let mut client = server.connect();
    assert_eq!(client.get("/").text(), "");
    assert_eq!(client.get("/").text(), "");
}

#[test]
fn large_pieces_arrive_whole() {
    let server = serving(|| Body::stream(Source::new(vec![b'x'; 100_000], 20)));
    let mut client = server.connect();
    client.send_get("/").send_get("/");
    for _ in 0..2 {
        let body = client.reply().body;
        assert!(body.len() == 2_000_000 && body.iter().all(|&byte| byte == b'x'));
    }
}

#[test]
fn head_asks_nothing_of_a_stream() {
    let source = Source::new("Hello", 3);
    let asked = source.clone();
    let server = serving(move || Body::stream(source.clone()));
    let mut client = server.connect();
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.0\r\n\r\n");
    assert_eq!(client.head().header("transfer-encoding"), Some("chunked"));
    assert_eq!(client.head().header("transfer-encoding"), None);
    client.expect_end();
    assert_eq!(asked.asked(), 0);
}

#[test]
fn a_stream_that_is_not_as_long_as_promised_ends_the_connection() {
    for (length, said) in [(16, "HelloHelloHello"), (14, "HelloHello")] {
        let server = serving(move || Body::sized_stream(length, Source::new("Hello", 3)));
        let mut client = server.connect();
        assert_eq!(client.send_get("/").head().status(), 200);
        assert_eq!(String::from_utf8_lossy(&client.rest()), said);
        let line =
            "ERROR gustnado.application the body of a response has another length than promised";
        assert_eq!(server.log().take(), [line]);
    }
}

#[test]
fn a_stream_that_fails_ends_the_connection_within_its_body() {
    let server = serving(|| Body::stream(Pieces(vec!["Hello".into(), "error".into()])));
    let mut client = server.connect();
    assert_eq!(client.send_get("/").head().status(), 200);
    assert_eq!(client.chunk(), b"Hello");
    client.expect_end();
    let line = "ERROR gustnado.application the body of a response failed: as it was told";
    assert_eq!(server.log().take(), [line]);
}

/// These pieces; at the one called `error`, one.
struct Pieces(Vec<Bytes>);

impl Stream for Pieces {
    type Item = Result<Bytes, Box<dyn Error>>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        let piece = self.0.remove(0);
        let failed = piece == "error";
        Poll::Ready(Some(if failed { Err("as it was told".into()) } else { Ok(piece) }))
    }
}

#[test]
fn a_piece_is_sent_when_it_is_there_and_does_not_wait_for_the_next() {
    let server = serving(|| Body::stream(Slow { pause: None, left: 3 }));
    let mut client = server.connect();
    client.send_get("/").head();
    for _ in 0..3 {
        assert_eq!(client.chunk(), b"tick");
    }
    assert_eq!(client.chunk(), b"");
}

/// A piece every few milliseconds.
struct Slow {
    pause: Option<Pin<Box<gustnado::coroutine::Sleep>>>,
    left: u32,
}

impl Stream for Slow {
    type Item = Result<Bytes, Box<dyn Error>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(milliseconds(5))));
        std::task::ready!(pause.as_mut().poll(cx));
        self.pause = None;
        self.left -= 1;
        Poll::Ready(Some(Ok("tick".into())))
    }
}

/// Waits until a number does not grow any more.
fn settled(mut number: impl FnMut() -> usize) -> usize {
    let mut before = usize::MAX;
    eventually("it stands still", || {
        std::thread::sleep(milliseconds(20));
        let now = number();
        std::mem::replace(&mut before, now) == now && now > 0
    });
    before
}

#[test]
fn a_stream_is_not_asked_for_more_than_its_client_reads() {
    const PIECES: usize = 1000;
    for (size, sized) in [(100_000, false), (10_000, false), (100_000, true)] {
        let source = Source::new(vec![b'x'; size], PIECES);
        let asked = source.clone();
        let server = serving(move || match sized {
            true => Body::sized_stream((size * PIECES) as u64, source.clone()),
            false => Body::stream(source.clone()),
        });
        let mut client = server.connect();
        client.send_get("/").head();
        // The system's own buffers take a few megabytes, at most.
        let taken = settled(|| asked.asked());
        assert!(taken * size <= 20 << 20, "{taken} pieces of {size} were asked for");
        // Others are served meanwhile.
        let mut other = server.connect();
        assert_eq!(other.send_get("/").head().status(), 200);
        drop(other);
        if size * PIECES > 20 << 20 {
            assert!(taken < PIECES);
        }
        drop(client);
    }
}

#[test]
fn a_slow_reader_gets_everything_in_the_end() {
    const PIECES: usize = 200;
    let source = Source::new(vec![b'x'; 100_000], PIECES);
    let asked = source.clone();
    let server = serving(move || Body::stream(source.clone()));
    let mut client = server.connect();
    client.send_get("/");
    settled(|| asked.asked());
    assert_eq!(client.reply().body.len(), PIECES * 100_000);
    assert_eq!(asked.asked(), PIECES);
}

#[test]
fn a_client_that_reads_no_answers_is_not_answered_any_more() {
    let calls = Arc::<AtomicUsize>::default();
    let counter = calls.clone();
    let server = Server::start(Settings::default(), move || {
        handler(move |request| {
            counter.fetch_add(1, Ordering::Relaxed);
            async move {
                if request.path() == "/wait" {
                    sleep(milliseconds(0)).await;
                }
                answer(StatusCode::OK, vec![b'x'; 10_000])
            }
        })
    });
    for target in ["/", "/wait"] {
        let before = calls.load(Ordering::Relaxed);
        let mut client = server.connect();
        let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        client.send(request.repeat(10_000));
        let answered = settled(|| calls.load(Ordering::Relaxed) - before);
        assert!(answered * 10_000 <= 20 << 20, "{answered} answers wait for their client");
        drop(client);
    }
}

#[test]
fn a_body_without_end_does_not_keep_others_waiting() {
    let source = Source::new(vec![b'x'; 1000], usize::MAX);
    let asked = source.clone();
    let server = Server::start(Settings::default(), move || {
        handler(move |request| {
            let body = match request.path() {
                "/endless" => Body::stream(source.clone()),
                _ => "short".into(),
            };
            async { answer(StatusCode::OK, body) }
        })
    });
    let mut client = server.connect();
    client.send_get("/endless");
    let mut socket = client.socket().try_clone().unwrap();
    let reader = std::thread::spawn(move || std::io::copy(&mut socket, &mut std::io::sink()));
    eventually("the stream is on", || asked.asked() > 1000);
    let mut other = server.connect();
    for _ in 0..20 {
        assert_eq!(other.get("/").text(), "short");
    }
    client.socket().shutdown(std::net::Shutdown::Both).unwrap();
    // Ended or reset: it was read to its end either way.
    let _ = reader.join().unwrap();
}

/// A stream with types of its own.
struct Rows(u32);

impl Stream for Rows {
    type Item = Result<String, std::num::ParseIntError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0 += 1;
        Poll::Ready((self.0 <= 3).then(|| Ok(self.0.to_string())))
    }
}

#[gustnado::route("/streamed")]
async fn streamed() -> Streamed<Rows> {
    Streamed(Rows(0))
}

#[gustnado::route("/typed")]
async fn typed() -> ([(&'static str, &'static str); 1], Streamed<Rows>) {
    ([("content-type", "text/plain")], Streamed(Rows(0)))
}

#[gustnado::route("/response")]
async fn response() -> Response {
    answer(StatusCode::ACCEPTED, Body::stream(Pieces(vec!["12".into(), "3".into()])))
}

#[test]
fn a_route_may_stream() {
    let server = Server::application(|| Application::new(routes![streamed, typed, response]));
    let mut client = server.connect();
    for (path, status, content_type) in [
        ("/streamed", 200, Some("application/octet-stream")),
        ("/typed", 200, Some("text/plain")),
        ("/response", 202, None),
    ] {
        let reply = client.get(path);
        assert_eq!((reply.status(), reply.header("content-type")), (status, content_type));
        assert_eq!(reply.text(), "123");
    }
}
