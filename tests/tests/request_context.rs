//! What follows a request through all that it starts: its locals, its span and its id. And the watchdog, which knows its route.
//!
//! Threads of the executor log, too, so the whole binary has one log, and each test looks for what its own requests have said.

use bytes::Bytes;
use futures_core::Stream;
use gustnado::coroutine::{Multi, moment, sleep};
use gustnado::http::{HTTPServer, Request, RequestId, Settings};
use gustnado::ioloop::{ErrorHandler, IOLoop, Local, run_in_executor, spawn};
use gustnado::{Application, Context, StatusCode, Streamed, routes};
use gustnado_tests::{Client, PATIENCE, Server, answer, eventually, handler, milliseconds};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::mpsc::{Sender, channel};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, info};

static USER: Local<String> = Local::new();

/// What was logged, and in which span.
#[derive(Clone, Debug, Default)]
struct Line {
    fields: BTreeMap<&'static str, String>,
    span: Option<BTreeMap<&'static str, String>>,
}

impl Line {
    fn message(&self) -> &str {
        self.fields.get("message").map_or("", String::as_str)
    }

    /// A field of its span.
    fn span(&self, field: &str) -> &str {
        let span = self.span.as_ref().unwrap_or_else(|| panic!("outside of all spans: {self:?}"));
        &span[field]
    }
}

/// The log of the process.
#[derive(Default)]
struct Log {
    spans: Mutex<Vec<Option<BTreeMap<&'static str, String>>>>,
    lines: Mutex<Vec<Line>>,
}

thread_local! {
    /// The spans that the thread is in.
    static ENTERED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Fields<'a>(&'a mut BTreeMap<&'static str, String>);

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

fn index(id: &Id) -> usize {
    id.into_u64() as usize - 1
}

impl Subscriber for &'static Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        target.starts_with("gustnado.") || target == module_path!()
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut fields = BTreeMap::new();
        attributes.record(&mut Fields(&mut fields));
        let mut spans = lock(&self.spans);
        spans.push(Some(fields));
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        if let Some(fields) = &mut lock(&self.spans)[index(id)] {
            values.record(&mut Fields(fields));
        }
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut Fields(&mut line.fields));
        let innermost = ENTERED.with_borrow(|entered| entered.last().copied());
        line.span = innermost.and_then(|index| lock(&self.spans)[index].clone());
        lock(&self.lines).push(line);
    }

    fn enter(&self, id: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(index(id)));
    }

    fn exit(&self, id: &Id) {
        let left = ENTERED.with_borrow_mut(Vec::pop);
        assert_eq!(left, Some(index(id)), "spans are left in the opposite order");
    }
}

impl Log {
    /// The lines whose message contains `text`.
    fn lines(&self, text: &str) -> Vec<Line> {
        let lines = lock(&self.lines);
        lines.iter().filter(|line| line.message().contains(text)).cloned().collect()
    }

    /// The only line whose message contains `text`, as soon as it is there.
    fn line(&self, text: &str) -> Line {
        eventually(text, || !self.lines(text).is_empty());
        let lines = self.lines(text);
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines[0].clone()
    }
}

fn log() -> &'static Log {
    static LOG: LazyLock<Log> = LazyLock::new(Log::default);
    static LISTENING: LazyLock<()> = LazyLock::new(|| {
        tracing::subscriber::set_global_default(&*LOG).unwrap();
    });
    LazyLock::force(&LISTENING);
    &LOG
}

/// An application whose requests leave their lines in the log of the process.
fn serve(make: impl FnOnce() -> Application + Send + 'static) -> (Server, &'static Log) {
    let log = log();
    (Server::without_log(make), log)
}

fn note(what: &str) {
    let user = USER.cloned().unwrap_or_default();
    info!("{user}: {what}");
}

#[gustnado::get("/follow/{name}")]
async fn follow(name: &str, begun: &Cell<u32>) -> String {
    USER.set(name.to_owned());
    note("handler");
    begun.set(begun.get() + 1);
    while begun.get() < 2 {
        moment().await;
    }
    let io_loop = IOLoop::current();
    io_loop.add_callback(|| note("callback"));
    io_loop.call_later(milliseconds(1), || {
        note("timeout");
        drop(spawn(async {
            moment().await;
            note("task of a timeout");
        }));
    });
    let task = spawn(async {
        sleep(milliseconds(2)).await;
        note("task");
    });
    let user = name.to_owned();
    let (told, done) = Multi((
        async {
            moment().await;
            note("child");
            Ok::<_, gustnado::Error>(1)
        },
        async {
            run_in_executor(move || info!("{user}: job")).await?;
            Ok::<_, gustnado::Error>(2)
        },
    ))
    .await
    .unwrap();
    task.await.unwrap();
    note("handler again");
    format!("{told} {done}")
}

#[test]
fn interleaved_requests_each_carry_their_own_id_into_all_that_they_start() {
    let (server, log) = serve(|| Application::new(routes![follow]).provide(Cell::new(0_u32)));
    let names = ["ann", "ben"];
    let mut clients = names.map(|name| {
        let mut client = server.connect();
        client.send_get(&format!("/follow/{name}"));
        client
    });
    for client in &mut clients {
        assert_eq!(client.reply().text(), "1 2");
    }
    let ids = names.map(|name| {
        log.line(&format!("{name}: task of a timeout"));
        let lines = log.lines(&format!("{name}: "));
        assert_eq!(lines.len(), 8, "{lines:?}");
        let access = log.line(&format!("200 GET /follow/{name} "));
        let id = access.fields["request_id"].clone();
        for line in lines.iter().chain([&access]) {
            assert_eq!(line.span("path"), format!("/follow/{name}"), "{line:?}");
            assert_eq!(line.span("method"), "GET");
            assert_eq!(line.span("id"), id);
        }
        id
    });
    assert_ne!(ids[0], ids[1]);
}

/// A body that calls a function for each of its pieces, of one byte each, and waits before each.
struct Pieces {
    left: u32,
    waits: bool,
    make: fn(),
}

impl Pieces {
    fn new(left: u32, make: fn()) -> Self {
        Self { left, waits: true, make }
    }
}

impl Stream for Pieces {
    type Item = gustnado::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.waits = !self.waits;
        if !self.waits {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        (self.make)();
        self.left -= 1;
        Poll::Ready(Some(Ok(Bytes::from_static(b"x"))))
    }
}

#[gustnado::get("/stream")]
async fn streamed() -> Streamed<Pieces> {
    USER.set("the stream".into());
    Streamed(Pieces::new(3, || note("piece")))
}

#[test]
fn a_streamed_body_is_made_in_its_request() {
    let (server, log) = serve(|| Application::new(routes![streamed]));
    assert_eq!(server.connect().get("/stream").text(), "xxx");
    let lines = log.lines("the stream: piece");
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|line| line.span("path") == "/stream"), "{lines:?}");
}

#[gustnado::get("/user/{name}")]
async fn user(name: &str, pause: &Cell<bool>) -> String {
    let before = USER.cloned();
    USER.set(name.to_owned());
    if pause.replace(!pause.get()) {
        moment().await;
    }
    format!("{before:?} {:?}", USER.cloned())
}

#[test]
fn a_request_begins_with_what_was_set_for_its_server_and_leaves_nothing_to_the_next() {
    let (server, _) = serve(|| {
        USER.set("the server's".into());
        Application::new(routes![user]).provide(Cell::new(false))
    });
    let mut client = server.connect();
    for name in ["a", "b", "c"] {
        let expected = format!("Some(\"the server's\") Some({name:?})");
        assert_eq!(client.get(&format!("/user/{name}")).text(), expected);
    }
    client.send("GET /user/d HTTP/1.1\r\nHost: a\r\n\r\n".repeat(4));
    for _ in 0..4 {
        assert_eq!(client.reply().text(), "Some(\"the server's\") Some(\"d\")");
    }
}

#[test]
fn who_keeps_a_request_keeps_its_id_and_not_its_locals() {
    struct Dropped(Sender<()>);

    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }

    static VALUE: Local<Dropped> = Local::new();
    let (sender, receiver) = channel();
    let server = Server::start(Settings::default(), move || {
        let kept = RefCell::new(Vec::new());
        handler(move |request| {
            VALUE.set(Dropped(sender.clone()));
            kept.borrow_mut().push(request);
            let id = |request: &Request| request.request_id().to_string();
            let ids: Vec<_> = kept.borrow().iter().map(id).collect();
            async move { answer(StatusCode::OK, ids.join(" ")) }
        })
    });
    let mut client = server.connect();
    let first = client.get("/").text();
    receiver.recv_timeout(PATIENCE).expect("the value is dropped with its request");
    let both = client.get("/").text();
    let (again, second) = both.split_once(' ').unwrap();
    assert_eq!(again, first);
    assert_ne!(second, first);
}

#[gustnado::get("/id")]
async fn id(id: RequestId, cx: &Context) -> String {
    assert_eq!(id, cx.request_id());
    id.to_string()
}

fn get_with_id(client: &mut Client, target: &str, id: &str) -> String {
    client
        .send(format!("GET {target} HTTP/1.1\r\nHost: a\r\nX-Request-Id: {id}\r\n\r\n"))
        .reply()
        .text()
}

fn is_own(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[test]
fn ids_are_made_here_and_differ() {
    let server = Server::without_log(|| Application::new(routes![id]));
    let mut client = server.connect();
    let ids: Vec<_> = (0..100).map(|_| client.get("/id").text()).collect();
    assert!(ids.iter().all(|id| is_own(id)), "{ids:?}");
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    assert!(is_own(&get_with_id(&mut client, "/id", "chosen")), "nobody is trusted");
}

#[test]
fn an_id_is_taken_from_who_is_trusted_if_it_is_a_plain_word() {
    let (server, log) = serve(|| {
        let settings = Settings { trust_request_id: true, ..Settings::default() };
        Application::new(routes![id]).settings(settings)
    });
    let mut client = server.connect();
    let longest = "a".repeat(64);
    for told in ["chosen-by.the_proxy", "7", &*longest] {
        assert_eq!(get_with_id(&mut client, "/id", told), told);
    }
    for told in ["", "two words", "a\u{e9}", "a/b", "<script>", "a\tb", &*format!("{longest}a")] {
        let id = get_with_id(&mut client, "/id", told);
        assert!(is_own(&id), "{told:?} became {id:?}");
    }
    assert!(is_own(&client.get("/id").text()));
    get_with_id(&mut client, "/id?told", "the-told-one");
    let line = log.line("200 GET /id?told ");
    assert_eq!((line.span("id"), &*line.fields["request_id"]), ("the-told-one", "the-told-one"));
}

#[gustnado::get("/rename")]
async fn rename(cx: &Context) -> String {
    cx.set_request_id("found-elsewhere".parse().unwrap());
    spawn(async { info!("renamed") }).await.unwrap();
    cx.request_id().to_string()
}

#[test]
fn the_application_may_set_the_id() {
    let (server, log) = serve(|| Application::new(routes![rename]));
    assert_eq!(server.connect().get("/rename").text(), "found-elsewhere");
    assert_eq!(log.line("renamed").span("id"), "found-elsewhere");
    assert_eq!(log.line("200 GET /rename ").fields["request_id"], "found-elsewhere");
}

#[gustnado::get("/leave")]
async fn leave() {
    struct Look;

    impl Drop for Look {
        fn drop(&mut self) {
            note("dropped");
        }
    }

    USER.set("who leaves".into());
    let _look = Look;
    note("waits");
    std::future::pending::<()>().await;
}

#[test]
fn a_handler_that_is_dropped_is_dropped_in_its_request() {
    let (server, log) = serve(|| Application::new(routes![leave]));
    let mut client = server.connect();
    client.send_get("/leave");
    log.line("who leaves: waits");
    drop(client);
    assert_eq!(log.line("who leaves: dropped").span("path"), "/leave");
}

#[gustnado::get("/fail/{how}")]
async fn fail(how: &str) {
    match how {
        "there" => drop(spawn(async { panic!("in a task") })),
        _ => panic!("in the handler"),
    }
}

#[test]
fn an_error_handler_around_a_server_is_told_of_its_requests_and_knows_which() {
    let log = log();
    let (sender, receiver) = channel();
    let told = std::thread::spawn(move || {
        let told = Rc::new(RefCell::new(Vec::new()));
        let handler = ErrorHandler::new({
            let told = told.clone();
            move |failure| {
                info!("told of {}: {}", failure.what(), failure.message());
                told.borrow_mut().push(failure.name().to_owned());
                if told.borrow().len() == 2 {
                    IOLoop::current().stop();
                }
                true
            }
        });
        let io_loop = IOLoop::new().unwrap();
        let site = Application::new(routes![fail]).build().unwrap();
        let server = handler.run(|| HTTPServer::new(site, Settings::default())).unwrap();
        sender.send(server.listen(([127, 0, 0, 1], 0).into()).unwrap()).unwrap();
        io_loop.start().unwrap();
        drop(server);
        io_loop.close();
        told.take()
    });
    let mut client = Client::connect(receiver.recv().unwrap());
    assert_eq!(client.get("/fail/here").status(), 500);
    assert_eq!(client.get("/fail/there").status(), 200);
    let told = told.join().unwrap();
    assert_eq!(told[0], "GET /fail/here");
    assert!(told[1].contains("fail"), "{told:?}");
    assert_eq!(log.line("told of request: in the handler").span("path"), "/fail/here");
    assert_eq!(log.line("told of task: in a task").span("path"), "/fail/there");
    assert_eq!(log.lines("Uncaught exception GET /fail/here").len(), 0, "it was enough");
}

fn watched(make: impl FnOnce() -> Application + Send + 'static) -> (Server, &'static Log) {
    let (server, log) = serve(make);
    server.run(|_| async {
        IOLoop::current().set_blocking_log_threshold(milliseconds(50));
    });
    (server, log)
}

#[gustnado::get("/hold/{at}")]
async fn hold(at: &str) {
    if at == "later" {
        moment().await;
    }
    std::thread::sleep(milliseconds(300));
}

const HOLD: u32 = line!() - 8;

#[test]
fn the_watchdog_names_the_route_of_a_handler_that_holds_the_loop() {
    let (server, log) = watched(|| Application::new(routes![hold]));
    let mut client = server.connect();
    for at in ["once", "later"] {
        client.get(&format!("/hold/{at}"));
        let line = log.line(&format!("by handler GET /hold/{at} "));
        let route = format!(r#"(route "/hold/{{at}}", handler hold, {}:{})"#, file!(), HOLD);
        assert!(line.message().ends_with(&route), "{line:?}");
        assert!(line.message().starts_with("IOLoop blocked for "), "{line:?}");
    }
}

#[gustnado::get("/hold-piece")]
async fn hold_piece() -> Streamed<Pieces> {
    Streamed(Pieces::new(1, || std::thread::sleep(milliseconds(300))))
}

#[test]
fn the_watchdog_names_the_route_of_a_body_that_holds_the_loop() {
    let (server, log) = watched(|| Application::new(routes![hold_piece]));
    server.connect().get("/hold-piece");
    log.line("by handler GET /hold-piece (route \"/hold-piece\", handler hold_piece, ");
}
