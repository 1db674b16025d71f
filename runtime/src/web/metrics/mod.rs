//! Figures of a running application, for Prometheus.

mod series;
mod text;

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use series::{Cell, Table};

use super::{Context, Layer, Next, Respond};
use crate::coroutine::sleep;
use crate::http::Response;
use crate::ioloop::spawn;

/// What a running application does, in figures: its requests, its loops, and what else it counts. A clone is the same, also on another
/// thread, so that all [workers](super::Application::workers) count together.
///
/// It is a [`Layer`]: around an application or some of its routes, it counts their requests. An application without it pays nothing.
///
/// ```
/// use gustnado::prelude::*;
/// use gustnado::Metrics;
///
/// #[route("/")]
/// async fn index() -> &'static str {
///     "Hello, world"
/// }
///
/// #[route("/metrics")]
/// async fn figures(metrics: &Metrics) -> impl Respond {
///     metrics.page()
/// }
///
/// let metrics = Metrics::new();
/// let mails = metrics.counter("mails_total", "Mails that were sent.", &[]);
/// mails.add(1);
/// let app = Application::new(routes![..routes![index].layer(metrics.clone()), figures]).provide(metrics);
/// # app.build()?;
/// # Ok::<(), Error>(())
/// ```
///
/// | name | kind | labels | |
/// | --- | --- | --- | --- |
/// | `http_requests_total` | counter | `method`, `route`, `status` | requests that were answered |
/// | `http_request_duration_seconds` | histogram | `route` | how long it took to answer them, from 5 ms to 10 s |
/// | `http_requests_in_progress` | gauge | | requests that are being answered |
/// | `http_requests_cancelled_total` | counter | | requests whose client has left, or whose handler has panicked |
/// | `ioloop_lag_seconds` | gauge | `loop` | how late a loop was, at worst, since the last look: [`watch_loop`](Self::watch_loop) |
///
/// A route is told by its path as it was written, so there are never more of them than the application has; a method that HTTP does not
/// know is `other`. Requests that no route takes have no layer, and are not counted.
#[derive(Clone)]
pub struct Metrics(Arc<Table>);

/// How often something is looked at that nobody tells of.
const SECOND: Duration = Duration::from_secs(1);

impl Metrics {
    /// With nothing counted yet.
    pub fn new() -> Self {
        Self(Arc::new(Table::default()))
    }

    /// Something that is counted, and only grows. The same name and labels give the same counter.
    ///
    /// # Panics
    ///
    /// If the name, or that of a label, is none for Prometheus (letters, digits and `_`, no digit first); or if it is the name of
    /// something of another kind.
    pub fn counter(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Counter {
        Counter(self.0.cell(name, help, "counter", labels))
    }

    /// Something that is measured, and may fall. The same name and labels give the same gauge.
    ///
    /// # Panics
    ///
    /// As [`counter`](Self::counter).
    pub fn gauge(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Gauge {
        Gauge(self.0.cell(name, help, "gauge", labels))
    }

    /// Measures something of this thread once a second, such as the length of a queue, for as long as these figures live.
    ///
    /// ```
    /// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
    /// use gustnado::{Metrics, queues::Queue};
    /// use std::rc::Rc;
    ///
    /// let (metrics, queue) = (Metrics::new(), Rc::new(Queue::<u8>::new(0)));
    /// let waiting = queue.clone();
    /// metrics.sample("mails_waiting", "Mails that were not sent yet.", &[], move || waiting.qsize() as f64);
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    ///
    /// As [`counter`](Self::counter); and outside of a loop.
    pub fn sample(
        &self,
        name: &str,
        help: &str,
        labels: &[(&str, &str)],
        measure: impl Fn() -> f64 + 'static,
    ) {
        let (gauge, table) = (self.gauge(name, help, labels), Arc::downgrade(&self.0));
        gauge.set(measure());
        spawn(async move {
            while table.strong_count() > 0 {
                sleep(SECOND).await;
                gauge.set(measure());
            }
        });
    }

    /// Measures once a second how late this thread's loop is: how long a callback that is due has to wait for others. Loops are told
    /// apart by numbers.
    ///
    /// # Panics
    ///
    /// Outside of a loop.
    pub fn watch_loop(&self) {
        let number = self.0.next_loop().to_string();
        let help = "How late a loop was at worst.";
        let gauge = self.gauge("ioloop_lag_seconds", help, &[("loop", &number)]);
        let (table, worst) = (Arc::downgrade(&self.0), Rc::new(std::cell::Cell::new(0.0_f64)));
        spawn(async move {
            let mut looks = 0;
            while let Some(table) = table.upgrade() {
                let scrapes = table.scrapes();
                drop(table);
                // What was told is forgotten.
                if scrapes != looks {
                    (looks, _) = (scrapes, worst.take());
                }
                let begun = Instant::now();
                sleep(SECOND).await;
                let late = begun.elapsed().saturating_sub(SECOND).as_secs_f64();
                worst.set(worst.get().max(late));
                gauge.set(worst.get());
            }
        });
    }

    /// All figures, in Prometheus' text format 0.0.4.
    pub fn text(&self) -> String {
        self.0.text()
    }

    /// The same as an answer.
    pub fn page(&self) -> impl Respond + use<> {
        ([("content-type", "text/plain; version=0.0.4; charset=utf-8")], self.text())
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Layer for Metrics {
    async fn call(&self, cx: Context, next: Next) -> Response {
        let begun = Instant::now();
        let request = cx.request().clone();
        let running = Running::new(self.0.clone(), cx.route().path().to_owned());
        let response = next.run(cx).await;
        running.end(request.method(), response.status(), begun.elapsed());
        response
    }
}

/// A request that is being answered.
struct Running {
    table: Arc<Table>,
    route: String,
    ended: bool,
}

impl Running {
    fn new(table: Arc<Table>, route: String) -> Self {
        table.begin();
        Self { table, route, ended: false }
    }

    fn end(mut self, method: &::http::Method, status: ::http::StatusCode, took: Duration) {
        self.ended = true;
        self.table.answered(&self.route, method, status, took);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.table.end(self.ended);
    }
}

/// Something that is counted; [`Metrics::counter`] makes one. A clone is the same.
#[derive(Clone, Debug)]
pub struct Counter(Arc<Cell>);

impl Counter {
    /// So many more.
    pub fn add(&self, count: u64) {
        self.0.add(count as f64);
    }
}

/// Something that is measured; [`Metrics::gauge`] makes one. A clone is the same.
#[derive(Clone, Debug)]
pub struct Gauge(Arc<Cell>);

impl Gauge {
    /// It is so much now.
    pub fn set(&self, value: f64) {
        self.0.set(value);
    }

    /// It is so much more, or, if that is negative, less.
    pub fn add(&self, change: f64) {
        self.0.add(change);
    }
}
