//! The server.

use super::connection::Worker;
use super::date::{DateLine, HTTPDate};
use super::exchange::{Exchange, ExchangeRef, Ground};
use super::remote::Remote;
use super::request::Request;
use super::response::Response;
use super::settings::Settings;
use crate::coroutine::{cancel_after, moment, sleep};
use crate::ioloop::{Core, Deadline, Frame, Key, Locals, Parking, Slab, spawn};
use crate::iostream::{IOStream, Parked, Transport};
use crate::netutil::Listener;
use crate::tcpserver::TCPServer;
#[cfg(feature = "tls")]
use crate::{
    ioloop::JoinHandle,
    tls::{Inside, ServerOptions},
};
use std::any::type_name;
use std::cell::{Cell, Ref, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::{Duration, SystemTime};

/// Answers requests.
pub trait Service {
    /// Begins to answer a request, whose head has arrived and has passed every check; its body has not been read. A panic in the
    /// answer is a 500.
    fn call(&self, request: Request) -> Frame<Response>;

    /// Who answers this request, for the log: [something held the loop](crate::ioloop::IOLoop::set_blocking_log_threshold). The name
    /// of the service's type, unless it knows better.
    fn handler(&self, request: &Request) -> String {
        let _ = request;
        type_name::<Self>().to_owned()
    }
}

impl<F: Fn(Request) -> Frame<Response>> Service for F {
    fn call(&self, request: Request) -> Frame<Response> {
        self(request)
    }
}

/// A server of HTTP/1.1 and HTTP/1.0.
///
/// ```
/// use gustnado::http::{HTTPServer, Request, Response, Settings};
/// use gustnado::{StatusCode, ioloop::Frame};
/// use std::time::Duration;
///
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// let hello = |request: Request| {
///     Frame::new(async move { Response::new(StatusCode::OK).with_body(format!("Hello, {}", request.path())) })
/// };
/// let server = HTTPServer::new(hello, Settings::default());
/// let address = server.listen(([127, 0, 0, 1], 0).into())?;
/// server.shutdown(Duration::from_secs(10)).await;
/// # Ok::<(), std::io::Error>(())
/// # })??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct HTTPServer {
    shared: Rc<Shared>,
    tcp: TCPServer,
}

impl HTTPServer {
    /// Makes a server that is not listening yet, on this thread's loop.
    ///
    /// # Panics
    ///
    /// If the thread has no loop and none can be made.
    pub fn new(service: impl Service + 'static, settings: Settings) -> Self {
        let shared = Rc::new(Shared::new(Rc::new(service), settings));
        let accepting = shared.clone();
        let tcp = TCPServer::with_transports(move |transport, remote| {
            accepting.clone().accept(transport, remote);
        });
        Self { shared, tcp }
    }

    /// Listens on `address`; port 0 means any free one. Returns the address it listens on.
    ///
    /// # Errors
    ///
    /// The system's: the address is taken, is not this machine's, or needs a privilege.
    pub fn listen(&self, address: SocketAddr) -> io::Result<SocketAddr> {
        self.tcp.listen(address)
    }

    /// Accepts connections from a socket that listens already.
    ///
    /// # Errors
    ///
    /// The system's: the socket cannot be made non-blocking, or not be waited for.
    pub fn add_socket(&self, listener: impl Into<Listener>) -> io::Result<()> {
        self.tcp.add_socket(listener)
    }

    /// Listens on `address` for connections that are secured by TLS; see [`listen`](Self::listen).
    ///
    /// ```no_run
    /// # use gustnado::http::HTTPServer;
    /// use gustnado::tls::ServerOptions;
    ///
    /// # fn example(server: HTTPServer) -> std::io::Result<()> {
    /// let options = ServerOptions::new("certificate.pem", "key.pem");
    /// server.listen_tls(([127, 0, 0, 1], 8443).into(), &options)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The system's; and what is wrong with the [options](ServerOptions::load), as an error that displays the file's name.
    #[cfg(feature = "tls")]
    pub fn listen_tls(
        &self,
        address: SocketAddr,
        options: &ServerOptions,
    ) -> io::Result<SocketAddr> {
        self.tcp.bind_tls(address, options, Inside::Http)
    }

    /// Accepts connections that are secured by TLS from a socket that listens already.
    ///
    /// # Errors
    ///
    /// As of [`listen_tls`](Self::listen_tls).
    #[cfg(feature = "tls")]
    pub fn add_tls_socket(
        &self,
        listener: impl Into<Listener>,
        options: &ServerOptions,
    ) -> io::Result<()> {
        self.tcp.accept_tls(listener.into(), options, Inside::Http)
    }

    /// Stops to accept connections, and closes the listening sockets. Those that are open go on.
    pub fn stop(&self) {
        self.tcp.stop();
    }

    /// How many connections are open: those that are being served, and those that wait for a request.
    pub fn connections(&self) -> usize {
        let connections = self.shared.busy() + self.shared.parked.borrow().len();
        #[cfg(feature = "tls")]
        let connections = connections + self.shared.handshakes.borrow().len();
        connections
    }

    /// Ends gracefully: stops to accept, closes the connections that wait for a request, and lets those that are being served
    /// finish, which tell their clients `Connection: close`. What is not finished by `deadline` is dropped; says whether
    /// everything was.
    pub async fn shutdown(&self, deadline: impl Into<Deadline>) -> bool {
        let deadline = deadline.into();
        self.shared.draining.set(true);
        // Requests that have arrived are still answered. To hear of them, time must pass: the clock moves only when the loop
        // looks for events, which it does not in every turn.
        sleep(Duration::from_nanos(1)).await;
        self.tcp.stop();
        moment().await;
        self.shared.send_home();
        self.shared.ground.leave();
        let finished = poll_fn(|cx| self.shared.poll_drained(cx.waker()));
        if cancel_after(deadline, finished).await.is_ok() {
            return true;
        }
        self.shared.abort();
        false
    }
}

impl Drop for HTTPServer {
    fn drop(&mut self) {
        self.shared.draining.set(true);
        self.shared.send_home();
    }
}

impl fmt::Debug for HTTPServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HTTPServer")
            .field("connections", &self.connections())
            .finish_non_exhaustive()
    }
}

/// What the connections of a server share.
pub(super) struct Shared {
    pub(super) service: Rc<dyn Service>,
    core: Rc<Core>,
    ground: Rc<Ground>,
    /// What was set where the server was made; each request begins with it.
    locals: Locals,
    /// Connections that wait for a request.
    parked: RefCell<Slab<Resting>>,
    /// Connections that are about to be secured.
    #[cfg(feature = "tls")]
    handshakes: RefCell<Slab<JoinHandle<()>>>,
    /// The tasks of all workers.
    workers: RefCell<Slab<Key>>,
    /// Those that have nothing to do.
    free: RefCell<Vec<Key>>,
    /// A connection on its way to a worker.
    work: Cell<Option<Resting>>,
    date: RefCell<DateLine>,
    /// When the date line must be looked at again, in the loop's ticks.
    date_until: Cell<u64>,
    draining: Cell<bool>,
    /// Who waits for the last connection.
    drained: RefCell<Vec<Waker>>,
    sweeping: Cell<bool>,
}

/// A connection that waits for a request: all that there is of it.
pub(super) struct Resting {
    pub(super) parked: Parked,
    pub(super) remote: Remote,
    deadline: Coarse,
}

/// A time of the loop, in steps of 2²⁰ ns, which take less memory and are fine enough for what rests. Two of them can be compared
/// if they are no further apart than 26 days.
#[derive(Clone, Copy)]
struct Coarse(u32);

impl Coarse {
    /// The step in which `ticks` is.
    fn of(ticks: u64) -> Self {
        Self((ticks >> 20) as u32)
    }

    /// The first step that is all behind `ticks`, or as far from `now` as there is.
    fn after(ticks: u64, now: u64) -> Self {
        Self::of(ticks.min(now.saturating_add(1 << 50)).saturating_add(1 << 20))
    }

    fn is_over(self, now: Self) -> bool {
        now.0.wrapping_sub(self.0) as i32 >= 0
    }
}

/// So many workers are kept for later.
const FREE: usize = 64;

impl Shared {
    fn new(service: Rc<dyn Service>, settings: Settings) -> Self {
        let core = Core::current_or_panic();
        Self {
            service,
            ground: Rc::new(Ground::new(core.clone(), settings)),
            core,
            parked: RefCell::new(Slab::new()),
            #[cfg(feature = "tls")]
            handshakes: RefCell::new(Slab::new()),
            workers: RefCell::new(Slab::new()),
            free: RefCell::default(),
            work: Cell::default(),
            date: RefCell::new(DateLine::new(HTTPDate::from(SystemTime::UNIX_EPOCH))),
            date_until: Cell::new(0),
            locals: Locals::current(),
            draining: Cell::new(false),
            drained: RefCell::default(),
            sweeping: Cell::new(false),
        }
    }

    pub(super) fn ticks(&self) -> u64 {
        self.core.ticks()
    }

    /// What is set for the handler of a request.
    pub(super) fn locals(&self, request: &Request) -> Locals {
        let locals = self.locals.clone();
        match request.span() {
            Some(span) => locals.with_span(span),
            None => locals,
        }
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.get()
    }

    /// The Date header; the wall clock is read once a second at most.
    pub(super) fn date(&self) -> Ref<'_, DateLine> {
        if self.core.ticks() >= self.date_until.get() {
            self.refresh_date();
        }
        self.date.borrow()
    }

    #[cold]
    fn refresh_date(&self) {
        let wall = SystemTime::now();
        let part =
            wall.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
        self.date_until.set(self.core.ticks() + u64::from(1_000_000_000 - part));
        self.date.borrow_mut().set(HTTPDate::from(wall));
    }

    /// Takes a new connection, which rests until its first byte arrives.
    fn accept(self: Rc<Self>, transport: Transport, remote: SocketAddr) {
        // Responses leave in one piece; waiting for more would only delay them. A socket that refuses works all the same.
        let _ = transport.set_nodelay(true);
        match IOStream::with_transport(transport) {
            #[cfg(feature = "tls")]
            Ok(stream) if stream.is_secure() => self.secure(stream, remote.into()),
            Ok(stream) => self.rest(&stream, remote.into()),
            Err(error) => {
                tracing::error!(target: "gustnado.general", %error, "cannot serve a connection");
            }
        }
    }

    /// Lets a connection rest as soon as its handshake is done.
    #[cfg(feature = "tls")]
    fn secure(self: Rc<Self>, stream: IOStream, remote: Remote) {
        let Some(handshake) = stream.handshake() else { return };
        let server = self.clone();
        self.handshakes.borrow_mut().insert_with(|place| {
            spawn(async move {
                handshake.await;
                server.handshakes.borrow_mut().remove(place);
                server.rest(&stream, remote);
            })
        });
    }

    /// Lays down a connection until the next request begins.
    pub(super) fn rest(self: &Rc<Self>, stream: &IOStream, remote: Remote) {
        if self.is_draining() {
            return;
        }
        let deadline = self.core.deadline(self.ground.settings.idle_connection_timeout.into());
        let deadline = Coarse::after(deadline, self.ticks());
        let mut parked = self.parked.borrow_mut();
        let place = parked.next_key().index;
        if let Some(resting) = stream.park(self.clone(), place) {
            parked.insert(Resting { parked: resting, remote, deadline });
        }
        drop(parked);
        if !self.sweeping.replace(true) {
            drop(spawn(sweep(self.clone())));
        }
    }

    /// An exchange for a worker.
    pub(super) fn exchange(&self) -> Exchange {
        Exchange::new(self.ground.clone())
    }

    /// An exchange that goes on where `former` stands, which somebody else still refers to.
    #[cold]
    pub(super) fn successor(&self, former: &Exchange) -> ExchangeRef {
        let mut exchange = self.exchange();
        exchange.succeed(former);
        ExchangeRef::new(exchange)
    }

    /// The connection for the worker that asks.
    pub(super) fn next_work(&self) -> Option<Resting> {
        self.work.take()
    }

    /// The worker at `place` has nothing to do; says whether it is kept.
    pub(super) fn keep(&self, place: Key) -> bool {
        let mut free = self.free.borrow_mut();
        let kept = free.len() < FREE && !self.is_draining();
        if kept {
            free.extend(self.workers.borrow().get(place));
        }
        drop(free);
        self.one_less();
        kept
    }

    /// A worker has gone home.
    pub(super) fn ended(&self, place: Key) {
        self.workers.borrow_mut().remove(place);
        self.one_less();
    }

    /// How many connections are being served.
    fn busy(&self) -> usize {
        // When the loop ends, free workers end before they are told to.
        self.workers.borrow().len().saturating_sub(self.free.borrow().len())
    }

    fn one_less(&self) {
        if self.busy() == 0 {
            self.drained.take().into_iter().for_each(Waker::wake);
        }
    }

    fn poll_drained(&self, waker: &Waker) -> Poll<()> {
        if self.busy() == 0 {
            return Poll::Ready(());
        }
        let mut drained = self.drained.borrow_mut();
        if !drained.iter().any(|other| other.will_wake(waker)) {
            drained.push(waker.clone());
        }
        Poll::Pending
    }

    /// Closes the connections that wait for a request, and ends the workers that wait for them.
    fn send_home(&self) {
        #[cfg(feature = "tls")]
        for handshake in self.handshakes.replace(Slab::new()).into_values() {
            handshake.cancel();
        }
        let parked = std::mem::replace(&mut *self.parked.borrow_mut(), Slab::new());
        for resting in parked.into_values() {
            self.core.remove_parked(resting.parked.source);
        }
        for worker in self.free.take() {
            self.core.wake_task(worker);
        }
    }

    /// Drops everything that is being served.
    fn abort(&self) {
        let places = self.workers.borrow().keys();
        for place in places {
            let worker = self.workers.borrow().get(place).copied();
            if let Some(worker) = worker {
                self.core.cancel_task(worker);
            }
        }
    }

    /// Starts another worker, for this connection.
    #[cold]
    fn hire(self: &Rc<Self>, resting: Resting) {
        self.workers
            .borrow_mut()
            .insert_with(|place| spawn(Worker::new(self.clone(), place, resting)).key());
    }
}

impl Parking for Shared {
    fn unpark(self: Rc<Self>, place: u32) {
        let resting = self.parked.borrow_mut().remove_at(place);
        let Some(resting) = resting else { return };
        let free = self.free.borrow_mut().pop();
        let Some(worker) = free else { return self.hire(resting) };
        // At once, not in the next turn: the worker that has just served another connection is still in the processor's
        // cache.
        self.work.set(Some(resting));
        self.core.run_now(worker);
        if let Some(resting) = self.work.take() {
            // Somebody who was told of it earlier has woken it, so it has to wait for its turn; and stays free.
            self.free.borrow_mut().insert(0, worker);
            self.hire(resting);
        }
    }
}

/// Closes connections that have rested too long; it looks now and then, so that none needs a timer of its own.
async fn sweep(shared: Rc<Shared>) {
    let timeout = shared.ground.settings.idle_connection_timeout;
    let pause = (timeout / 4).clamp(Duration::from_millis(10), Duration::from_secs(1));
    while shared.parked.borrow().len() > 0 {
        sleep(pause).await;
        let now = Coarse::of(shared.ticks());
        let expired = shared.parked.borrow_mut().remove_if(|resting| resting.deadline.is_over(now));
        for resting in expired {
            shared.core.remove_parked(resting.parked.source);
        }
    }
    shared.sweeping.set(false);
}
