//! The graceful end of a server, and servers on several threads.

use gustnado::coroutine::sleep;
use gustnado::http::{Body, Settings};
use gustnado::ioloop::{Handle, IOLoop};
use gustnado::{Application, StatusCode, routes};
use gustnado_tests::{Client, PATIENCE, Server, answer, eventually, handler, milliseconds};
use std::cell::Cell;
use std::collections::HashSet;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// A server whose `/wait` waits, how many requests it has begun, and how to let them go on.
fn waiting() -> (Server, Arc<AtomicUsize>, Arc<AtomicBool>) {
    let (begun, release) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
    let (count, released) = (begun.clone(), release.clone());
    let server = Server::start(Settings::default(), move || {
        handler(move |request| {
            let released = released.clone();
            count.fetch_add(1, Ordering::Relaxed);
            async move {
                while request.path() == "/wait" && !released.load(Ordering::Relaxed) {
                    sleep(milliseconds(1)).await;
                }
                answer(StatusCode::OK, request.path().to_owned())
            }
        })
    });
    (server, begun, release)
}

fn refused(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

#[test]
fn what_runs_is_finished_what_is_idle_is_closed_and_what_is_new_is_refused() {
    let (server, begun, release) = waiting();
    let mut never_used = server.connect();
    let mut idle = server.connect();
    assert_eq!(idle.get("/").header("connection"), None);
    let mut running = server.connect();
    running.send_get("/wait").send_get("/behind");
    eventually("the request is running", || begun.load(Ordering::Relaxed) == 2);

    let ended = server.spawn(|server| async move { server.shutdown(PATIENCE).await });
    idle.expect_end();
    never_used.expect_end();
    eventually("new ones are refused", || refused(server.address()));
    assert!(ended.try_recv().is_err(), "a request is running");
    assert_eq!(server.connections(), 1);

    release.store(true, Ordering::Relaxed);
    let reply = running.reply();
    assert_eq!((reply.text().as_str(), reply.header("connection")), ("/wait", Some("close")));
    running.expect_end();
    drop(running);
    assert!(ended.recv_timeout(PATIENCE).unwrap());
    assert_eq!(server.connections(), 0);
    // The one behind had no chance, and its client knows.
    assert_eq!(begun.load(Ordering::Relaxed), 2);
}

#[test]
fn what_is_not_finished_by_the_deadline_is_dropped() {
    let (server, begun, _release) = waiting();
    let mut clients = [(); 3].map(|()| server.connect());
    for client in &mut clients {
        client.send_get("/wait");
    }
    eventually("the requests are running", || begun.load(Ordering::Relaxed) == 3);
    let begin = Instant::now();
    assert!(!server.run(|server| async move { server.shutdown(milliseconds(50)).await }));
    assert!(begin.elapsed() >= milliseconds(45));
    for client in &mut clients {
        client.expect_end();
    }
    assert_eq!(server.connections(), 0);
    assert!(refused(server.address()));
}

#[test]
fn a_request_that_has_arrived_is_still_answered() {
    let (server, _, _) = waiting();
    let mut client = server.connect();
    assert_eq!(client.get("/a").text(), "/a");
    let (busy, is_busy) = channel();
    let ended = server.spawn(move |server| async move {
        busy.send(()).unwrap();
        // The loop is busy while the request arrives.
        std::thread::sleep(milliseconds(50));
        server.shutdown(PATIENCE).await
    });
    is_busy.recv_timeout(PATIENCE).unwrap();
    let reply = client.get("/b");
    assert_eq!((reply.text().as_str(), reply.header("connection")), ("/b", Some("close")));
    client.expect_end();
    drop(client);
    assert!(ended.recv_timeout(PATIENCE).unwrap());
}

#[test]
fn a_response_that_has_begun_is_sent_to_its_end() {
    let server = Server::start(Settings::default(), || {
        handler(|_| async {
            let mut left = 5;
            let pieces = std::iter::from_fn(move || {
                left -= 1;
                (left >= 0).then(|| "tick".into())
            });
            answer(StatusCode::OK, Body::stream(Slow(pieces, None)))
        })
    });
    let mut client = server.connect();
    let head = client.send_get("/").head();
    assert_eq!(head.header("connection"), None);
    assert_eq!(client.chunk(), b"tick");
    let ended = server.spawn(|server| async move { server.shutdown(PATIENCE).await });
    for _ in 0..4 {
        assert_eq!(client.chunk(), b"tick");
    }
    assert_eq!(client.chunk(), b"");
    client.expect_end();
    drop(client);
    assert!(ended.recv_timeout(PATIENCE).unwrap());
}

/// A piece every few milliseconds.
struct Slow<I>(I, Option<std::pin::Pin<Box<gustnado::coroutine::Sleep>>>);

impl<I: Iterator<Item = bytes::Bytes> + Unpin> futures_core::Stream for Slow<I> {
    type Item = Result<bytes::Bytes, Box<dyn std::error::Error>>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let pause = self.1.get_or_insert_with(|| Box::pin(sleep(milliseconds(10))));
        std::task::ready!(std::future::Future::poll(pause.as_mut(), cx));
        self.1 = None;
        std::task::Poll::Ready(self.0.next().map(Ok))
    }
}

#[test]
fn a_server_without_connections_ends_at_once_and_may_be_ended_again() {
    let (server, _, _) = waiting();
    for _ in 0..2 {
        assert!(server.run(|server| async move { server.shutdown(PATIENCE).await }));
    }
    assert!(refused(server.address()));
}

#[test]
fn several_may_wait_for_the_end() {
    let (server, begun, release) = waiting();
    let mut client = server.connect();
    client.send_get("/wait");
    eventually("the request is running", || begun.load(Ordering::Relaxed) == 1);
    let ended =
        [(); 3].map(|()| server.spawn(|server| async move { server.shutdown(PATIENCE).await }));
    std::thread::sleep(milliseconds(10));
    release.store(true, Ordering::Relaxed);
    assert_eq!(client.reply().status(), 200);
    drop(client);
    let begin = Instant::now();
    for ended in ended {
        assert!(ended.recv_timeout(PATIENCE).unwrap());
    }
    assert!(begin.elapsed() < PATIENCE / 2);
}

#[test]
fn stop_only_stops_to_accept() {
    let (server, _, _) = waiting();
    let mut client = server.connect();
    assert_eq!(client.get("/a").status(), 200);
    for _ in 0..2 {
        server.run(|server| async move { server.stop() });
    }
    assert!(refused(server.address()));
    let reply = client.get("/b");
    assert_eq!((reply.status(), reply.header("connection")), (200, None));
    // It may listen again.
    let address =
        server.run(|server| async move { server.listen(([127, 0, 0, 1], 0).into()).unwrap() });
    assert_eq!(Client::connect(address).get("/c").text(), "/c");
}

/// Answers with the thread, and how many requests that thread has answered.
#[gustnado::route("/")]
async fn index(count: &Rc<Cell<u32>>) -> String {
    count.set(count.get() + 1);
    format!("{:?} {}", std::thread::current().id(), count.get())
}

#[gustnado::route("/wait")]
async fn wait() -> &'static str {
    sleep(milliseconds(100)).await;
    "done"
}

/// An application on several threads; how to end it, and whether it ended well.
struct Workers {
    address: SocketAddr,
    handle: Handle,
    thread: std::thread::JoinHandle<bool>,
}

impl Workers {
    fn start(
        count: usize,
        factory: impl Fn() -> gustnado::Result<Application> + Send + Sync + 'static,
    ) -> Self {
        let (started, starting) = channel();
        let thread = std::thread::spawn(move || {
            let io_loop = IOLoop::new().unwrap();
            let ended = io_loop.run_sync(async {
                let server = Application::workers(count, factory).listen("127.0.0.1:0").unwrap();
                let server = server.shutdown_timeout(Duration::from_secs(10));
                started.send((server.addresses()[0], IOLoop::current().handle())).unwrap();
                let end = std::future::poll_fn(|_| match END.get() {
                    true => std::task::Poll::Ready(()),
                    false => std::task::Poll::Pending,
                });
                // Nobody wakes that future; somebody else looks at it now and then.
                let end = async {
                    let mut end = std::pin::pin!(end);
                    while gustnado::coroutine::cancel_after(milliseconds(1), &mut end)
                        .await
                        .is_err()
                    {}
                };
                server.run_until(end).await.is_ok()
            });
            io_loop.close();
            ended.unwrap()
        });
        let (address, handle) = starting.recv_timeout(PATIENCE).unwrap();
        Self { address, handle, thread }
    }

    fn end(self) -> bool {
        self.handle.add_callback(|| END.set(true));
        eventually("it ends", || self.thread.is_finished());
        self.thread.join().unwrap()
    }
}

thread_local! {
    static END: Cell<bool> = const { Cell::new(false) };
}

#[test]
fn workers_share_a_port_and_nothing_else() {
    let factory = || Ok(Application::new(routes![index, wait]).provide(Rc::new(Cell::new(0_u32))));
    let workers = Workers::start(3, factory);
    let mut clients: Vec<Client> = (0..90).map(|_| Client::connect(workers.address)).collect();
    let mut threads = HashSet::new();
    for client in &mut clients {
        let (first, second) = (client.get("/").text(), client.get("/").text());
        let number = |text: &str| text.rsplit_once(' ').unwrap().1.parse::<u32>().unwrap();
        // A connection stays with its thread, and nobody else was served there meanwhile.
        assert_eq!(number(&first) + 1, number(&second));
        threads.insert(first.rsplit_once(' ').unwrap().0.to_owned());
    }
    assert_eq!(threads.len(), 3);
    // All of them end gracefully.
    for client in &mut clients[..30] {
        client.send_get("/wait");
    }
    std::thread::sleep(milliseconds(30));
    let address = workers.address;
    let ending = std::thread::spawn(move || workers.end());
    for (number, client) in clients.iter_mut().enumerate() {
        if number < 30 {
            assert_eq!(client.reply().text(), "done");
        }
        client.expect_end();
    }
    drop(clients);
    assert!(ending.join().unwrap());
    assert!(refused(address));
}

#[test]
fn a_worker_that_cannot_start_ends_them_all() {
    let made = AtomicUsize::new(0);
    let factory = move || match made.fetch_add(1, Ordering::Relaxed) {
        2 => Err(gustnado::Error::msg("the third has bad luck")),
        _ => Ok(Application::new(routes![wait])),
    };
    let workers = Workers::start(3, factory);
    eventually("it ends by itself", || workers.thread.is_finished());
    assert!(!workers.thread.join().unwrap());
    assert!(refused(workers.address));
}
