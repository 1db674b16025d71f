//! Remembering addresses.

use super::Resolver;
use crate::ioloop::{Frame, IOLoop, spawn};
use crate::locks::Event;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How long an answer is taken for true. The system does not say how long it is.
const TTL: Duration = Duration::from_secs(60);

/// How long a failure is: long enough for a crowd that asks again at once, and short enough for who has mended it.
const FAILURE_TTL: Duration = Duration::from_secs(1);

/// So many answers are remembered.
const CAPACITY: usize = 1000;

/// Remembers the answers of another resolver, and asks it once for all who ask the same at the same time.
///
/// ```
/// use gustnado::netutil::{CachingResolver, Resolver, ThreadedResolver};
///
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// let resolver = CachingResolver::new(ThreadedResolver::new());
/// let addresses = resolver.resolve("localhost", 80).await?;
/// assert_eq!(resolver.resolve("localhost", 80).await?, addresses);
/// # Ok::<(), std::io::Error>(())
/// # })??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CachingResolver<R> {
    inner: Rc<R>,
    ttl: Duration,
    failure_ttl: Duration,
    memory: Rc<RefCell<Memory>>,
}

type Memory = HashMap<(String, u16), Entry>;

#[derive(Clone)]
enum Entry {
    Known(Answer, Instant),
    Asked(Rc<Flight>),
}

/// What was answered; an error as its kind and text.
#[derive(Clone)]
struct Answer(Result<Vec<SocketAddr>, (io::ErrorKind, String)>);

/// A question that is under way.
#[derive(Default)]
struct Flight {
    landed: Event,
    answer: RefCell<Option<Answer>>,
}

impl<R: Resolver + 'static> CachingResolver<R> {
    /// Remembers what `inner` answers for 60 seconds, and that it fails for one.
    pub fn new(inner: R) -> Self {
        Self { inner: Rc::new(inner), ttl: TTL, failure_ttl: FAILURE_TTL, memory: Rc::default() }
    }

    /// Remembers addresses for so long.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// Remembers failures for so long; zero asks again each time.
    #[must_use]
    pub fn failure_ttl(mut self, ttl: Duration) -> Self {
        self.failure_ttl = ttl;
        self
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.memory.borrow_mut().clear();
    }

    /// Asks the other resolver, in a task of its own: who gives up waiting leaves the others with their answer.
    fn ask(&self, key: (String, u16), now: Instant) -> Rc<Flight> {
        let flight = Rc::new(Flight::default());
        {
            let mut memory = self.memory.borrow_mut();
            if memory.len() >= CAPACITY {
                memory.retain(|_, entry| entry.is_fresh(now));
            }
            if memory.len() >= CAPACITY {
                memory.clear();
            }
            memory.insert(key.clone(), Entry::Asked(flight.clone()));
        }
        let resolving = self.inner.resolve(&key.0, key.1);
        let (landing, memory) = (flight.clone(), self.memory.clone());
        let (ttl, failure_ttl) = (self.ttl, self.failure_ttl);
        drop(spawn(async move {
            let answer = resolving.await.map_err(|error| (error.kind(), error.to_string()));
            let ttl = if answer.is_ok() { ttl } else { failure_ttl };
            let answer = Answer(answer);
            *landing.answer.borrow_mut() = Some(answer.clone());
            if let Some(entry) = memory.borrow_mut().get_mut(&key)
                && entry.is(&landing)
            {
                *entry = Entry::Known(answer, IOLoop::current().time() + ttl);
            }
            landing.landed.set();
        }));
        flight
    }
}

impl<R: Resolver + 'static> Resolver for CachingResolver<R> {
    fn resolve(&self, host: &str, port: u16) -> Frame<io::Result<Vec<SocketAddr>>> {
        let key = (host.to_ascii_lowercase(), port);
        let now = IOLoop::current().time();
        let entry = self.memory.borrow().get(&key).cloned();
        let flight = match entry {
            Some(Entry::Known(answer, until)) if until > now => {
                return Frame::new(ready(answer.into_result()));
            }
            Some(Entry::Asked(flight)) => flight,
            _ => self.ask(key, now),
        };
        Frame::new(async move {
            flight.landed.wait().await;
            let answer = flight.answer.borrow().clone();
            answer.map_or_else(|| Err(io::ErrorKind::NotFound.into()), Answer::into_result)
        })
    }
}

impl<R> fmt::Debug for CachingResolver<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachingResolver")
            .field("hosts", &self.memory.borrow().len())
            .finish_non_exhaustive()
    }
}

impl Entry {
    fn is_fresh(&self, now: Instant) -> bool {
        match self {
            Self::Known(_, until) => *until > now,
            Self::Asked(_) => true,
        }
    }

    fn is(&self, flight: &Rc<Flight>) -> bool {
        matches!(self, Self::Asked(other) if Rc::ptr_eq(other, flight))
    }
}

impl Answer {
    fn into_result(self) -> io::Result<Vec<SocketAddr>> {
        self.0.map_err(|(kind, text)| io::Error::new(kind, text))
    }
}
