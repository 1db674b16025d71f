//! An application that listens, and its end.

use std::cell::Cell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::Site;
use super::workers::{Crew, Worker};
use crate::error::{Result, WithContext};
use crate::http::HTTPServer;
use crate::ioloop::{Core, Signal, Signals};
use crate::netutil::Listener;
#[cfg(feature = "tls")]
use crate::tls::ServerOptions;

/// How long requests that are being answered may go on after the end was asked for: a little less than what most
/// supervisors wait before they kill.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(25);

/// An application that listens, made by [`Application::listen`](super::Application::listen).
///
/// It answers while its loop runs. Dropped, it does not listen any more.
///
/// ```
/// use gustnado::prelude::*;
/// use std::time::Duration;
///
/// #[route("/")]
/// async fn index() -> &'static str {
///     "Hello, world"
/// }
///
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// let server = Application::new(routes![index]).listen("127.0.0.1:0")?;
/// println!("listening on {}", server.addresses()[0]);
/// server.run_until(sleep(Duration::from_millis(1))).await
/// # })??;
/// # Ok::<(), Error>(())
/// ```
pub struct Server {
    site: Site,
    http: HTTPServer,
    addresses: Vec<SocketAddr>,
    /// Where it listens, for the log.
    places: Vec<String>,
    scheme: Scheme,
    reloads_on_hangup: bool,
    shutdown_timeout: Duration,
    /// What is to run on other threads.
    workers: Vec<Worker>,
}

/// How connections are made.
#[derive(Clone, Debug)]
pub(super) enum Scheme {
    Http,
    #[cfg(feature = "tls")]
    Https(ServerOptions),
}

impl Scheme {
    fn name(&self) -> &'static str {
        match self {
            Self::Http => "http",
            #[cfg(feature = "tls")]
            Self::Https(_) => "https",
        }
    }

    fn serve(&self, http: &HTTPServer, listener: Listener) -> io::Result<()> {
        match self {
            Self::Http => http.add_socket(listener),
            #[cfg(feature = "tls")]
            Self::Https(options) => http.add_tls_socket(listener, options),
        }
    }

    /// Reads anew what can have changed.
    fn reload(&self) {
        #[cfg(feature = "tls")]
        if let Self::Https(options) = self
            && let Err(error) = options.reload()
        {
            tracing::error!(target: "gustnado.general", "the certificates stay as they are: {error}");
        }
    }
}

impl Server {
    pub(super) fn new(
        site: Site,
        listeners: Vec<impl Into<Listener>>,
        scheme: Scheme,
    ) -> Result<Self> {
        let http = HTTPServer::new(site.clone(), site.settings().clone());
        let (mut addresses, mut places) = (Vec::new(), Vec::new());
        for listener in listeners.into_iter().map(Into::into) {
            match listener.local_addr() {
                Ok(address) => {
                    addresses.push(address);
                    places.push(format!("{}://{address}", scheme.name()));
                }
                Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                    places.push(listener.to_string());
                }
                Err(error) => return Err(error.into()),
            }
            scheme.serve(&http, listener)?;
        }
        Ok(Self {
            site,
            http,
            addresses,
            places,
            scheme,
            reloads_on_hangup: false,
            shutdown_timeout: SHUTDOWN_TIMEOUT,
            workers: Vec::new(),
        })
    }

    pub(super) fn with_workers(self, workers: Vec<Worker>) -> Self {
        Self { workers, ..self }
    }

    /// The addresses it listens on, with the ports that 0 became. Unix sockets have none.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// How long requests, and what is to be done [at the end](super::Application::on_shutdown), may go on after the end
    /// was asked for: 25 seconds unless set.
    #[must_use]
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }

    /// Lets [`run`](Self::run) [reload](ServerOptions::reload) the certificates when the process gets SIGHUP, as other servers do.
    /// Default: SIGHUP ends the process.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn reload_on_hangup(mut self) -> Self {
        self.reloads_on_hangup = true;
        self
    }

    /// Serves until the process is asked to end (SIGINT, SIGTERM); then accepts nothing more, closes the connections
    /// that wait for a request, lets those that are being answered finish, and does what is to be done
    /// [at the end](super::Application::on_shutdown), all until the [timeout](Self::shutdown_timeout). A second signal ends
    /// it at once.
    ///
    /// # Errors
    ///
    /// The system's, if it cannot watch for signals; and that of a [worker](super::Application::workers), which ends
    /// them all.
    pub async fn run(self) -> Result {
        let mut watched = vec![Signal::Interrupt, Signal::Terminate];
        if self.reloads_on_hangup {
            watched.push(Signal::Hangup);
        }
        let mut signals = Signals::new(&watched).context("watching for signals")?;
        let scheme = self.scheme.clone();
        let asked = Cell::new(false);
        // Needs no waker: it is looked at below, after every signal.
        let end = poll_fn(|_| if asked.get() { Poll::Ready(()) } else { Poll::Pending });
        let mut serving = pin!(self.run_until(end));
        poll_fn(|cx| {
            while let Poll::Ready(signal) = pin!(signals.recv()).poll(cx) {
                let signal = signal.context("watching for signals")?;
                if signal == Signal::Hangup {
                    scheme.reload();
                    continue;
                }
                let again = asked.replace(true);
                let how = if again { " at once" } else { "" };
                tracing::info!(target: "gustnado.general", "ending{how}: {signal:?}");
                if again {
                    return Poll::Ready(Ok(()));
                }
            }
            serving.as_mut().poll(cx)
        })
        .await
    }

    /// Serves until `end` is ready, and then ends as [`run`](Self::run) does.
    ///
    /// # Errors
    ///
    /// That of a [worker](super::Application::workers), which ends them all.
    pub async fn run_until(mut self, end: impl Future) -> Result {
        for place in &self.places {
            tracing::info!(target: "gustnado.general", "listening on {place}");
        }
        let crew = Crew::start(std::mem::take(&mut self.workers), self.shutdown_timeout)?;
        let mut end = pin!(end);
        let mut failed = pin!(crew.ending());
        poll_fn(|cx| {
            if failed.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            end.as_mut().poll(cx).map(drop)
        })
        .await;
        crew.end();
        self.shutdown().await;
        crew.ended().await
    }

    /// Ends what this thread does.
    pub(super) async fn shutdown(&self) {
        let core = Core::current_or_panic();
        let deadline = core.instant(core.deadline(self.shutdown_timeout.into()));
        self.site.draining().set();
        if !self.http.shutdown(deadline).await {
            tracing::warn!(target: "gustnado.general", "some requests did not finish in time");
        }
        self.site.shutdown(deadline).await;
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
