//! The requests that are logged about.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tracing::Metadata;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};

/// The target of the span that a request runs in.
const REQUEST: &str = "gustnado.request";

/// The spans of requests; there are no others for us.
pub(super) struct Spans {
    /// Several tables, so that threads rarely meet at one.
    shards: [Mutex<HashMap<u64, Arc<RequestSpan>>>; SHARDS],
    last: AtomicU64,
}

const SHARDS: usize = 16;

pub(super) struct RequestSpan {
    id: Mutex<String>,
    /// How many records it has made.
    records: AtomicU32,
    handles: AtomicUsize,
}

thread_local! {
    /// What this thread is in, the innermost last.
    static ENTERED: RefCell<Vec<(u64, Arc<RequestSpan>)>> = const { RefCell::new(Vec::new()) };
}

impl Spans {
    pub(super) fn new() -> Self {
        Self { shards: Default::default(), last: AtomicU64::new(0) }
    }

    pub(super) fn wants(metadata: &Metadata<'_>) -> bool {
        metadata.target() == REQUEST
    }

    pub(super) fn open(&self, attributes: &Attributes<'_>) -> Id {
        let mut id = RequestId(String::new());
        attributes.record(&mut id);
        let span = RequestSpan {
            id: Mutex::new(id.0),
            records: AtomicU32::new(0),
            handles: AtomicUsize::new(1),
        };
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        self.shard(number).insert(number, Arc::new(span));
        Id::from_u64(number)
    }

    pub(super) fn record(&self, id: &Id, values: &Record<'_>) {
        if let Some(span) = self.find(id) {
            let mut id = RequestId(span.id());
            values.record(&mut id);
            *span.id.lock().unwrap_or_else(PoisonError::into_inner) = id.0;
        }
    }

    pub(super) fn retain(&self, id: &Id) {
        if let Some(span) = self.find(id) {
            span.handles.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Says whether that was the last handle.
    pub(super) fn release(&self, id: &Id) -> bool {
        let mut shard = self.shard(id.into_u64());
        let last = |span: &Arc<RequestSpan>| span.handles.fetch_sub(1, Ordering::AcqRel) == 1;
        let ended = shard.get(&id.into_u64()).is_some_and(last);
        if ended {
            shard.remove(&id.into_u64());
        }
        ended
    }

    pub(super) fn enter(&self, id: &Id) {
        if let Some(span) = self.find(id) {
            ENTERED.with_borrow_mut(|entered| entered.push((id.into_u64(), span)));
        }
    }

    pub(super) fn exit(id: &Id) {
        ENTERED.with_borrow_mut(|entered| {
            if let Some(at) = entered.iter().rposition(|(other, _)| *other == id.into_u64()) {
                entered.remove(at);
            }
        });
    }

    /// The request that this thread works for.
    pub(super) fn current() -> Option<Arc<RequestSpan>> {
        let last = |(_, span): &(u64, Arc<RequestSpan>)| span.clone();
        ENTERED.try_with(|entered| entered.borrow().last().map(last)).ok()?
    }

    fn find(&self, id: &Id) -> Option<Arc<RequestSpan>> {
        self.shard(id.into_u64()).get(&id.into_u64()).cloned()
    }

    fn shard(&self, number: u64) -> MutexGuard<'_, HashMap<u64, Arc<RequestSpan>>> {
        let shard = &self.shards[number as usize % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RequestSpan {
    pub(super) fn id(&self) -> String {
        self.id.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many records there were before this one.
    pub(super) fn count(&self) -> u32 {
        self.records.fetch_add(1, Ordering::Relaxed)
    }
}

/// The field `id`.
struct RequestId(String);

impl Visit for RequestId {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "id" {
            self.0 = format!("{value:?}");
        }
    }
}
