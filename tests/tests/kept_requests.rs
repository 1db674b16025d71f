//! Requests that a handler keeps after its response.

use gustnado::StatusCode;
use gustnado::coroutine::sleep;
use gustnado::http::{Request, Response, Settings};
use gustnado::ioloop::spawn;
use gustnado_tests::{Server, answer, handler, milliseconds};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Keeps every request, and tells with each response what the kept ones said.
fn keeping() -> Server {
    Server::start(Settings::default(), || {
        let kept = Rc::<RefCell<Vec<Request>>>::default();
        handler(move |request| {
            let kept = kept.clone();
            async move {
                request.read_body(1 << 20).await.unwrap();
                let told: Vec<String> = kept
                    .borrow()
                    .iter()
                    .map(|old| format!("{}={}", old.path(), old.body().len()))
                    .collect();
                kept.borrow_mut().push(request);
                answer(StatusCode::OK, told.join(" "))
            }
        })
    })
}

#[test]
fn they_stay_as_they_were_and_do_not_disturb_the_connection() {
    let server = keeping();
    let mut client = server.connect();
    let post = |path: &str, body: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    };
    // One after the other, and several at once.
    assert_eq!(client.send(post("/a", "x")).reply().text(), "");
    assert_eq!(client.send(post("/b", "xy")).reply().text(), "/a=1");
    client.send([post("/c", "xyz"), post("/d", ""), post("/e", "x")].concat());
    assert_eq!(client.reply().text(), "/a=1 /b=2");
    assert_eq!(client.reply().text(), "/a=1 /b=2 /c=3");
    assert_eq!(client.reply().text(), "/a=1 /b=2 /c=3 /d=0");
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_request_behind_the_body_of_a_kept_one_is_not_lost() {
    let server = keeping();
    for cut in 0..60 {
        let mut client = server.connect();
        let first = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n";
        let second =
            "x".repeat(30) + "GET /b HTTP/1.1\r\nHost: a\r\n\r\nGET /c HTTP/1.1\r\nHost: a\r\n\r\n";
        client.send(first);
        // The body must not come with its head, but with what follows it.
        std::thread::sleep(milliseconds(1));
        client.send(&second[..cut]);
        std::thread::yield_now();
        client.send(&second[cut..]);
        for _ in 0..3 {
            assert_eq!(client.reply().status(), 200);
        }
    }
}

#[test]
fn answers_that_the_client_is_slow_to_read_are_not_lost() {
    const LARGE: usize = 15_000;
    const MANY: usize = 600;
    let server = Server::start(Settings::default(), || {
        let kept = Rc::<RefCell<Vec<Request>>>::default();
        handler(move |request| {
            kept.borrow_mut().push(request.clone());
            async move {
                // What was answered before is sent now, as far as the client takes it.
                sleep(Duration::ZERO).await;
                answer(StatusCode::OK, format!("{:>LARGE$}", request.path()))
            }
        })
    });
    let mut client = server.connect();
    let requests: String =
        (0..MANY).map(|number| format!("GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n")).collect();
    client.send(requests);
    std::thread::sleep(milliseconds(100));
    for number in 0..MANY {
        let text = client.reply().text();
        assert!(text.len() == LARGE && text.trim_start() == format!("/{number}"), "{number}");
    }
}

#[test]
fn a_body_that_is_read_after_the_response_has_ended() {
    let ends = Arc::<AtomicUsize>::default();
    let ended = ends.clone();
    let server = Server::start(Settings::default(), move || {
        handler(move |request| {
            let ended = ended.clone();
            async move {
                let mut body = request.body_stream();
                drop(spawn(async move {
                    while let Some(Ok(_)) = body.next().await {}
                    ended.fetch_add(1, Ordering::Relaxed);
                }));
                Response::new(StatusCode::OK)
            }
        })
    });
    for body in ["", "x"] {
        let mut client = server.connect();
        client.send(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n{body}"));
        assert_eq!(client.reply().header("connection"), Some("close"));
        client.expect_end();
    }
    gustnado_tests::eventually("both bodies end", || ends.load(Ordering::Relaxed) == 2);
}

#[test]
fn a_kept_request_does_not_keep_a_connection_that_was_dropped() {
    let server = Server::start(Settings::default(), || {
        handler(|request| {
            // Kept for ever.
            std::mem::forget(request.clone());
            async move {
                if request.path() == "/wait" {
                    std::future::pending::<()>().await;
                }
                answer(StatusCode::OK, "")
            }
        })
    });
    let mut waiting = server.connect();
    waiting.send_get("/wait");
    let mut closing = server.connect();
    closing.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(closing.reply().status(), 200);
    closing.expect_end();
    assert!(!server.run(|server| async move { server.shutdown(milliseconds(1)).await }));
    waiting.expect_end();
}
