//! A callback and the wait for it, in one.

use super::delivery::{Caller, Delivery};
use super::error::YieldError;
use std::future::poll_fn;

/// Calls `start` with a callback, and waits until it is called; the result is what it was called with.
///
/// It is [`Callback`](fn@super::Callback) and [`Wait`](fn@super::Wait) in one, without a key. It starts when it is first polled. The
/// callback may be called before `start` returns.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::coroutine::{Multi, Task, YieldError};
/// use gustnado::ioloop::IOLoop;
///
/// fn fetch(page: &'static str, callback: impl FnOnce(String) + 'static) {
///     IOLoop::current().add_callback(move || callback(format!("contents of {page}")));
/// }
///
/// let page = Task(|callback| fetch("a.html", callback)).await?;
/// assert_eq!(page, "contents of a.html");
/// let pages = Multi(["b.html", "c.html"].map(|page| Task(move |callback| fetch(page, callback)))).await?;
/// assert_eq!(pages, ["contents of b.html", "contents of c.html"]);
/// # Ok::<(), YieldError>(())
/// # })??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`DroppedCallback`](YieldError::DroppedCallback) if the callback was dropped instead.
#[allow(non_snake_case, reason = "the yield point's name in Tornado, where it is a class")]
pub async fn Task<T: 'static>(start: impl FnOnce(Box<dyn FnOnce(T)>)) -> Result<T, YieldError> {
    run(|caller| start(Box::new(|value| caller.call(value)))).await
}

/// A [`Task`](fn@Task) whose callback may be called on another thread.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::coroutine::{SendTask, YieldError};
/// use std::thread;
///
/// let sum: u64 = SendTask(|callback| {
///     thread::spawn(move || callback((1..=1_000_000).sum()));
/// })
/// .await?;
/// assert_eq!(sum, 500_000_500_000);
/// # Ok::<(), YieldError>(())
/// # })??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As of `Task`; also when the thread panics before it calls.
#[allow(non_snake_case, reason = "as of `Task`")]
pub async fn SendTask<T: Send + 'static>(
    start: impl FnOnce(Box<dyn FnOnce(T) + Send>),
) -> Result<T, YieldError> {
    run(|caller| start(Box::new(|value| caller.call(value)))).await
}

async fn run<T>(start: impl FnOnce(Caller<T>)) -> Result<T, YieldError> {
    let delivery = Delivery::new();
    start(delivery.caller());
    poll_fn(|cx| delivery.poll(cx.waker())).await;
    delivery.take().ok_or(YieldError::DroppedCallback(None))
}
