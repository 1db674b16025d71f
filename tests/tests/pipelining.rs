//! Many requests at once on one connection, and what must never become one.

use gustnado::StatusCode;
use gustnado::coroutine::{moment, sleep};
use gustnado::http::{Response, Settings};
use gustnado_tests::{Server, answer, echo, eventually, handler, milliseconds};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

fn counted() -> (Server, Arc<AtomicUsize>) {
    let calls = Arc::<AtomicUsize>::default();
    let counter = calls.clone();
    (Server::start(Settings::default(), move || echo(&counter)), calls)
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")
}

#[test]
fn many_requests_in_one_write_are_answered_in_order() {
    let (server, calls) = counted();
    let mut client = server.connect();
    let requests: String = (0..1000).map(|number| get(&format!("/{number}"))).collect();
    client.send(requests);
    for number in 0..1000 {
        assert_eq!(client.reply().text(), format!("GET /{number} "));
    }
    assert_eq!(calls.load(Ordering::Relaxed), 1000);
}

#[test]
fn answers_keep_the_order_of_the_requests_however_long_each_takes() {
    let server = Server::start(Settings::default(), || {
        handler(|request| async move {
            match request.path() {
                "/slow" => sleep(milliseconds(10)).await,
                "/moment" => moment().await,
                _ => {}
            }
            answer(StatusCode::OK, request.path().to_owned())
        })
    });
    let mut client = server.connect();
    let targets = ["/a", "/slow", "/b", "/moment", "/slow", "/moment", "/c"];
    client.send(targets.map(get).concat());
    for target in targets {
        assert_eq!(client.reply().text(), target);
    }
}

#[test]
fn answers_do_not_wait_for_a_request_that_takes_long() {
    let release = Arc::<AtomicBool>::default();
    let released = release.clone();
    let server = Server::start(Settings::default(), move || {
        handler(move |request| {
            let released = released.clone();
            async move {
                while request.path() == "/wait" && !released.load(Ordering::Relaxed) {
                    sleep(milliseconds(1)).await;
                }
                answer(StatusCode::OK, request.path().to_owned())
            }
        })
    });
    let mut client = server.connect();
    client.send([get("/a"), get("/wait"), get("/b")].concat());
    assert_eq!(client.reply().text(), "/a");
    release.store(true, Ordering::Relaxed);
    assert_eq!(client.reply().text(), "/wait");
    assert_eq!(client.reply().text(), "/b");
}

#[test]
fn requests_with_bodies_follow_each_other_however_they_are_cut() {
    let (server, _) = counted();
    let requests = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nHello\
        POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nfoo\r\n3;x=y\r\nbar\r\n0\r\nX: y\r\n\r\n\
        GET /c HTTP/1.1\r\nHost: a\r\n\r\n\
        POST /d HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n\
        POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n\r\n\r\
        GET /f HTTP/1.1\r\nHost: a\r\n\r\n";
    let expected =
        ["POST /a Hello", "POST /b foobar", "GET /c ", "POST /d ", "POST /e \r\n\r", "GET /f "];
    for cut in 0..requests.len() {
        let mut client = server.connect();
        client.send(&requests[..cut]);
        std::thread::yield_now();
        client.send(&requests[cut..]);
        for text in expected {
            assert_eq!(client.reply().text(), text, "cut at {cut}");
        }
    }
    let mut client = server.connect();
    for byte in requests.as_bytes().chunks(1) {
        client.send(byte);
    }
    for text in expected {
        assert_eq!(client.reply().text(), text, "byte by byte");
    }
}

/// Sends requests on a connection, as fast as it can, until it is told to stop; reads all answers.
fn flood(server: &Server, bytes: Vec<u8>) -> impl FnOnce() + use<> {
    let client = server.connect();
    let mut writer = client.socket().try_clone().unwrap();
    let mut reader = client.socket().try_clone().unwrap();
    let writing = std::thread::spawn(move || while writer.write_all(&bytes).is_ok() {});
    let reading = std::thread::spawn(move || {
        // To its end, however that comes.
        let _ = std::io::copy(&mut reader, &mut std::io::sink());
    });
    move || {
        client.socket().shutdown(std::net::Shutdown::Both).unwrap();
        writing.join().unwrap();
        reading.join().unwrap();
    }
}

#[test]
fn a_client_that_pipelines_without_end_does_not_keep_others_waiting() {
    let (server, calls) = counted();
    let stop = flood(&server, get("/flood").repeat(2000).into_bytes());
    eventually("the flood is on", || calls.load(Ordering::Relaxed) > 1000);
    let mut client = server.connect();
    for _ in 0..20 {
        assert_eq!(client.get("/").status(), 200);
    }
    stop();
}

#[test]
fn a_client_that_sends_a_body_without_end_does_not_keep_others_waiting() {
    let pieces = Arc::<AtomicUsize>::default();
    let counter = pieces.clone();
    let server = Server::start(Settings::default(), move || {
        handler(move |request| {
            let counter = counter.clone();
            async move {
                if request.has_body() {
                    let mut body = request.body_stream();
                    body.set_limit(u64::MAX).unwrap();
                    while let Some(Ok(_)) = body.next().await {
                        counter.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Response::new(StatusCode::OK)
            }
        })
    });
    let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", u64::MAX);
    let stop = flood(&server, [head.into_bytes(), vec![b'x'; 1 << 20]].concat());
    eventually("the flood is on", || pieces.load(Ordering::Relaxed) > 100);
    let begin = Instant::now();
    let mut client = server.connect();
    for _ in 0..20 {
        assert_eq!(client.get("/").status(), 200);
    }
    assert!(begin.elapsed().as_secs() < 5);
    stop();
}

#[test]
fn what_is_left_of_a_body_that_nobody_reads_is_no_request() {
    let calls = Arc::<AtomicUsize>::default();
    let counter = calls.clone();
    let server = Server::start(Settings::default(), move || {
        handler(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            async { answer(StatusCode::OK, "not interested") }
        })
    });
    let smuggled = get("/smuggled");
    for (framing, first, rest) in [
        // Within what announces it, but later than the answer.
        (format!("Content-Length: {}", smuggled.len()), String::new(), smuggled.clone()),
        (format!("Content-Length: {}", smuggled.len() + 3), "abc".into(), smuggled.clone()),
        (
            "Transfer-Encoding: chunked".into(),
            format!("{:x}\r\n", smuggled.len()),
            smuggled.clone(),
        ),
        // Malformed, which nobody has noticed because nobody has read it.
        ("Transfer-Encoding: chunked".into(), "x\r\n\r\n".into(), smuggled.clone()),
    ] {
        calls.store(0, Ordering::Relaxed);
        let mut client = server.connect();
        client.send(format!("POST / HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n{first}"));
        let reply = client.reply();
        assert_eq!((reply.status(), reply.header("connection")), (200, Some("close")), "{framing}");
        client.try_send(rest).end().expect_end();
        assert_eq!(calls.load(Ordering::Relaxed), 1, "{framing}");
    }
}

#[test]
fn a_short_body_that_nobody_reads_is_skipped_if_it_has_arrived() {
    let server = Server::start(Settings::default(), || {
        handler(|request| async move { answer(StatusCode::OK, request.path().to_owned()) })
    });
    let mut client = server.connect();
    client.send(
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nHello\
         POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n\
         GET /c HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    for text in ["/a", "/b", "/c"] {
        let reply = client.reply();
        assert_eq!((reply.text().as_str(), reply.header("connection")), (text, None));
    }
}

#[test]
fn requests_behind_the_last_one_are_not_answered() {
    let (server, calls) = counted();
    let mut client = server.connect();
    client.send(["GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &get("/b")].concat());
    assert_eq!(client.reply().text(), "GET /a ");
    client.expect_end();
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[test]
fn a_client_that_ends_its_side_still_gets_its_answers() {
    let (server, _) = counted();
    let mut client = server.connect();
    client.send([get("/a"), get("/b")].concat()).end();
    assert_eq!(client.reply().text(), "GET /a ");
    assert_eq!(client.reply().text(), "GET /b ");
    client.expect_end();
}

#[test]
fn a_client_that_ends_its_side_may_read_slowly() {
    let server = Server::start(Settings::default(), || {
        handler(|_| async { answer(StatusCode::OK, vec![b'x'; 15_000]) })
    });
    let mut client = server.connect();
    client.send(get("/").repeat(600)).end();
    std::thread::sleep(milliseconds(50));
    for _ in 0..600 {
        assert_eq!(client.reply().body.len(), 15_000);
    }
    client.expect_end();
}
