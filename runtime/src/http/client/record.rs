//! The memory of a fetch: the request, and later the response to it.

use super::errors::InvalidRequest;
use super::head::ResponseHead;
use super::time_info::Times;
use super::url::{Credentials, Url};
use crate::http::{Body, Headers};
use ::http::Method;
use bytes::Bytes;
use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

/// So many records are kept for later.
const KEPT: usize = 256;

/// What a text or a list in a record may hold to be kept with it.
const KEPT_BYTES: usize = 8 * 1024;

thread_local! {
    static RECORDS: RefCell<Vec<Record>> = const { RefCell::new(Vec::new()) };
}

/// Everything that a request and its response need, lent by the thread, so that a warm fetch allocates nothing.
pub(super) struct Record(Option<Box<Parts>>);

#[derive(Default)]
pub(super) struct Parts {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Headers,
    pub(super) body: Option<Body>,
    pub(super) credentials: Option<Credentials>,
    pub(super) options: Options,
    /// The first thing that was wrong with it.
    pub(super) problem: Option<InvalidRequest>,
    pub(super) head: ResponseHead,
    pub(super) content: Bytes,
    pub(super) times: Times,
}

/// What a request may say about its fetch, and a client for all of its requests that do not.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub(super) queue_timeout: Option<Duration>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) request_timeout: Option<Duration>,
    pub(super) max_body_size: Option<u64>,
    pub(super) raise_error: Option<bool>,
    pub(super) allow_nonstandard_methods: bool,
}

impl Record {
    pub(super) fn lend() -> Self {
        let record = RECORDS.try_with(|records| records.borrow_mut().pop()).ok().flatten();
        record.unwrap_or_else(|| Self(Some(Box::default())))
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let Some(mut parts) = self.0.take() else { return };
        parts.clear();
        // At the thread's end the pool may be gone; the record then goes its way.
        let _ = RECORDS.try_with(|records| {
            let mut records = records.borrow_mut();
            if records.len() < KEPT {
                records.push(Self(Some(parts)));
            }
        });
    }
}

impl Parts {
    /// Forgets request and response, and keeps the memory. URL and head stay, to be compared with the next ones.
    fn clear(&mut self) {
        self.method = Method::GET;
        self.url.settle();
        if self.headers.as_bytes().len() > KEPT_BYTES {
            self.headers = Headers::default();
        } else {
            self.headers.clear();
        }
        self.body = None;
        self.credentials = None;
        self.options = Options::default();
        self.problem = None;
        self.head.give_up();
        self.content = Bytes::new();
        self.times = Times::default();
    }
}

impl Deref for Record {
    type Target = Parts;

    #[inline]
    fn deref(&self) -> &Parts {
        match &self.0 {
            Some(parts) => parts,
            None => unreachable!("it is taken when the record is dropped"),
        }
    }
}

impl DerefMut for Record {
    #[inline]
    fn deref_mut(&mut self) -> &mut Parts {
        match &mut self.0 {
            Some(parts) => parts,
            None => unreachable!("it is taken when the record is dropped"),
        }
    }
}
