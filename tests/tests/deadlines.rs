//! What happens to clients that are too slow, and to those beside them.

use gustnado::StatusCode;
use gustnado::http::{Body, Settings};
use gustnado_tests::{
    Client, PATIENCE, Server, Source, answer, echo, eventually, handler, milliseconds,
};
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Long enough that a busy machine does not take a quick client for a slow one.
const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(600);

/// No deadline but those that a test sets.
fn patient() -> Settings {
    Settings {
        header_timeout: LONG,
        body_timeout: LONG,
        idle_connection_timeout: LONG,
        write_timeout: LONG,
        ..Settings::default()
    }
}

fn server(settings: Settings) -> Server {
    Server::start(settings, || echo(&Arc::default()))
}

/// Runs `wait`, which must take as long as the deadline and not much longer.
#[track_caller]
fn takes(deadline: Duration, wait: impl FnOnce()) {
    let begin = Instant::now();
    wait();
    let took = begin.elapsed();
    // A deadline counts from the beginning of a turn of the loop, which is a moment before.
    assert!(took + milliseconds(50) >= deadline && took < deadline + PATIENCE / 2, "{took:?}");
}

#[test]
fn a_head_that_does_not_come_is_a_408() {
    let server = server(Settings { header_timeout: SHORT, ..patient() });
    for beginning in ["G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n"] {
        let mut client = server.connect();
        takes(SHORT, || {
            let reply = client.send(beginning).reply();
            assert_eq!(reply.status_line, "HTTP/1.1 408 Request Timeout");
            assert_eq!(reply.header("connection"), Some("close"));
            client.expect_end();
        });
    }
}

#[test]
fn a_head_that_comes_drop_by_drop_is_a_408_and_others_are_served() {
    let server = server(Settings { header_timeout: SHORT, ..patient() });
    let mut slow = server.connect();
    let mut quick = server.connect();
    slow.send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
    takes(SHORT, || {
        let begin = Instant::now();
        slow.socket().set_nonblocking(true).unwrap();
        let mut first = [0];
        // Every drop is progress, and none is enough.
        while slow.socket().read(&mut first).is_err() {
            assert!(begin.elapsed() < PATIENCE, "it is still waited for");
            slow.try_send("x");
            assert_eq!(quick.get("/").status(), 200);
            std::thread::sleep(milliseconds(10));
        }
        slow.socket().set_nonblocking(false).unwrap();
        assert_eq!(first, *b"H");
    });
    let reply = String::from_utf8(slow.rest()).unwrap();
    assert!(reply.starts_with("TTP/1.1 408 Request Timeout\r\n"), "{reply}");
}

#[test]
fn the_deadline_of_a_head_begins_with_its_first_byte() {
    let server = server(Settings { header_timeout: SHORT, ..patient() });
    let mut client = server.connect();
    for _ in 0..3 {
        assert_eq!(client.get("/").status(), 200);
        std::thread::sleep(SHORT / 2);
    }
    takes(SHORT, || assert_eq!(client.send("GET").reply().status(), 408));
}

#[test]
fn a_connection_that_never_says_anything_is_closed_without_a_word() {
    let server = server(Settings { idle_connection_timeout: SHORT, ..patient() });
    let mut client = server.connect();
    takes(SHORT, || client.expect_end());
    assert_eq!(server.connections(), 0);
    assert_eq!(server.log().take(), [""; 0]);
}

#[test]
fn an_idle_connection_is_closed_without_a_word() {
    let server = server(Settings { idle_connection_timeout: SHORT, ..patient() });
    let mut client = server.connect();
    let mut other = server.connect();
    assert_eq!(client.get("/").status(), 200);
    takes(SHORT, || {
        let begin = Instant::now();
        client.socket().set_nonblocking(true).unwrap();
        // Who goes on talking is not idle.
        while client.socket().read(&mut [0]).is_err() {
            assert!(begin.elapsed() < PATIENCE, "it is still open");
            assert_eq!(other.get("/").status(), 200);
        }
        client.socket().set_nonblocking(false).unwrap();
    });
    client.expect_end();
    assert_eq!(server.connections(), 1);
    assert_eq!(server.log().take(), [""; 0]);
}

#[test]
fn a_body_that_does_not_come_is_a_408() {
    let server = server(Settings { body_timeout: SHORT, ..patient() });
    for (framing, body) in [
        ("Content-Length: 5", ""),
        ("Content-Length: 5", "Hell"),
        ("Transfer-Encoding: chunked", "5\r\nHel"),
        ("Transfer-Encoding: chunked", "5\r\nHello\r\n0\r\n"),
    ] {
        let mut client = server.connect();
        takes(SHORT, || {
            client.send(format!("POST / HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n{body}"));
            let reply = client.reply();
            assert_eq!(reply.status_line, "HTTP/1.1 408 Request Timeout");
            assert_eq!(reply.header("connection"), Some("close"));
            client.expect_end();
        });
    }
}

#[test]
fn a_body_that_comes_drop_by_drop_is_a_408() {
    let settings = Settings { body_timeout: SHORT, min_rate: 1_000_000, ..patient() };
    let server = Server::start(settings, || {
        handler(|request| async move {
            match request.read_body(1 << 20).await {
                Ok(()) => answer(StatusCode::OK, ""),
                Err(error) => answer(error.status(), ""),
            }
        })
    });
    let mut client = server.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    takes(SHORT, || {
        let begin = Instant::now();
        client.socket().set_nonblocking(true).unwrap();
        while client.socket().peek(&mut [0]).is_err() {
            assert!(begin.elapsed() < PATIENCE, "it is still waited for");
            client.try_send("x");
            std::thread::sleep(milliseconds(5));
        }
        client.socket().set_nonblocking(false).unwrap();
    });
    assert_eq!(client.reply().status(), 408);
}

#[test]
fn a_long_body_may_take_longer_than_the_deadline_if_it_keeps_coming() {
    // A byte buys a millisecond.
    let deadline = SHORT * 2;
    let server = server(Settings { body_timeout: deadline, min_rate: 1000, ..patient() });
    let mut client = server.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    let begin = Instant::now();
    for _ in 0..20 {
        // A chunk of one byte and a long extension: small for the application, and much on the wire.
        client.send(format!("1;{}\r\nx\r\n", "e".repeat(100)));
        std::thread::sleep(milliseconds(50));
    }
    assert!(begin.elapsed() > deadline);
    assert_eq!(client.send("0\r\n\r\n").reply().text(), format!("POST / {}", "x".repeat(20)));
}

#[test]
fn a_client_that_does_not_read_is_cut_off_and_others_are_served() {
    let settings = Settings { write_timeout: SHORT, min_rate: 1_000_000, ..patient() };
    let source = Source::new(vec![b'x'; 100_000], usize::MAX);
    let asked = source.clone();
    let server = Server::start(settings, move || {
        handler(move |request| {
            let body = match request.path() {
                "/stream" => Body::stream(source.clone()),
                "/whole" => vec![b'x'; 50_000_000].into(),
                _ => "quick".into(),
            };
            async { answer(StatusCode::OK, body) }
        })
    });
    for path in ["/stream", "/whole"] {
        let mut slow = server.connect();
        let mut quick = server.connect();
        slow.send_get(path);
        takes(SHORT, || {
            eventually("it is cut off", || {
                assert_eq!(quick.get("/").text(), "quick");
                server.log().count("closing a connection whose client reads too slowly") == 1
            });
        });
        server.log().take();
        // What had left before is still there, and then it ends, too early.
        let rest = slow.rest();
        assert!(rest.len() < 50_000_000, "{} bytes", rest.len());
        drop(quick);
        eventually("nothing is left", || server.connections() == 0);
    }
    assert!(asked.asked() < 1000);
}

/// Reads slowly, but steadily.
fn sip(client: &mut Client, pause: Duration, count: usize) {
    for _ in 0..count {
        client.take(200_000);
        std::thread::sleep(pause);
    }
}

#[test]
fn a_client_that_reads_fast_enough_is_not_cut_off() {
    let settings = Settings { write_timeout: SHORT, min_rate: 1000, ..patient() };
    let server = Server::start(settings, || {
        handler(|_| async {
            answer(StatusCode::OK, Body::stream(Source::new(vec![b'x'; 100_000], 300)))
        })
    });
    let mut client = server.connect();
    client.send_get("/");
    // Longer than the deadline in all.
    sip(&mut client, milliseconds(20), 40);
    let rest = client.rest_until(b"\r\n0\r\n\r\n");
    assert!(rest > 10_000_000);
    assert_eq!(server.log().take(), [""; 0]);
}

#[test]
fn a_handler_may_take_longer_than_every_deadline() {
    let settings = Settings {
        header_timeout: SHORT,
        body_timeout: SHORT,
        idle_connection_timeout: SHORT,
        write_timeout: SHORT,
        ..Settings::default()
    };
    let server = Server::start(settings, || {
        handler(|_| async {
            gustnado::coroutine::sleep(SHORT * 2).await;
            answer(StatusCode::OK, "at last")
        })
    });
    let mut client = server.connect();
    assert_eq!(client.get("/").text(), "at last");
    assert_eq!(client.get("/").text(), "at last");
}
