//! The memory of a fetch: the request, and later the response to it.

use super::auth::Digest;
use super::errors::InvalidRequest;
use super::head::ResponseHead;
use super::route::Route;
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
    /// How the user is proved, if not with the password itself.
    pub(super) digest: Option<Box<Digest>>,
    pub(super) options: Options,
    /// The way to the server, if it is not the usual one.
    pub(super) route: Option<Box<Route>>,
    /// The lines of the head that ask for another protocol.
    pub(super) upgrade: Option<Box<str>>,
    pub(super) header_callback: Option<Callback<str>>,
    pub(super) streaming_callback: Option<Callback<[u8]>>,
    pub(super) expects_continue: bool,
    /// How many redirects were followed.
    pub(super) redirects: u32,
    /// Whether the body was a stream, and is gone.
    pub(super) has_streamed: bool,
    /// Whether the body of the response is decompressed.
    pub(super) is_decompressed: bool,
    /// The first thing that was wrong with it.
    pub(super) problem: Option<InvalidRequest>,
    pub(super) head: ResponseHead,
    pub(super) content: Bytes,
    pub(super) times: Times,
}

/// What is called with each piece.
type Callback<T> = Box<dyn FnMut(&T)>;

/// What a request may say about its fetch, and a client for all of its requests that do not.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub(super) queue_timeout: Option<Duration>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) request_timeout: Option<Duration>,
    pub(super) max_body_size: Option<u64>,
    pub(super) raise_error: Option<bool>,
    pub(super) follow_redirects: Option<bool>,
    pub(super) max_redirects: Option<u32>,
    pub(super) decompress_response: Option<bool>,
    pub(super) allow_nonstandard_methods: bool,
}

impl Options {
    /// Takes over from `others` what is not said here.
    pub(super) fn complete(&mut self, others: &Self) {
        fn set<T: Copy>(own: &mut Option<T>, other: Option<T>) {
            if own.is_none() {
                *own = other;
            }
        }
        set(&mut self.queue_timeout, others.queue_timeout);
        set(&mut self.connect_timeout, others.connect_timeout);
        set(&mut self.request_timeout, others.request_timeout);
        set(&mut self.max_body_size, others.max_body_size);
        set(&mut self.raise_error, others.raise_error);
        set(&mut self.follow_redirects, others.follow_redirects);
        set(&mut self.max_redirects, others.max_redirects);
        set(&mut self.decompress_response, others.decompress_response);
    }
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
        self.digest = None;
        self.options = Options::default();
        self.route = None;
        self.upgrade = None;
        self.header_callback = None;
        self.streaming_callback = None;
        self.expects_continue = false;
        self.redirects = 0;
        self.has_streamed = false;
        self.is_decompressed = false;
        self.problem = None;
        self.head.settle();
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
