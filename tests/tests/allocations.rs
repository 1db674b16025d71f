//! What a warm connection allocates: nothing.
//!
//! A test binary of its own, because its allocator counts: only while it is told to, and only what the server's thread does.

#![allow(unsafe_code, reason = "an allocator cannot be written without it")]

use gustnado::coroutine::Multi;
use gustnado::http::{AsyncHTTPClient, HTTPClientError, HTTPRequest};
use gustnado::ioloop::{Executor, IOLoop};
use gustnado::{Application, Context, StatusCode, routes};
use gustnado_tests::{Client, Server};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    /// The allocations of this thread, if they are counted.
    static COUNT: Cell<Option<u64>> = const { Cell::new(None) };
}

fn count() {
    // At the thread's end there is nothing to count any more.
    let _ = COUNT.try_with(|count| count.set(count.get().map(|count| count + 1)));
}

// SAFETY: everything is left to the system's allocator, and counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: by this function's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: by this function's contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: by this function's contract.
        unsafe { System.realloc(ptr, layout, size) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: by this function's contract.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[gustnado::route("/")]
async fn index() -> &'static str {
    "Hello, world"
}

#[gustnado::route("/user/{id}")]
async fn user(id: u64) -> &'static str {
    if id == 42 { "the answer" } else { "somebody" }
}

#[gustnado::route("/echo/{name}")]
async fn echo(cx: &Context, name: &str) -> &'static str {
    assert_eq!(cx.header("x-name"), Some(name));
    "yes"
}

#[gustnado::route("/nothing")]
async fn nothing() -> StatusCode {
    StatusCode::NO_CONTENT
}

#[gustnado::post("/")]
async fn post() -> StatusCode {
    StatusCode::NO_CONTENT
}

#[gustnado::route("/begin")]
async fn begin() -> &'static str {
    COUNT.set(Some(0));
    "counting"
}

#[gustnado::route("/end")]
async fn end() -> String {
    COUNT.take().map_or_else(|| "nothing was counted".into(), |count| count.to_string())
}

fn get(target: &str, header: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: test\r\n{header}\r\n")
}

/// What the server allocates in a hundred rounds on a connection, after as many that have warmed it up.
fn allocations(round: impl Fn(&mut Client)) -> String {
    let server = Server::without_log(|| Application::new(routes![index, user, echo, begin, end]));
    let mut client = server.connect();
    let mut counted = String::new();
    for _ in 0..2 {
        assert_eq!(client.get("/begin").text(), "counting");
        for _ in 0..100 {
            round(&mut client);
        }
        counted = client.get("/end").text();
    }
    counted
}

#[track_caller]
fn expect(client: &mut Client, text: &str) {
    assert_eq!(client.reply().text(), text);
}

#[test]
fn a_request() {
    let count = allocations(|client| expect(client.send(get("/", "")), "Hello, world"));
    assert_eq!(count, "0");
}

#[test]
fn a_request_with_a_capture() {
    let count = allocations(|client| expect(client.send(get("/user/42", "")), "the answer"));
    assert_eq!(count, "0");
}

#[test]
fn a_request_with_a_borrowed_capture_and_a_header() {
    let count = allocations(|client| expect(client.send(get("/echo/me", "X-Name: me\r\n")), "yes"));
    assert_eq!(count, "0");
}

#[test]
fn requests_that_differ_from_each_other() {
    let count = allocations(|client| {
        expect(client.send(get("/", "")), "Hello, world");
        expect(client.send(get("/user/7", "")), "somebody");
        expect(client.send(get("/user/42", "Accept: */*\r\n")), "the answer");
    });
    assert_eq!(count, "0");
}

#[test]
fn sixteen_requests_at_once() {
    let count = allocations(|client| {
        client.send([get("/", ""), get("/user/42", "")].concat().repeat(8));
        for _ in 0..8 {
            expect(client, "Hello, world");
            expect(client, "the answer");
        }
    });
    assert_eq!(count, "0");
}

#[test]
fn a_request_that_arrives_in_two_parts() {
    let count = allocations(|client| {
        let request = get("/", "");
        let (first, second) = request.split_at(20);
        client.send(first);
        std::thread::sleep(std::time::Duration::from_micros(200));
        expect(client.send(second), "Hello, world");
    });
    assert_eq!(count, "0");
}

#[test]
fn the_count_is_not_always_nothing() {
    let count = allocations(|client| {
        client.get("/none");
    });
    assert_ne!(count, "0");
}

/// What a client allocates in a hundred fetches by `N` coroutines, after as many that have warmed it up.
fn fetches<const N: usize>(path: &str, request: impl Fn(&str) -> HTTPRequest) -> u64 {
    let server = Server::without_log(|| Application::new(routes![index, nothing, post]));
    let url = server.url(path);
    let fetched = IOLoop::new().unwrap().run_sync(async {
        let client = AsyncHTTPClient::new();
        for _ in 0..2 {
            let share = async || {
                for _ in 0..100 / N {
                    client.fetch(request(&url)).await?;
                }
                Ok::<_, HTTPClientError>(())
            };
            let shares = Multi(std::array::from_fn::<_, N, _>(|_| share()));
            COUNT.set(Some(0));
            shares.await?;
        }
        Ok::<_, HTTPClientError>(COUNT.take())
    });
    fetched.unwrap().unwrap().unwrap()
}

#[test]
fn a_fetch() {
    assert_eq!(fetches::<1>("/nothing", |url| HTTPRequest::get(url)), 0);
}

#[test]
fn the_body_of_a_fetch_is_all_that_is_allocated() {
    assert_eq!(fetches::<1>("/", |url| HTTPRequest::get(url)), 100);
}

#[test]
fn a_fetch_with_a_body_and_a_header() {
    let request = |url: &str| HTTPRequest::post(url).header("X-Name", "me").body("Hello, world");
    assert_eq!(fetches::<1>("/", request), 0);
}

#[test]
fn twenty_fetches_at_once() {
    assert_eq!(fetches::<20>("/nothing", |url| HTTPRequest::get(url)), 0);
}

#[test]
fn a_job_for_another_thread() {
    let executor = Executor::new(1);
    let jobs = async |count| {
        for number in 0..count {
            assert_eq!(executor.run(move || number).await.unwrap(), number);
        }
    };
    let allocations = IOLoop::new().unwrap().run_sync(async {
        jobs(100).await;
        COUNT.set(Some(0));
        jobs(100).await;
        COUNT.take()
    });
    // The job, together with its answer.
    assert_eq!(allocations.unwrap(), Some(100));
}
