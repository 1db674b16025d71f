//! Signals of the operating system as something to await.

use super::Core;
use super::sources::{Registration, Side};
use crate::sys::Interest;
use signal_hook::SigId;
use signal_hook::low_level::{pipe, unregister};
use std::future::poll_fn;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::task::{Context, Poll, ready};

/// A signal that can be awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// SIGINT: the user pressed Ctrl-C.
    Interrupt,
    /// SIGTERM: somebody asks the process to end.
    Terminate,
    /// SIGHUP: the terminal is gone; daemons read their configuration again.
    Hangup,
    /// SIGCHLD: a process that this one has started has ended.
    Child,
}

impl Signal {
    const fn number(self) -> i32 {
        match self {
            Self::Interrupt => signal_hook::consts::SIGINT,
            Self::Terminate => signal_hook::consts::SIGTERM,
            Self::Hangup => signal_hook::consts::SIGHUP,
            Self::Child => signal_hook::consts::SIGCHLD,
        }
    }
}

/// Signals that arrive on this thread's loop. While it lives, they do not have their usual effect on the process. A
/// [simulated](crate::testing::simulation) world has none.
///
/// ```no_run
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::ioloop::{Signal, Signals};
///
/// let mut signals = Signals::new(&[Signal::Interrupt, Signal::Terminate])?;
/// let signal = signals.recv().await?;
/// println!("ending because of {signal:?}");
/// # std::io::Result::Ok(())
/// # })??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Signals {
    watched: Vec<Watched>,
}

/// One signal: its handler in the process writes a byte into a socket, which the loop listens to.
#[derive(Debug)]
struct Watched {
    signal: Signal,
    id: SigId,
    registration: Registration,
    receiver: UnixStream,
}

impl Signals {
    /// Begins to watch for `signals`.
    ///
    /// # Errors
    ///
    /// The system's, if there is no descriptor left, or no loop can be made on this thread.
    pub fn new(signals: &[Signal]) -> io::Result<Self> {
        let core = Core::current_or_new()?;
        if core.is_simulated() {
            return Ok(Self { watched: Vec::new() });
        }
        let watch = |&signal: &Signal| {
            let (receiver, sender) = UnixStream::pair()?;
            receiver.set_nonblocking(true)?;
            let fd = receiver.as_raw_fd();
            let registration = Registration::new(&core, fd, Interest::Read)?;
            let id = pipe::register(signal.number(), sender)?;
            Ok(Watched { signal, id, registration, receiver })
        };
        Ok(Self { watched: signals.iter().map(watch).collect::<io::Result<_>>()? })
    }

    /// Waits for the next signal. The same signal sent several times meanwhile may arrive once.
    ///
    /// # Errors
    ///
    /// The system's, when the signal's socket cannot be read.
    pub async fn recv(&mut self) -> io::Result<Signal> {
        poll_fn(|cx| {
            self.watched
                .iter_mut()
                .find_map(|watched| watched.poll(cx))
                .map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

impl Watched {
    fn poll(&mut self, cx: &mut Context<'_>) -> Option<io::Result<Signal>> {
        match self.poll_read(cx) {
            Poll::Ready(Ok(())) => Some(Ok(self.signal)),
            Poll::Ready(Err(error)) => Some(Err(error)),
            Poll::Pending => None,
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.registration.poll(Side::Read, cx));
            match self.receiver.read(&mut [0; 64]) {
                Ok(_) => return Poll::Ready(Ok(())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.registration.clear(Side::Read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        unregister(self.id);
    }
}
