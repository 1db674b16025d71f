//! The watchdog: says who held a loop for too long.
//!
//! One thread of the process looks at all watched loops a few times within their thresholds, and leaves a mark, the time, with each
//! one that is awake. At the end of each task's turn and of each callback, the loop looks whether there is a mark. If there is, it
//! takes the mark away, and if that has become old, what has just ended had held the loop at least since then. So nothing of
//! this reads a clock or counts while nothing is wrong: it costs each turn a look at a word that is in the cache.
//!
//! All that crosses threads is this word. Every change of it is one atomic operation on it alone, and no other memory is read
//! because of what it says, so the order of other reads and writes does not matter: everything is `Relaxed`.

use super::waker::LoopId;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The loop runs, and has ended something since the last look.
const AWAKE: u64 = 0;
/// The loop waits for events, or does not run at all. Other values are marks.
const ASLEEP: u64 = u64::MAX;

/// A loop that does not come back is reported after this time, and each time it has doubled.
const STUCK: Duration = Duration::from_secs(1);

/// A look at a loop takes place so many times within its threshold.
const LOOKS: u32 = 4;

/// What a loop and the watchdog share.
pub(crate) struct Watch {
    state: AtomicU64,
    /// In nanoseconds. Only the loop's thread changes it.
    threshold: AtomicU64,
}

impl Watch {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { state: AtomicU64::new(ASLEEP), threshold: AtomicU64::new(u64::MAX) })
    }

    /// Notes that the loop runs again.
    pub(super) fn wake_up(&self) {
        self.state.store(AWAKE, Ordering::Relaxed);
    }

    /// Notes that the loop is about to wait, or has ended.
    pub(super) fn fall_asleep(&self) {
        self.state.store(ASLEEP, Ordering::Relaxed);
    }

    /// Notes that something that ran on the loop has ended; `name` says what, if it took too long.
    #[inline]
    pub(crate) fn ended(&self, name: impl FnOnce(Blocked)) {
        if self.state.load(Ordering::Relaxed) != AWAKE
            && let Some(blocked) = self.take_mark()
        {
            name(blocked);
        }
    }

    #[cold]
    fn take_mark(&self) -> Option<Blocked> {
        let mark = self.state.load(Ordering::Relaxed);
        if mark == ASLEEP {
            return None;
        }
        // A mark is the loop's to take away: the watchdog leaves one only where there is none.
        self.state.store(AWAKE, Ordering::Relaxed);
        let held = now().saturating_sub(mark);
        (held >= self.threshold.load(Ordering::Relaxed))
            .then(|| Blocked(Duration::from_nanos(held)))
    }

    /// Leaves a mark, if the loop is awake and has none; says which one it has had before.
    fn mark(&self, now: u64) -> Option<u64> {
        let marked = self.state.compare_exchange(AWAKE, now, Ordering::Relaxed, Ordering::Relaxed);
        marked.err().filter(|&state| state != ASLEEP)
    }
}

/// For how long the loop was held, at least.
pub(crate) struct Blocked(Duration);

impl Blocked {
    /// Says in the log by whom.
    #[cold]
    pub(crate) fn by(self, what: &str, name: &str, place: &dyn fmt::Display) {
        let seconds = self.0.as_secs_f64();
        tracing::warn!(target: "gustnado.general", what, name, %place, seconds, "IOLoop blocked for {seconds:.3} seconds by {what} {name} ({place})");
    }
}

/// Watches a loop from now on, or does not any more.
pub(super) fn set_threshold(watch: &Arc<Watch>, id: LoopId, threshold: Option<Duration>) {
    let nanos = threshold
        .map_or(u64::MAX, |threshold| u64::try_from(threshold.as_nanos()).unwrap_or(u64::MAX));
    // Most loops end without ever having been watched.
    if watch.threshold.swap(nanos, Ordering::Relaxed) == nanos {
        return;
    }
    let mut pack = pack();
    pack.watched.retain(|watched| !Arc::ptr_eq(&watched.watch, watch));
    if let Some(threshold) = threshold {
        let thread = thread::current().name().unwrap_or("without a name").to_owned();
        let watch = watch.clone();
        pack.watched.push(Watched { watch, id, thread, threshold, stuck: None });
        if !pack.guarded {
            let dog = thread::Builder::new().name("gustnado-watch".into()).spawn(keep_watch);
            pack.guarded = dog.is_ok();
            if let Err(error) = dog {
                tracing::error!(target: "gustnado.general", %error, "cannot start the watchdog");
            }
        }
    }
    CHANGED.notify_one();
}

pub(super) fn threshold(watch: &Watch) -> Option<Duration> {
    let nanos = watch.threshold.load(Ordering::Relaxed);
    (nanos != u64::MAX).then(|| Duration::from_nanos(nanos))
}

/// All loops that are watched.
struct Pack {
    watched: Vec<Watched>,
    /// Whether the thread runs.
    guarded: bool,
}

struct Watched {
    watch: Arc<Watch>,
    id: LoopId,
    /// The name of the loop's thread.
    thread: String,
    threshold: Duration,
    /// The mark that is becoming old, and the age at which that is reported next.
    stuck: Option<(u64, Duration)>,
}

static PACK: Mutex<Pack> = Mutex::new(Pack { watched: Vec::new(), guarded: false });
static CHANGED: Condvar = Condvar::new();

fn pack() -> MutexGuard<'static, Pack> {
    PACK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The thread: looks at the loops as long as there are any.
fn keep_watch() {
    let mut pack = pack();
    loop {
        let Some(shortest) = pack.watched.iter().map(|watched| watched.threshold).min() else {
            pack.guarded = false;
            return;
        };
        let pause = (shortest / LOOKS).max(Duration::from_millis(1));
        pack = CHANGED.wait_timeout(pack, pause).unwrap_or_else(PoisonError::into_inner).0;
        let now = now();
        let stuck: Vec<_> =
            pack.watched.iter_mut().filter_map(|watched| watched.look(now)).collect();
        if !stuck.is_empty() {
            // Outside of the lock: nobody knows how long writing to the log takes.
            drop(pack);
            stuck.iter().for_each(Stuck::report);
            pack = self::pack();
        }
    }
}

impl Watched {
    /// Looks at the loop; says whether it is time to report it.
    fn look(&mut self, now: u64) -> Option<Stuck> {
        let mark = self.watch.mark(now)?;
        let held = Duration::from_nanos(now.saturating_sub(mark));
        let due = match self.stuck {
            Some((stuck, due)) if stuck == mark => due,
            _ => STUCK.max(self.threshold),
        };
        let is_due = held >= due;
        self.stuck = Some((mark, if is_due { due.saturating_mul(2) } else { due }));
        is_due.then(|| Stuck { number: self.id.number(), thread: self.thread.clone(), held })
    }
}

/// A loop that does not come back.
struct Stuck {
    number: u16,
    thread: String,
    held: Duration,
}

impl Stuck {
    fn report(&self) {
        let Self { number, thread, held } = self;
        let seconds = held.as_secs_f64();
        tracing::warn!(target: "gustnado.general", number, thread, seconds, "IOLoop {number} (thread {thread}) has been blocked for {seconds:.1} seconds");
    }
}

/// The present as a mark: nanoseconds since the first look, and neither of the two other values.
fn now() -> u64 {
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(BEGIN.elapsed().as_nanos()).map_or(ASLEEP - 1, |now| now.clamp(1, ASLEEP - 1))
}
