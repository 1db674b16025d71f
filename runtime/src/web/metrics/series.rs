//! What is counted.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::http::{Method, StatusCode};

/// The upper ends of the histogram's buckets, in seconds; behind them is one more.
pub(super) const BUCKETS: [f64; 11] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

#[derive(Default)]
pub(super) struct Table {
    pub(super) routes: Mutex<HashMap<String, Requests>>,
    pub(super) families: Mutex<BTreeMap<String, Family>>,
    pub(super) in_progress: AtomicI64,
    pub(super) cancelled: AtomicU64,
    loops: AtomicUsize,
    pub(super) scrapes: AtomicU64,
}

/// The requests of a route.
#[derive(Default)]
pub(super) struct Requests {
    pub(super) answered: BTreeMap<(&'static str, u16), u64>,
    /// Not yet summed up.
    pub(super) buckets: [u64; BUCKETS.len() + 1],
    pub(super) seconds: f64,
}

/// What has one name.
pub(super) struct Family {
    pub(super) help: String,
    pub(super) kind: &'static str,
    /// By their labels as they are written.
    pub(super) cells: BTreeMap<String, Arc<Cell>>,
}

/// A number that threads share: the bits of an `f64`.
#[derive(Debug, Default)]
pub(super) struct Cell(AtomicU64);

impl Cell {
    pub(super) fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    pub(super) fn add(&self, change: f64) {
        let add = |bits| Some((f64::from_bits(bits) + change).to_bits());
        // It always has a next one.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    pub(super) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

impl Table {
    pub(super) fn begin(&self) {
        self.in_progress.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn end(&self, is_answered: bool) {
        self.in_progress.fetch_sub(1, Ordering::Relaxed);
        self.cancelled.fetch_add(u64::from(!is_answered), Ordering::Relaxed);
    }

    pub(super) fn answered(
        &self,
        route: &str,
        method: &Method,
        status: StatusCode,
        took: Duration,
    ) {
        let mut routes = lock(&self.routes);
        if !routes.contains_key(route) {
            routes.insert(route.to_owned(), Requests::default());
        }
        let Some(requests) = routes.get_mut(route) else { return };
        *requests.answered.entry((known(method), status.as_u16())).or_default() += 1;
        let seconds = took.as_secs_f64();
        let bucket = BUCKETS.iter().position(|end| seconds <= *end);
        requests.buckets[bucket.unwrap_or(BUCKETS.len())] += 1;
        requests.seconds += seconds;
    }

    pub(super) fn cell(
        &self,
        name: &str,
        help: &str,
        kind: &'static str,
        labels: &[(&str, &str)],
    ) -> Arc<Cell> {
        assert!(is_name(name), "{name:?} is no name for Prometheus");
        let mut text = String::new();
        for (label, value) in labels {
            assert!(is_name(label), "{label:?} is no label for Prometheus");
            let comma = if text.is_empty() { "" } else { "," };
            text.push_str(&format!("{comma}{label}=\"{}\"", super::text::escaped(value)));
        }
        let mut families = lock(&self.families);
        let new = || Family { help: help.to_owned(), kind, cells: BTreeMap::new() };
        let family = families.entry(name.to_owned()).or_insert_with(new);
        assert_eq!(family.kind, kind, "{name} is of another kind");
        family.cells.entry(text).or_default().clone()
    }

    /// The number of another loop.
    pub(super) fn next_loop(&self) -> usize {
        self.loops.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// How often the figures were looked at.
    pub(super) fn scrapes(&self) -> u64 {
        self.scrapes.load(Ordering::Relaxed)
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The names of methods that there are; a client may make up others without end.
fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] =
        ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
    KNOWN.iter().find(|known| *method == **known).copied().unwrap_or("other")
}

fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
