//! The same program several times, over the same sockets.

use super::{Subprocess, returncode};
use crate::coroutine::sleep;
use crate::ioloop::{JoinHandle, Signal, Signals, spawn};
use crate::iostream::IOStream;
use crate::netutil::{Listener, inherited_sockets, pass_on};
use crate::queues::Queue;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::os::fd::AsFd;
use std::pin::pin;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

/// So often may workers be started again, all together, as in Tornado.
const MAX_RESTARTS: usize = 100;

/// A worker that dies younger than this is started again only so much later, so that one that cannot start does not keep the
/// machine busy with trying.
const YOUNG: Duration = Duration::from_secs(1);

/// What tells a process that it is a worker, and which one.
const TASK_ID: &str = "GUSTNADO_TASK_ID";

/// Supervised processes that serve together: Tornado's `fork_processes`.
///
/// A process with threads cannot be forked safely, so each worker is this program started anew, with the same arguments. The
/// supervisor opens the sockets and passes them on; all workers accept from the same queue, so that a worker that dies takes only
/// the connections with it that it had accepted. A worker that ends with an error or by a signal is started again; one that ends
/// with 0 is not.
///
/// ```no_run
/// use gustnado::prelude::*;
/// use gustnado::netutil::bind_sockets;
/// use gustnado::process::Workers;
///
/// #[route("/")]
/// async fn index() -> &'static str {
///     "Hello, world"
/// }
///
/// #[gustnado::main]
/// async fn main() -> Result<()> {
///     Workers::new(4)
///         .run(|| bind_sockets(8888), async |worker| {
///             Application::new(routes![index])
///                 .listen(worker.sockets()?)?
///                 .run_until(worker.asked_to_end())
///                 .await
///         })
///         .await
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Workers {
    count: usize,
    max_restarts: usize,
}

impl Workers {
    /// So many workers; 0 means one for each processor.
    pub fn new(count: usize) -> Self {
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        let count = if count == 0 { processors() } else { count };
        Self { count, max_restarts: MAX_RESTARTS }
    }

    /// How often workers may be started again, all together, before the supervisor gives up: 100 unless set.
    #[must_use]
    pub fn max_restarts(mut self, max_restarts: usize) -> Self {
        self.max_restarts = max_restarts;
        self
    }

    /// In the first process: opens the sockets, starts the workers and watches over them, until all have ended, or until SIGINT or
    /// SIGTERM, which asks all of them to end and waits for that. In a worker: does the work.
    ///
    /// # Errors
    ///
    /// The work's own; in the first process: the sockets' or the system's; and when workers were started again too often.
    pub async fn run<E: From<io::Error>>(
        self,
        open: impl FnOnce() -> io::Result<Vec<Listener>>,
        work: impl AsyncFnOnce(&Worker) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some(task_id) = task_id() {
            return work(&Worker { task_id }).await;
        }
        let sockets = open()?;
        Ok(self.supervise(&sockets).await?)
    }

    async fn supervise(self, sockets: &[Listener]) -> io::Result<()> {
        let mut signals = Signals::new(&[Signal::Interrupt, Signal::Terminate])?;
        let ends = Rc::new(Queue::new(0));
        let mut workers = (0..self.count)
            .map(|task_id| Running::start(task_id, sockets, &ends).map(Some))
            .collect::<io::Result<Vec<_>>>()?;
        let mut restarts = 0;
        let mut ending = false;
        while workers.iter().any(Option::is_some) {
            let mut next = pin!(ends.get());
            let end = poll_fn(|cx| {
                if !ending && let Poll::Ready(signal) = pin!(signals.recv()).poll(cx) {
                    return Poll::Ready(signal.map(|_| None));
                }
                next.as_mut().poll(cx).map(|end| Ok(end.ok()))
            });
            let Some(End { task_id, returncode }) = end.await? else {
                ending = true;
                workers.iter_mut().flatten().for_each(Running::ask_to_end);
                continue;
            };
            let young = workers[task_id].take().is_some_and(|worker| worker.is_young());
            if ending || returncode == 0 {
                continue;
            }
            tracing::warn!(target: "gustnado.general", "worker {task_id} ended with {returncode}, starting it again");
            restarts += 1;
            if restarts > self.max_restarts {
                return Err(io::Error::other("Too many child restarts, giving up"));
            }
            if young {
                sleep(YOUNG).await;
            }
            workers[task_id] = Some(Running::start(task_id, sockets, &ends)?);
        }
        Ok(())
    }
}

/// A worker's view of itself.
pub struct Worker {
    task_id: usize,
}

impl Worker {
    /// Which of the workers: a number from 0. A worker that is started again keeps it.
    pub fn task_id(&self) -> usize {
        self.task_id
    }

    /// The sockets that the supervisor has opened; there are none a second time.
    ///
    /// # Errors
    ///
    /// The system's, if what was passed on are not listening sockets.
    pub fn sockets(&self) -> io::Result<Vec<Listener>> {
        inherited_sockets()
    }

    /// Waits until the supervisor asks the worker to end, or is gone; or for SIGINT or SIGTERM, which a terminal sends to all
    /// processes of a program.
    ///
    /// # Errors
    ///
    /// The system's, if it has no descriptor left for waiting.
    pub async fn asked_to_end(&self) -> io::Result<()> {
        let mut signals = Signals::new(&[Signal::Interrupt, Signal::Terminate])?;
        // The supervisor holds the other end of the input, and writes nothing.
        let leash = IOStream::from_reader(io::stdin().as_fd().try_clone_to_owned()?)?;
        let mut released = pin!(leash.read_until_close());
        poll_fn(|cx| {
            if pin!(signals.recv()).poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            released.as_mut().poll(cx).map(|_| Ok(()))
        })
        .await
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("task_id", &self.task_id).finish_non_exhaustive()
    }
}

/// Which of the [`Workers`] this process is, from 0; `None` in the supervisor, and in a program without workers.
pub fn task_id() -> Option<usize> {
    std::env::var(TASK_ID).ok()?.parse().ok()
}

/// A worker that ended.
struct End {
    task_id: usize,
    returncode: i32,
}

/// A worker as the supervisor sees it.
struct Running {
    since: Instant,
    /// Dropped, it tells the worker to end.
    leash: Option<IOStream>,
    watching: JoinHandle<()>,
}

impl Running {
    fn start(task_id: usize, sockets: &[Listener], ends: &Rc<Queue<End>>) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(std::env::args_os().skip(1)).env(TASK_ID, task_id.to_string());
        command.stdin(Stdio::piped());
        let mut process = pass_on(sockets, &mut command, Subprocess::spawn)?;
        let leash = process.take_stdin();
        let ends = ends.clone();
        let watching = spawn(async move {
            let returncode = process.wait().await.map_or(-1, returncode);
            drop(ends.put_nowait(End { task_id, returncode }));
        });
        Ok(Self { since: Instant::now(), leash, watching })
    }

    fn ask_to_end(&mut self) {
        drop(self.leash.take());
    }

    fn is_young(&self) -> bool {
        self.since.elapsed() < YOUNG
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.watching.cancel();
    }
}
