//! Handlers that are types: the life of a request, in the order of Tornado.

use bytes::Bytes;
use gustnado::locks::Event;
use gustnado::prelude::*;
use gustnado_tests::{Client, Reply, Server, eventually};
use std::sync::{Arc, Mutex};

/// What has happened, in its order.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    fn has(&self, what: &str) -> bool {
        self.0.lock().unwrap().iter().any(|note| note == what)
    }
}

/// Every step of a life; the query says which one fails, finishes or waits.
struct Everything {
    diary: Diary,
}

impl Everything {
    async fn step(&self, name: &str, cx: &Context, go: &Event) -> Result<()> {
        self.diary.note(name);
        let wanted = |what: &str| cx.query() == Some(&format!("{what}={name}"));
        if wanted("fail") {
            return Err(HTTPError::new(StatusCode::CONFLICT)
                .with_reason(format!("in {name}"))
                .into());
        }
        if wanted("panic") {
            panic!("panic in {name}");
        }
        if wanted("finish") {
            cx.write(format!("finished in {name}"))?;
            cx.finish()?;
        }
        if wanted("wait") {
            go.wait().await;
        }
        Ok(())
    }
}

#[route("/everything/{id}")]
#[handler]
impl Everything {
    async fn initialize(cx: &Context, diary: &Diary) -> Result<Self> {
        diary.note("initialize");
        if cx.query() == Some("fail=initialize") {
            return Err(HTTPError::new(StatusCode::CONFLICT).with_reason("in initialize").into());
        }
        Ok(Self { diary: diary.clone() })
    }

    fn set_default_headers(&mut self, cx: &Context) -> Result<()> {
        cx.set_header("x-default", "yes")
    }

    async fn prepare(&mut self, cx: &Context, go: &Event) -> Result<()> {
        self.step("prepare", cx, go).await
    }

    async fn get(&mut self, cx: &Context, id: u32, go: &Event) -> Result<String> {
        self.step("get", cx, go).await?;
        Ok(format!("got {id}"))
    }

    fn post(&mut self, body: String) -> (StatusCode, String) {
        self.diary.note("post");
        (StatusCode::CREATED, body)
    }

    fn log_exception(&mut self, _cx: &Context, error: &Error) {
        self.diary.note(format!("log_exception {error}"));
    }

    fn on_finish(&mut self, cx: &Context) {
        self.diary.note(format!("on_finish {}", cx.status().as_u16()));
    }

    fn on_connection_close(&mut self, cx: &Context) {
        self.diary.note(format!("on_connection_close {}", cx.path()));
    }
}

/// Errors have a page of the class' own.
#[derive(Default)]
struct OwnPages;

#[route("/own-pages")]
#[handler]
impl OwnPages {
    async fn get(&self, cx: &Context) -> Result<()> {
        cx.set_header("x-dropped", "1")?;
        cx.write("dropped")?;
        match cx.query() {
            Some("panic") => panic!("on purpose"),
            Some("send") => cx.send_error(StatusCode::GONE),
            Some("twice") => Err(HTTPError::new(StatusCode::INSUFFICIENT_STORAGE).into()),
            _ => Err(HTTPError::new(StatusCode::CONFLICT).with_reason("<no>").into()),
        }
    }

    async fn write_error(&mut self, cx: &Context, error: &Error) -> Result<Html<String>> {
        assert_eq!(cx.status(), error.status());
        if error.status() == StatusCode::INSUFFICIENT_STORAGE {
            cx.write("half a page")?;
            return Err(Error::msg("no page either"));
        }
        Ok(Html(format!("own {}: {}", error.status().as_u16(), error.reason())))
    }
}

#[derive(Default)]
struct Failing;

#[route("/failing")]
#[handler]
impl Failing {
    fn get(&self) -> Result<()> {
        Err(Error::msg("the cause"))
    }

    fn log_exception(&mut self, _: &Context, _: &Error) {
        panic!("in log_exception");
    }

    fn on_finish(&mut self, _: &Context) {
        panic!("in on_finish");
    }
}

#[derive(Default)]
struct Upload {
    pieces: Vec<usize>,
    prepared: bool,
}

#[route("/upload", max_body_size = 100_000)]
#[handler]
#[stream_request_body]
impl Upload {
    fn prepare(&mut self, cx: &Context, diary: &Diary) -> Result<()> {
        self.prepared = true;
        diary.note("prepare");
        if cx.query() == Some("refuse") {
            cx.send_error(StatusCode::FORBIDDEN)?;
        }
        Ok(())
    }

    async fn data_received(&mut self, diary: &Diary, cx: &Context, chunk: Bytes) -> Result<()> {
        assert!(self.prepared);
        if self.pieces.is_empty() {
            diary.note("data_received");
        }
        self.pieces.push(chunk.len());
        if cx.query() == Some("fail") {
            return Err(HTTPError::new(StatusCode::CONFLICT).into());
        }
        Ok(())
    }

    async fn put(&mut self) -> String {
        format!("{} bytes", self.pieces.iter().sum::<usize>())
    }

    fn on_connection_close(&mut self, cx: &Context) {
        if let Some(diary) = cx.provided::<Diary>() {
            diary.note("on_connection_close");
        }
    }
}

/// Only reading, and HEAD by itself.
#[derive(Default)]
struct OwnHead;

#[route("/own-head")]
#[handler]
impl OwnHead {
    fn get(&self) -> &'static str {
        "got"
    }

    fn head(&self) -> &'static str {
        "the head"
    }
}

#[derive(Default)]
struct Count(u32);

#[route("/count")]
#[handler]
impl Count {
    fn get(&mut self) -> String {
        self.0 += 1;
        self.0.to_string()
    }
}

fn start() -> (Server, Diary) {
    let diary = Diary::default();
    let noted = diary.clone();
    let server = Server::application(move || {
        Application::new(routes![Everything, OwnPages, Failing, Upload, OwnHead, Count, go])
            .provide(noted)
            .provide(Event::new())
    });
    (server, diary)
}

#[route("/go", method = POST)]
async fn go(go: &Event) {
    go.set();
}

fn let_go(server: &Server) {
    assert_eq!(ask(&mut server.connect(), "POST", "/go", "").status(), 200);
}

fn ask(client: &mut Client, method: &str, target: &str, body: &str) -> Reply {
    let length = body.len();
    client.send(format!(
        "{method} {target} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}"
    ));
    if method == "HEAD" { client.head() } else { client.reply() }
}

#[test]
fn initialize_then_prepare_then_the_verb_then_on_finish() {
    let (server, diary) = start();
    let mut client = server.connect();
    let reply = client.get("/everything/7");
    assert_eq!((reply.status(), reply.text().as_str()), (200, "got 7"));
    assert_eq!(reply.header("x-default"), Some("yes"));
    assert_eq!(diary.take(), ["initialize", "prepare", "get", "on_finish 200"]);
    let reply = ask(&mut client, "POST", "/everything/7", "body");
    assert_eq!((reply.status(), reply.text().as_str()), (201, "body"));
    assert_eq!(diary.take(), ["initialize", "prepare", "post", "on_finish 201"]);
}

#[test]
fn each_request_has_a_value_of_its_own() {
    let (server, _) = start();
    let mut client = server.connect();
    assert_eq!([client.get("/count").text(), client.get("/count").text()], ["1", "1"]);
}

#[test]
fn a_request_that_prepare_finishes_never_reaches_its_verb() {
    let (server, diary) = start();
    let reply = server.connect().get("/everything/7?finish=prepare");
    assert_eq!((reply.status(), reply.text().as_str()), (200, "finished in prepare"));
    assert_eq!(diary.take(), ["initialize", "prepare", "on_finish 200"]);
}

#[test]
fn a_failure_is_logged_answered_and_finished_wherever_it_happens() {
    let (server, diary) = start();
    for (step, before) in [("prepare", vec![]), ("get", vec!["prepare"])] {
        let reply = server.connect().get(&format!("/everything/7?fail={step}"));
        assert_eq!((reply.status(), reply.text()), (409, format!("409: in {step}\n")));
        assert_eq!(reply.header("x-default"), Some("yes"), "errors have the default headers, too");
        let log = format!("log_exception HTTP 409: in {step}");
        let expected = [vec!["initialize"], before, vec![step, &log, "on_finish 409"]].concat();
        assert_eq!(diary.take(), expected);
    }
    // There is no value to tell.
    let reply = server.connect().get("/everything/7?fail=initialize");
    assert_eq!(reply.text(), "409: in initialize\n");
    assert_eq!(diary.take(), ["initialize"]);
}

#[test]
fn a_panic_is_a_500_and_told_once() {
    let (server, diary) = start();
    let reply = server.connect().get("/everything/7?panic=get");
    assert_eq!((reply.status(), reply.text().as_str()), (500, "500: Internal Server Error\n"));
    assert_eq!(diary.take(), ["initialize", "prepare", "get", "on_finish 500"]);
    let log = server.log().take();
    let told = log.iter().filter(|line| line.contains("panic in get")).count();
    assert_eq!(told, 1, "{log:?}");
}

#[test]
fn a_bad_argument_reaches_prepare_and_not_the_verb() {
    let (server, diary) = start();
    let reply = server.connect().get("/everything/x");
    assert_eq!(
        (reply.status(), reply.text().as_str()),
        (400, "400: path argument id: not a whole number\n")
    );
    assert_eq!(diary.take()[..2], ["initialize", "prepare"]);
}

#[test]
fn a_verb_without_a_method_is_a_405_that_makes_no_value() {
    let (server, diary) = start();
    let reply = ask(&mut server.connect(), "DELETE", "/everything/7", "");
    assert_eq!((reply.status(), reply.header("allow")), (405, Some("GET, HEAD, OPTIONS, POST")));
    assert_eq!(diary.take(), [""; 0]);
}

#[test]
fn head_is_answered_by_get_unless_there_is_a_head() {
    let (server, diary) = start();
    let mut client = server.connect();
    let head = ask(&mut client, "HEAD", "/everything/7", "");
    assert_eq!(head.header("content-length"), Some("5"));
    assert!(diary.has("get"));
    assert_eq!(ask(&mut client, "HEAD", "/own-head", "").header("content-length"), Some("8"));
}

#[test]
fn write_error_writes_the_answer() {
    let (server, _) = start();
    let mut client = server.connect();
    for (query, status, text) in [
        ("", 409, "own 409: <no>"),
        ("?panic", 500, "own 500: Internal Server Error"),
        ("?send", 410, "own 410: Gone"),
    ] {
        let reply = client.get(&format!("/own-pages{query}"));
        assert_eq!((reply.status(), reply.text().as_str()), (status, text));
        assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(reply.header("x-dropped"), None);
    }
}

#[test]
fn an_error_in_write_error_is_logged_and_the_answer_is_empty() {
    let (server, _) = start();
    let reply = server.connect().get("/own-pages?twice");
    assert_eq!((reply.status(), reply.text().as_str()), (507, ""));
    assert!(server.log().take().join("\n").contains("no page either"));
}

#[test]
fn a_panic_in_log_exception_or_on_finish_does_not_keep_the_answer() {
    let (server, _) = start();
    let reply = server.connect().get("/failing");
    assert_eq!((reply.status(), reply.text().as_str()), (500, "500: Internal Server Error\n"));
    let log = server.log().take().join("\n");
    assert!(log.contains("in log_exception") && log.contains("in on_finish"), "{log}");
}

#[test]
fn a_client_that_leaves_is_told_to_on_connection_close_and_to_nobody_else() {
    let (server, diary) = start();
    for step in ["prepare", "get"] {
        let mut client = server.connect();
        client.send_get(&format!("/everything/7?wait={step}"));
        eventually("it waits", || diary.has(step));
        drop(client);
        eventually("it hears", || diary.has("on_connection_close /everything/7"));
        eventually("nothing is left", || server.connections() == 0);
        let diary = diary.take();
        assert!(!diary.iter().any(|note| note.starts_with("on_finish")), "{diary:?}");
    }
}

#[test]
fn a_client_that_leaves_after_the_answer_is_nothing_to_hear_of() {
    let (server, diary) = start();
    let mut client = server.connect();
    client.send_get("/everything/7?wait=get");
    eventually("it waits", || diary.has("get"));
    let_go(&server);
    assert_eq!(client.reply().text(), "got 7");
    drop(client);
    eventually("nothing is left", || server.connections() <= 1);
    assert_eq!(diary.take().last().map(String::as_str), Some("on_finish 200"));
}

#[test]
fn prepare_comes_before_a_streamed_body_and_the_verb_behind_it() {
    let (server, diary) = start();
    let mut client = server.connect();
    client.send("PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n");
    eventually("it is prepared", || diary.has("prepare"));
    assert!(!diary.has("data_received"));
    client.send("x".repeat(50_000));
    let reply = client.reply();
    assert_eq!((reply.status(), reply.text().as_str()), (200, "50000 bytes"));
    client.send("PUT /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    assert_eq!(client.reply().text(), "3 bytes");
}

#[test]
fn a_streamed_body_has_the_limit_of_its_route() {
    let (server, _) = start();
    let mut client = server.connect();
    client.try_send("PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n");
    assert_eq!(client.reply().status(), 413);
    client.expect_end();
}

#[test]
fn an_early_end_of_an_upload_closes_the_connection() {
    let (server, diary) = start();
    for query in ["refuse", "fail"] {
        let mut client = server.connect();
        client.send(format!(
            "PUT /upload?{query} HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n"
        ));
        client.try_send("x".repeat(1000));
        let reply = client.reply();
        assert_eq!(reply.status(), if query == "refuse" { 403 } else { 409 });
        assert_eq!(reply.header("connection"), Some("close"));
        assert_eq!(diary.has("data_received"), query == "fail");
        diary.take();
    }
}

#[test]
fn a_client_that_leaves_during_an_upload_is_told() {
    let (server, diary) = start();
    let mut client = server.connect();
    client.send("PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\nabc");
    eventually("a piece is taken", || diary.has("data_received"));
    drop(client);
    eventually("it hears", || diary.has("on_connection_close"));
}

#[test]
fn an_answer_has_an_etag_and_is_not_sent_again() {
    let (server, _) = start();
    let mut client = server.connect();
    let reply = client.get("/count");
    let etag = reply.header("etag").expect("a tag").to_owned();
    client.send(format!("GET /count HTTP/1.1\r\nHost: a\r\nIf-None-Match: {etag}\r\n\r\n"));
    let reply = client.reply();
    assert_eq!((reply.status(), reply.header("etag")), (304, Some(etag.as_str())));
    assert_eq!(reply.header("content-type"), None);
    assert_eq!(client.get("/own-pages").header("etag"), None, "errors have none");
    let reply = ask(&mut client, "POST", "/everything/7", "body");
    assert_eq!(reply.header("etag"), None);
}
