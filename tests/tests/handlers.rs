//! Handlers whose client leaves, and handlers that panic.

use gustnado::coroutine::sleep;
use gustnado::http::{Body, Request, Response, Settings};
use gustnado::ioloop::Frame;
use gustnado::{Application, Context, StatusCode, routes};
use gustnado_tests::{Server, Source, answer, eventually, handler, milliseconds};
use std::cell::Cell;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts what was begun, what was dropped and what has ended.
#[derive(Clone, Debug, Default)]
struct Log {
    begun: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
}

impl Log {
    fn begin(&self) -> Guard {
        self.begun.fetch_add(1, Ordering::Relaxed);
        Guard(self.clone())
    }

    fn seen(&self) -> [usize; 3] {
        [&self.begun, &self.dropped, &self.ended].map(|count| count.load(Ordering::Relaxed))
    }
}

struct Guard(Log);

impl Guard {
    fn end(self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_client_that_leaves_cancels_its_handler() {
    let log = Log::default();
    let noted = log.clone();
    let server = Server::start(Settings::default(), move || {
        handler(move |_| {
            let guard = noted.begin();
            async move {
                let _guard = guard;
                pending().await
            }
        })
    });
    // Whether it has said everything, more than that, or less.
    for (count, request) in [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nHell",
    ]
    .into_iter()
    .enumerate()
    {
        let mut client = server.connect();
        client.send(request);
        eventually("the handler begins", || log.seen()[0] == count + 1);
        assert_eq!(log.seen()[1], count);
        drop(client);
        eventually("the handler is dropped", || log.seen()[1] == count + 1);
    }
    eventually("nothing is left", || server.connections() == 0);
    assert_eq!(log.seen(), [3, 3, 0]);
    assert_eq!(server.log().take(), [""; 0]);
}

#[test]
fn a_handler_may_ask_to_be_finished() {
    let log = Log::default();
    let noted = log.clone();
    let server = Server::start(Settings::default(), move || {
        handler(move |request: Request| {
            let guard = noted.begin();
            async move {
                request.finish_on_disconnect();
                sleep(milliseconds(20)).await;
                guard.end();
                answer(StatusCode::OK, "x".repeat(100_000))
            }
        })
    });
    let mut client = server.connect();
    client.send_get("/");
    eventually("the handler begins", || log.seen()[0] == 1);
    drop(client);
    eventually("the handler ends", || log.seen()[2] == 1);
    eventually("nothing is left", || server.connections() == 0);
    // That was for one request only.
    assert_eq!(server.log().take(), [""; 0]);
}

#[test]
fn asking_to_be_finished_holds_for_one_request() {
    let log = Log::default();
    let noted = log.clone();
    let server = Server::start(Settings::default(), move || {
        handler(move |request: Request| {
            let noted = noted.clone();
            async move {
                if request.path() == "/finish" {
                    request.finish_on_disconnect();
                    return answer(StatusCode::OK, "");
                }
                let _guard = noted.begin();
                pending().await
            }
        })
    });
    let mut client = server.connect();
    assert_eq!(client.get("/finish").status(), 200);
    client.send_get("/");
    eventually("the handler begins", || log.seen()[0] == 1);
    drop(client);
    eventually("the handler is dropped", || log.seen()[1] == 1);
}

#[gustnado::route("/finish", finish_on_disconnect)]
async fn finish(log: &Log) -> &'static str {
    let guard = log.begin();
    sleep(milliseconds(20)).await;
    guard.end();
    "done"
}

#[gustnado::route("/cancel")]
async fn cancel(log: &Log) -> &'static str {
    let guard = log.begin();
    sleep(milliseconds(20)).await;
    guard.end();
    "done"
}

#[test]
fn a_route_may_ask_to_be_finished() {
    let log = Log::default();
    let provided = log.clone();
    let server =
        Server::application(move || Application::new(routes![finish, cancel]).provide(provided));
    for (path, seen) in [("/finish", [1, 1, 1]), ("/cancel", [2, 2, 1])] {
        let mut client = server.connect();
        client.send_get(path);
        eventually("the handler begins", || log.seen()[0] == seen[0]);
        drop(client);
        eventually("the handler is over", || log.seen() == seen);
    }
}

#[test]
fn a_client_that_leaves_ends_a_streamed_response() {
    let log = Log::default();
    let noted = log.clone();
    let source = Source::new(vec![b'x'; 10_000], usize::MAX);
    let endless = source.clone();
    let server = Server::start(Settings::default(), move || {
        handler(move |request: Request| {
            let guard = noted.begin();
            let endless = endless.clone();
            async move {
                let body = match request.path() {
                    "/endless" => Body::stream(Guarded(endless, guard)),
                    _ => Body::stream(Guarded(Silent, guard)),
                };
                Response::new(StatusCode::OK).with_body(body)
            }
        })
    });
    for (count, path) in ["/endless", "/silent"].into_iter().enumerate() {
        let mut client = server.connect();
        client.send_get(path).head();
        drop(client);
        eventually("the source is dropped", || log.seen()[1] == count + 1);
    }
    eventually("nothing is left", || server.connections() == 0);
}

struct Guarded<S>(S, #[expect(dead_code, reason = "it notes when it is dropped")] Guard);

impl<S: futures_core::Stream + Unpin> futures_core::Stream for Guarded<S> {
    type Item = S::Item;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<S::Item>> {
        std::pin::Pin::new(&mut self.0).poll_next(cx)
    }
}

/// A source that says nothing, ever.
struct Silent;

impl futures_core::Stream for Silent {
    type Item = Result<bytes::Bytes, Box<dyn std::error::Error>>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Pending
    }
}

#[test]
fn a_panic_in_a_handler_is_a_500_and_the_server_goes_on() {
    let server = Server::start(Settings::default(), || {
        |request: Request| {
            assert_ne!(request.path(), "/at-once", "too early");
            Frame::new(async move {
                match request.path() {
                    "/first" => panic!("in the first turn"),
                    "/later" => {
                        sleep(milliseconds(1)).await;
                        panic!("after a while");
                    }
                    "/body" => {
                        let broken = std::iter::repeat_with(|| panic!("within the body"));
                        let body = std::iter::once("begun".into()).chain(broken);
                        answer(StatusCode::OK, "").with_body(Body::stream(Iter(body)))
                    }
                    _ => answer(StatusCode::OK, "still here"),
                }
            })
        }
    });
    let mut client = server.connect();
    for path in ["/first", "/later", "/at-once", "/first"] {
        let reply = client.get(path);
        assert_eq!(reply.status_line, "HTTP/1.1 500 Internal Server Error", "{path}");
        assert_eq!(reply.header("connection"), None, "{path}");
        assert_eq!(client.get("/").text(), "still here", "{path}");
        assert_eq!(server.log().count(&format!("Uncaught exception GET {path}: ")), 1);
        server.log().take();
    }
    // The client sees that the body is not whole, and still gets the answers to earlier requests.
    client.send_get("/").send_get("/body");
    assert_eq!(client.reply().text(), "still here");
    assert_eq!(client.head().status(), 200);
    assert_eq!(client.chunk(), b"begun");
    client.expect_end();
    assert_eq!(
        server.log().take(),
        ["ERROR gustnado.application Uncaught exception GET /body: within the body"]
    );
    assert_eq!(server.connect().get("/").text(), "still here");
    eventually("nothing is left", || server.connections() == 0);
}

struct Iter<I>(I);

impl<I: Iterator<Item = bytes::Bytes> + Unpin> futures_core::Stream for Iter<I> {
    type Item = Result<bytes::Bytes, Box<dyn std::error::Error>>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.next().map(Ok))
    }
}

#[test]
fn a_panic_while_a_handler_is_dropped_harms_nobody_else() {
    struct Bomb(Cell<bool>);
    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.0.get() {
                panic!("in a destructor");
            }
        }
    }
    let log = Log::default();
    let noted = log.clone();
    let server = Server::start(Settings::default(), move || {
        handler(move |request: Request| {
            let bomb = Bomb(Cell::new(request.path() == "/bomb"));
            let noted = noted.clone();
            async move {
                let _bomb = bomb;
                let _guard = noted.begin();
                if request.path() == "/bomb" {
                    pending::<()>().await;
                }
                answer(StatusCode::OK, "")
            }
        })
    });
    let mut client = server.connect();
    client.send_get("/bomb");
    eventually("the handler begins", || log.seen()[0] == 1);
    drop(client);
    eventually("the handler is dropped", || log.seen()[1] == 1);
    assert_eq!(server.connect().get("/").status(), 200);
    eventually("nothing is left", || server.connections() == 0);
}

#[gustnado::route("/panic")]
async fn panics(cx: &Context) -> String {
    panic!("as {} wanted", cx.path());
}

#[test]
fn a_panic_in_a_route_is_a_500_and_logged_as_one() {
    let server = Server::application(|| Application::new(routes![panics]));
    let mut client = server.connect();
    assert_eq!(client.get("/panic").status(), 500);
    assert_eq!(server.log().count("ERROR gustnado.access 500 GET /panic (127.0.0.1)"), 1);
    assert_eq!(server.log().count("Uncaught exception GET /panic: as /panic wanted"), 1);
    assert_eq!(client.get("/none").status(), 404);
}

#[gustnado::get("/again/a")]
async fn got_a() -> &'static str {
    "GET a"
}

#[gustnado::post("/again/a")]
async fn posted_a() -> &'static str {
    "POST a"
}

#[gustnado::get("/again/{name}")]
async fn got_other(name: &str) -> String {
    format!("GET {name}")
}

#[test]
fn a_request_that_is_repeated_leads_to_where_it_led_and_any_other_does_not() {
    let server =
        Server::application(|| Application::new(gustnado::routes![got_a, posted_a, got_other]));
    let mut client = server.connect();
    let asked = ["GET a", "GET a", "GET b", "GET b", "POST a", "GET a", "GET c", "POST c", "GET c"];
    for line in asked.repeat(2) {
        let (method, name) = line.split_once(' ').unwrap();
        client.send(format!("{method} /again/{name} HTTP/1.1\r\nHost: a\r\n\r\n"));
        let reply = client.reply();
        match line {
            "POST c" => assert_eq!(reply.status(), 405),
            line => assert_eq!(reply.text(), line),
        }
    }
}
