//! The sizes that a request must stay within, to the byte; and that the work for one is linear in its size.

use gustnado::StatusCode;
use gustnado::http::{Chunked, Head, Limits, Settings};
use gustnado_tests::{Server, answer, eventually, handler};
use std::time::{Duration, Instant};

fn server(limits: Limits) -> Server {
    let settings = Settings { limits, ..Settings::default() };
    Server::start(settings, || handler(|_| async { answer(StatusCode::OK, "") }))
}

fn status(server: &Server, request: &str) -> u16 {
    let mut client = server.connect();
    let reply = client.send(request).reply();
    if reply.status() != 200 {
        client.expect_end();
    }
    reply.status()
}

#[test]
fn a_request_line_may_be_as_long_as_the_limit() {
    for limit in [100, 8 * 1024, 40_000] {
        let server = server(Limits { request_line: limit, ..Limits::default() });
        for (length, expected) in [(limit, 200), (limit + 1, 414), (limit + 20_000, 414)] {
            let target = "x".repeat(length - "GET / HTTP/1.1".len());
            let request = format!("GET /{target} HTTP/1.1\r\nHost: a\r\n\r\n");
            assert_eq!(status(&server, &request), expected, "{length} of {limit}");
        }
    }
}

#[test]
fn headers_may_be_as_long_as_the_limit() {
    for limit in [100, 64 * 1024, 200_000] {
        let server = server(Limits { header_bytes: limit, ..Limits::default() });
        for (length, expected) in [(limit, 200), (limit + 1, 431), (limit + 100_000, 431)] {
            let value = "x".repeat(length - "Host: a\r\nX: \r\n\r\n".len());
            let request = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {value}\r\n\r\n");
            assert_eq!(status(&server, &request), expected, "{length} of {limit}");
        }
    }
}

#[test]
fn there_may_be_as_many_headers_as_the_limit() {
    for limit in [1, 10, 100, 500] {
        let server = server(Limits { header_count: limit, ..Limits::default() });
        for (count, expected) in [(limit, 200), (limit + 1, 431), (limit + 1000, 431)] {
            let others = "X: y\r\n".repeat(count - 1);
            let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{others}\r\n");
            assert_eq!(status(&server, &request), expected, "{count} of {limit}");
        }
    }
}

#[test]
fn an_endless_head_is_refused_at_its_limit() {
    let server = server(Limits::default());
    for (beginning, expected) in [
        ("G", 414),
        ("GET /", 414),
        ("GET / HTTP/1.1\r\nHost: a\r\nX", 431),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: ", 431),
    ] {
        let mut client = server.connect();
        client.send(beginning).try_send("x".repeat(150_000));
        assert_eq!(client.reply().status(), expected, "{beginning}");
        client.expect_end();
    }
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let limits = Limits::default();
    assert_eq!(limits.request_line, 8 * 1024);
    assert_eq!(limits.header_bytes, 64 * 1024);
    assert_eq!(limits.header_count, 100);
    assert_eq!(limits.body, 100 * 1024 * 1024);
    let settings = Settings::default();
    for (deadline, seconds) in [
        (settings.header_timeout, 20),
        (settings.body_timeout, 30),
        (settings.idle_connection_timeout, 75),
        (settings.write_timeout, 30),
    ] {
        assert_eq!(deadline, Duration::from_secs(seconds));
    }
}

/// The client goes on sending although nobody listens: it must still be able to read why.
#[test]
fn a_refusal_reaches_a_client_that_goes_on_sending() {
    let server = server(Limits::default());
    for _ in 0..20 {
        let mut client = server.connect();
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\nX : y\r\n\r\n");
        client.send("x".repeat(200_000));
        assert_eq!(client.reply().status(), 400);
        client.end().expect_end();
    }
}

#[test]
fn a_client_that_never_stops_sending_is_cut_off() {
    let server = server(Limits::default());
    let mut client = server.connect();
    client.send("x\r\n\r\n");
    let begin = Instant::now();
    let piece = [b'x'; 4096];
    while std::io::Write::write_all(&mut client.socket(), &piece).is_ok() {
        assert!(begin.elapsed() < gustnado_tests::PATIENCE, "it still reads");
    }
}

/// Sixteen times the input may cost sixteen times as much, give or take; quadratic work would cost 256 times as much.
///
/// The least times count, since interference only ever adds; on a busy machine it takes more attempts until both are quiet.
fn assert_linear(what: &str, work: impl Fn(usize)) {
    let time = |length| {
        let begin = Instant::now();
        work(length);
        begin.elapsed().as_secs_f64()
    };
    let (mut short, mut long) = (f64::MAX, f64::MAX);
    eventually(what, || {
        short = short.min(time(2_000));
        long = long.min(time(32_000));
        long < short * 64.0
    });
}

#[test]
fn a_head_that_arrives_byte_by_byte_costs_linear_work() {
    let limits = Limits {
        request_line: 1 << 20,
        header_bytes: 1 << 20,
        header_count: 1 << 20,
        ..Limits::default()
    };
    let many = |length: usize| {
        format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(length / 6))
    };
    let long =
        |length: usize| format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "y".repeat(length));
    let line = |length: usize| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "y".repeat(length));
    let makers: [(&str, &dyn Fn(usize) -> String); 3] =
        [("many headers", &many), ("a long header", &long), ("a long request line", &line)];
    for (what, make) in makers {
        assert_linear(what, |length| {
            let request = make(length);
            let mut head = Head::default();
            for end in 1..request.len() {
                assert_eq!(head.parse(&request.as_bytes()[..end], &limits), Ok(None));
            }
            assert_eq!(head.parse(request.as_bytes(), &limits), Ok(Some(request.len())));
        });
    }
}

#[test]
fn trailers_that_arrive_byte_by_byte_cost_linear_work() {
    let limits = Limits { trailer_bytes: 1 << 20, header_count: 1 << 20, ..Limits::default() };
    assert_linear("trailers", |length| {
        let body = format!("0\r\n{}\r\n", "X: y\r\n".repeat(length / 6));
        let mut chunked = Chunked::new(&limits);
        for byte in body.as_bytes().chunks(1) {
            assert_eq!(chunked.decode(byte).map(|decoded| decoded.consumed), Ok(1));
        }
        assert!(chunked.is_done());
    });
}

#[test]
fn a_request_that_arrives_byte_by_byte_is_answered() {
    let server = server(Limits::default());
    let mut client = server.connect();
    let request = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "y".repeat(2000));
    for byte in request.as_bytes().chunks(1) {
        client.send(byte);
    }
    assert_eq!(client.reply().status(), 200);
}
