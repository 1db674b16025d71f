//! Answers by hand: what a handler says through its context.

use gustnado::coroutine::Multi;
use gustnado::http::{Cookie, SameSite};
use gustnado::locks::Event;
use gustnado::prelude::*;
use gustnado::{Finish, route};
use gustnado_tests::{Server, eventually};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a handler waits for, and what it has done.
#[derive(Default)]
struct Shared {
    go: Event,
    done: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
}

struct Guard(Arc<AtomicUsize>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[route("/set")]
async fn set(cx: &Context) -> Result<&'static str> {
    cx.set_status(StatusCode::ACCEPTED);
    cx.set_header("X-One", "first")?;
    cx.set_header("x-one", "second")?;
    cx.add_header("X-Many", "1")?;
    cx.add_header("X-Many", "2")?;
    cx.set_header("X-Gone", "1")?;
    cx.clear_header("x-gone")?;
    assert_eq!(cx.status(), StatusCode::ACCEPTED);
    Ok("returned")
}

#[route("/type")]
async fn own_type(cx: &Context) -> Result<&'static str> {
    cx.set_header("Content-Type", "text/csv")?;
    Ok("a,b")
}

#[route("/write")]
async fn write(cx: &Context) -> Result<()> {
    cx.write("<p>")?;
    cx.write(b"bytes")?;
    Ok(())
}

#[route("/write-and-return")]
async fn write_and_return(cx: &Context) -> Result<&'static str> {
    cx.write("written, ")?;
    Ok("returned")
}

#[route("/json")]
async fn json(cx: &Context) -> Result<()> {
    cx.write_json(&["a", "b"])
}

#[route("/cookies")]
async fn cookies(cx: &Context) -> Result<String> {
    cx.set_cookie(("a", "1"))?;
    cx.set_cookie(("a", "2"))?;
    cx.set_cookie(Cookie::new("b", "x;y").secure().http_only().same_site(SameSite::Strict))?;
    cx.clear_cookie("c")?;
    Ok(cx.cookie("sent").unwrap_or_default())
}

#[route("/unsafe")]
async fn not_safe(cx: &Context) -> String {
    let refusals = [
        cx.set_header("X-A", "a\r\nSet-Cookie: b=c"),
        cx.set_header("X-A\r\nX-B", "a"),
        cx.set_header("X-A", "\u{7f}"),
        cx.add_header("X-A", "a\nb"),
        cx.set_header("Content-Length", "3"),
        cx.set_cookie(("a", "b\r\nc")),
        cx.set_cookie(("a b", "c")),
        cx.set_cookie(Cookie::new("a", "b").path("/; Domain=evil.example")),
        cx.set_cookie(Cookie::new("a", "b").domain("evil.example\r\nX-A: b")),
    ];
    refusals.iter().filter(|refusal| refusal.is_err()).count().to_string()
}

#[route("/tab")]
async fn tab(cx: &Context) -> Result<()> {
    cx.set_header("X-Tab", "a\tb")
}

#[route("/finish", methods = [GET, HEAD])]
async fn finish(cx: &Context) -> Result<&'static str> {
    cx.write("finished")?;
    cx.finish()?;
    assert!(cx.is_finished());
    assert!(cx.write("more").is_err());
    assert!(cx.finish().is_err());
    assert!(cx.set_header("x-late", "1").is_err());
    assert!(cx.redirect("/").is_err());
    assert!(cx.flush().await.is_err());
    Ok("never sent")
}

#[route("/finish-and-go-on")]
async fn finish_and_go_on(cx: &Context, shared: &Shared) -> Result<()> {
    cx.write("finished")?;
    cx.finish()?;
    shared.go.wait().await;
    shared.done.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

#[route("/finish-error")]
async fn finish_error(cx: &Context) -> Result<()> {
    cx.set_status(StatusCode::PAYMENT_REQUIRED);
    cx.set_header("x-kept", "yes")?;
    cx.write("so far")?;
    Err(Finish.into())
}

#[route("/redirect")]
async fn redirect(cx: &Context) -> Result<()> {
    cx.set_cookie(("a", "1"))?;
    cx.redirect("/elsewhere?a=b")
}

#[route("/redirect-away")]
async fn redirect_away(cx: &Context) -> Result<()> {
    cx.redirect("//evil.example/")
}

#[route("/send-error")]
async fn send_error(cx: &Context) -> Result<&'static str> {
    cx.set_status(StatusCode::CREATED);
    cx.set_header("x-dropped", "1")?;
    cx.set_cookie(("kept", "1"))?;
    cx.write("dropped")?;
    cx.send_error(HTTPError::new(StatusCode::CONFLICT).with_reason("no <way>"))?;
    Ok("dropped, too")
}

#[route("/fail")]
async fn fail(cx: &Context) -> Result<()> {
    cx.set_status(StatusCode::CREATED);
    cx.set_header("x-dropped", "1")?;
    cx.write("dropped")?;
    Err(HTTPError::new(StatusCode::CONFLICT).into())
}

#[route("/flush", methods = [GET, HEAD])]
async fn flush(cx: &Context, shared: &Shared) -> Result<&'static str> {
    let _guard = Guard(shared.dropped.clone());
    cx.set_header("x-set", "1")?;
    cx.write("one")?;
    cx.flush().await?;
    if *cx.method() != Method::HEAD {
        assert!(cx.is_head_sent());
        assert!(cx.set_header("x-late", "1").is_err());
        shared.go.wait().await;
    }
    cx.write("two")?;
    cx.flush().await?;
    cx.flush().await?;
    cx.write("three")?;
    Ok("four")
}

#[route("/flush-together")]
async fn flush_together(cx: &Context) -> Result<()> {
    cx.write("one")?;
    let (first, second) = Multi((cx.flush(), async {
        moment().await;
        cx.write("two")
    }))
    .await?;
    let ((), ()) = (first, second);
    Ok(())
}

#[route("/flush-and-fail")]
async fn flush_and_fail(cx: &Context) -> Result<()> {
    cx.write("one")?;
    cx.flush().await?;
    Err(Error::msg("too late"))
}

#[route("/flush-and-finish")]
async fn flush_and_finish(cx: &Context, shared: &Shared) -> Result<()> {
    cx.write("one")?;
    cx.flush().await?;
    cx.write("two")?;
    cx.finish()?;
    shared.go.wait().await;
    Ok(())
}

#[route("/go", method = POST)]
async fn go(shared: &Shared) {
    shared.go.set();
}

struct Counters {
    done: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
}

fn start() -> (Server, Counters) {
    let counters = Counters { done: Arc::default(), dropped: Arc::default() };
    let (done, dropped) = (counters.done.clone(), counters.dropped.clone());
    let server = Server::application(move || {
        Application::new(routes![
            set,
            own_type,
            write,
            write_and_return,
            json,
            cookies,
            not_safe,
            tab,
            finish,
            finish_and_go_on,
            finish_error,
            redirect,
            redirect_away,
            send_error,
            fail,
            flush,
            flush_together,
            flush_and_fail,
            flush_and_finish,
            go
        ])
        .provide(Shared { go: Event::new(), done, dropped })
    });
    (server, counters)
}

fn let_go(server: &Server) {
    let mut client = server.connect();
    client.send("POST /go HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(client.reply().status(), 200);
}

#[test]
fn what_is_set_by_hand_is_in_the_answer_that_is_returned() {
    let (server, _) = start();
    let reply = server.connect().get("/set");
    assert_eq!((reply.status(), reply.text().as_str()), (202, "returned"));
    assert_eq!(reply.header("x-one"), Some("second"));
    assert_eq!(reply.header("x-gone"), None);
    let many: Vec<_> = reply.headers.iter().filter(|(name, _)| name == "x-many").collect();
    assert_eq!(many.len(), 2);
    let reply = server.connect().get("/type");
    assert_eq!(reply.header("content-type"), Some("text/csv"));
}

#[test]
fn what_is_written_comes_before_what_is_returned_and_is_html_unless_told_otherwise() {
    let (server, _) = start();
    let mut client = server.connect();
    let reply = client.get("/write");
    assert_eq!(reply.text(), "<p>bytes");
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(reply.header("content-length"), Some("8"));
    let reply = client.get("/write-and-return");
    assert_eq!(reply.text(), "written, returned");
    assert_eq!(reply.header("content-type"), Some("text/plain; charset=utf-8"));
    let reply = client.get("/json");
    assert_eq!(reply.text(), r#"["a","b"]"#);
    assert_eq!(reply.header("content-type"), Some("application/json"));
}

#[test]
fn the_same_cookie_twice_is_replaced() {
    let (server, _) = start();
    let mut client = server.connect();
    client.send("GET /cookies HTTP/1.1\r\nHost: a\r\nCookie: sent=1; x=\"; sent=2\r\n\r\n");
    let reply = client.reply();
    assert_eq!(reply.text(), "2");
    let cookies: Vec<_> = reply
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie")
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(
        cookies,
        [
            "a=2; Path=/",
            "b=\"x\\073y\"; Path=/; Secure; HttpOnly; SameSite=Strict",
            "c=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0",
        ]
    );
}

#[test]
fn nothing_unsafe_gets_into_a_header() {
    let (server, _) = start();
    let mut client = server.connect();
    let reply = client.get("/unsafe");
    assert_eq!(reply.text(), "9");
    assert_eq!(reply.header("set-cookie"), None);
    assert_eq!(reply.header("x-a"), None);
    assert_eq!(client.get("/tab").header("x-tab"), Some("a\tb"));
}

#[test]
fn nothing_can_be_said_after_the_end() {
    let (server, _) = start();
    let mut client = server.connect();
    let reply = client.get("/finish");
    assert_eq!((reply.status(), reply.text().as_str()), (200, "finished"));
    client.send("HEAD /finish HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.head().header("content-length"), Some("8"));
}

#[test]
fn a_finished_answer_leaves_while_its_handler_goes_on() {
    let (server, counters) = start();
    let mut client = server.connect();
    client.send_get("/finish-and-go-on");
    client.send_get("/write");
    let mut head = client.head();
    assert_eq!(head.header("content-length"), Some("8"));
    head.body = client.take(8);
    assert_eq!(head.text(), "finished");
    assert_eq!(counters.done.load(Ordering::Relaxed), 0);
    let_go(&server);
    // The next request waits for the end.
    assert_eq!(client.reply().text(), "<p>bytes");
    assert_eq!(counters.done.load(Ordering::Relaxed), 1);
}

#[test]
fn finish_as_an_error_is_a_normal_end() {
    let (server, _) = start();
    let reply = server.connect().get("/finish-error");
    assert_eq!((reply.status(), reply.text().as_str()), (402, "so far"));
    assert_eq!(reply.header("x-kept"), Some("yes"));
    let log = server.log().take().join("\n");
    assert!(!log.contains("early"), "{log}");
}

#[test]
fn a_redirect_keeps_what_was_set_and_never_leaves_the_site() {
    let (server, _) = start();
    let mut client = server.connect();
    let reply = client.get("/redirect");
    assert_eq!((reply.status(), reply.header("location")), (303, Some("/elsewhere?a=b")));
    assert_eq!(reply.header("set-cookie"), Some("a=1; Path=/"));
    let reply = client.get("/redirect-away");
    assert_eq!((reply.status(), reply.header("location")), (400, None));
}

#[test]
fn an_error_drops_what_was_said_but_for_cookies() {
    let (server, _) = start();
    let mut client = server.connect();
    let reply = client.get("/send-error");
    assert_eq!((reply.status(), reply.text().as_str()), (409, "409: no <way>\n"));
    assert_eq!(reply.header("x-dropped"), None);
    assert_eq!(reply.header("set-cookie"), Some("kept=1; Path=/"));
    let reply = client.get("/fail");
    assert_eq!((reply.status(), reply.text().as_str()), (409, "409: Conflict\n"));
    assert_eq!(reply.header("x-dropped"), None);
}

#[test]
fn a_flush_sends_the_head_and_what_was_written() {
    let (server, _) = start();
    let mut client = server.connect();
    client.send_get("/flush");
    let head = client.head();
    assert_eq!(head.header("transfer-encoding"), Some("chunked"));
    assert_eq!(head.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(head.header("x-set"), Some("1"));
    assert_eq!(client.chunk(), b"one");
    let_go(&server);
    assert_eq!(client.chunk(), b"two");
    assert_eq!(client.chunk(), b"threefour");
    assert_eq!(client.chunk(), b"");
    assert_eq!(client.get("/write").text(), "<p>bytes");
    // The answer to HEAD is that of GET, as far as its length is known.
    client.send("HEAD /flush HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.head().header("x-set"), Some("1"));
    assert_eq!(client.get("/flush-together").text(), "onetwo");
}

#[test]
fn http_1_0_gets_a_flushed_answer_until_the_end_of_the_connection() {
    let (server, _) = start();
    let_go(&server);
    let mut client = server.connect();
    client.send("GET /flush HTTP/1.0\r\n\r\n");
    assert_eq!(client.reply().text(), "onetwothreefour");
}

#[test]
fn a_client_that_leaves_after_a_flush_ends_the_handler() {
    let (server, counters) = start();
    let mut client = server.connect();
    client.send_get("/flush");
    client.head();
    assert_eq!(client.chunk(), b"one");
    assert_eq!(counters.dropped.load(Ordering::Relaxed), 0);
    drop(client);
    eventually("the handler is dropped", || counters.dropped.load(Ordering::Relaxed) == 1);
}

#[test]
fn an_error_after_the_head_breaks_the_connection() {
    let (server, _) = start();
    let mut client = server.connect();
    client.send_get("/flush-and-fail");
    client.head();
    assert_eq!(client.chunk(), b"one");
    // No last chunk: the client sees that something is missing.
    client.expect_end();
    eventually("it is logged", || server.log().take().join("\n").contains("too late"));
}

#[test]
fn the_last_piece_leaves_when_a_flushed_answer_is_finished() {
    let (server, _) = start();
    let mut client = server.connect();
    client.send_get("/flush-and-finish");
    client.head();
    assert_eq!(client.chunk(), b"one");
    assert_eq!(client.chunk(), b"two");
    let_go(&server);
    assert_eq!(client.chunk(), b"");
}
