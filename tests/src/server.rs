//! A server on a thread of its own.

use crate::{Client, PATIENCE};
use gustnado::http::{HTTPServer, Request, Response, Service, Settings};
use gustnado::ioloop::{Frame, Handle, IOLoop};
use gustnado::testing::Log;
use gustnado::{Application, Site, StatusCode};
use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};

thread_local! {
    static SERVER: RefCell<Option<Rc<HTTPServer>>> = const { RefCell::new(None) };
}

/// A service on `127.0.0.1` and some free port, on a loop of its own in a thread of its own. Dropped, it ends.
pub struct Server {
    address: SocketAddr,
    handle: Handle,
    log: Log,
    ended: Receiver<()>,
}

impl Server {
    /// Starts a service that `make` makes on the server's thread, so that it need not be `Send`.
    ///
    /// # Panics
    ///
    /// If the system does not let it listen.
    pub fn start<S: Service + 'static>(
        settings: Settings,
        make: impl FnOnce() -> S + Send + 'static,
    ) -> Self {
        Self::start_with(true, move || (make(), settings))
    }

    /// Starts an application in whose thread nobody listens to the log, as in most programs when they are measured.
    ///
    /// # Panics
    ///
    /// If it cannot start.
    pub fn without_log(make: impl FnOnce() -> Application + Send + 'static) -> Self {
        Self::start_with(false, move || site(make()))
    }

    fn start_with<S: Service + 'static>(
        logs: bool,
        make: impl FnOnce() -> (S, Settings) + Send + 'static,
    ) -> Self {
        let (started, starting) = channel();
        let (end, ended) = channel();
        let log = Log::default();
        let joined = logs.then(|| log.clone());
        std::thread::spawn(move || {
            let _capture = joined.as_ref().map(Log::join);
            let io_loop = IOLoop::new().unwrap();
            let (service, settings) = make();
            let server = Rc::new(HTTPServer::new(service, settings));
            let address = server.listen(([127, 0, 0, 1], 0).into()).unwrap();
            SERVER.set(Some(server));
            started.send((address, io_loop.handle())).unwrap();
            io_loop.start().unwrap();
            SERVER.set(None);
            io_loop.close();
            // Nobody waits for a test that has failed.
            let _ = end.send(());
        });
        let (address, handle) = starting.recv_timeout(PATIENCE).expect("the server starts");
        Self { address, handle, log, ended }
    }

    /// Starts an application.
    ///
    /// # Panics
    ///
    /// If it cannot start.
    pub fn application(make: impl FnOnce() -> Application + Send + 'static) -> Self {
        Self::start_with(true, move || site(make()))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a path on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A new connection to it.
    pub fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// What its thread has logged.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Runs a coroutine on its loop; the result comes through the channel.
    pub fn spawn<T, F>(
        &self,
        work: impl FnOnce(Rc<HTTPServer>) -> F + Send + 'static,
    ) -> Receiver<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + 'static,
    {
        let (done, doing) = channel();
        self.handle.spawn(move || async move {
            let server = SERVER.with_borrow(Clone::clone).expect("the server runs");
            let result = work(server).await;
            // Nobody may care.
            let _ = done.send(result);
        });
        doing
    }

    /// Waits for a coroutine on its loop.
    ///
    /// # Panics
    ///
    /// If it takes too long.
    pub fn run<T, F>(&self, work: impl FnOnce(Rc<HTTPServer>) -> F + Send + 'static) -> T
    where
        T: Send + 'static,
        F: Future<Output = T> + 'static,
    {
        self.spawn(work).recv_timeout(PATIENCE).expect("the coroutine ends in time")
    }

    /// How many connections it has.
    pub fn connections(&self) -> usize {
        self.run(|server| async move { server.connections() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.handle.add_callback(|| IOLoop::current().stop());
        let ended = self.ended.recv_timeout(PATIENCE);
        if !std::thread::panicking() {
            ended.expect("the server ends");
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

/// An application as a service, with its settings.
fn site(application: Application) -> (Site, Settings) {
    let site = application.build().unwrap();
    let settings = site.settings().clone();
    (site, settings)
}

/// A service out of an async function.
pub fn handler<F>(handle: impl Fn(Request) -> F + 'static) -> impl Service
where
    F: Future<Output = Response> + 'static,
{
    move |request: Request| Frame::new(handle(request))
}

/// A service that reads a body of at most 20 bytes as ordinary routes do, counts the requests that arrived whole, and answers with what
/// they said: `METHOD target body`.
pub fn echo(calls: &Arc<AtomicUsize>) -> impl Service + use<> {
    let calls = calls.clone();
    handler(move |request| {
        let calls = calls.clone();
        async move {
            if let Err(error) = request.read_body(20).await {
                return answer(error.status(), error.to_string());
            }
            calls.fetch_add(1, Ordering::Relaxed);
            let body = String::from_utf8_lossy(request.body());
            answer(StatusCode::OK, format!("{} {} {body}", request.method(), request.target()))
        }
    })
}

/// A response with this body.
pub fn answer(status: StatusCode, body: impl Into<gustnado::http::Body>) -> Response {
    Response::new(status).with_body(body)
}
