//! Functions that deliver their argument to a coroutine.

use super::error::YieldError;
use super::keys::Keys;
use std::fmt::Debug;
use std::panic::Location;

/// Makes a callback for code that wants one; [`Wait`](fn@super::Wait) with the same key waits until it is called.
///
/// It *is* a function, as in Tornado, so that it can be handed to whatever takes an `impl FnOnce(T)` or a `Box<dyn FnOnce(T)>`.
/// (A type of ours could not be one: only closures implement `FnOnce` in stable Rust.) Its type says that it is called once at
/// most. It may be called before anybody waits; the result is kept. If it is dropped instead, the wait ends with an error. Code
/// that calls back with more than one argument, or with none, is given a closure: `|a, b| callback((a, b))`, `|| callback(())`.
///
/// A key is anything that can be printed, and two keys are the same if `{:?}` prints the same of them. **Keys belong to the
/// coroutine** that made them: to a task, the handler of a request, one call of a
/// [`PeriodicCallback`](super::PeriodicCallback), one attempt of a job, what
/// [`run_sync`](crate::ioloop::IOLoop::run_sync) runs, or the innermost [`engine`](fn@super::engine). Futures that it awaits, by itself
/// or as children of a [`Multi`](fn@super::Multi), are parts of it. A key can be used again once its result was taken.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::coroutine::{Callback, Wait, YieldError};
/// use gustnado::ioloop::IOLoop;
///
/// fn fetch(page: &'static str, callback: impl FnOnce(String) + 'static) {
///     IOLoop::current().add_callback(move || callback(format!("contents of {page}")));
/// }
///
/// fetch("a.html", Callback("first")?);
/// fetch("b.html", Callback("second")?);
/// let second: String = Wait("second").await?;
/// let first: String = Wait("first").await?;
/// assert_eq!([first, second], ["contents of a.html", "contents of b.html"]);
/// # Ok::<(), YieldError>(())
/// # })??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`YieldError::KeyReuse`] if a callback with this key is pending in this coroutine.
///
/// A coroutine that returns although some of its callbacks were never waited for has a mistake in it: this is logged, and is the
/// error of an `engine`. It is not if a yield point of the coroutine has failed, or the coroutine was cancelled or has panicked, or
/// the handler has answered with an error.
///
/// # Panics
///
/// If no coroutine runs, as in a function given to [`add_callback`](crate::ioloop::IOLoop::add_callback).
#[track_caller]
#[allow(non_snake_case, reason = "the yield point's name in Tornado, where it is a class")]
pub fn Callback<T: 'static>(key: impl Debug) -> Result<Box<dyn FnOnce(T)>, YieldError> {
    let caller = Keys::current_or_new().register(format!("{key:?}"), Location::caller())?;
    Ok(Box::new(|value| caller.call(value)))
}

/// Makes a callback that may be called on another thread; otherwise a [`Callback`](fn@Callback).
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::coroutine::{SendCallback, Wait, YieldError};
///
/// let callback = SendCallback("answer")?;
/// std::thread::spawn(move || callback(6 * 7));
/// let answer: i32 = Wait("answer").await?;
/// assert_eq!(answer, 42);
/// # Ok::<(), YieldError>(())
/// # })??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As of `Callback`.
///
/// # Panics
///
/// As `Callback` does.
#[track_caller]
#[allow(non_snake_case, reason = "as of `Callback`")]
pub fn SendCallback<T: Send + 'static>(
    key: impl Debug,
) -> Result<Box<dyn FnOnce(T) + Send>, YieldError> {
    let caller = Keys::current_or_new().register(format!("{key:?}"), Location::caller())?;
    Ok(Box::new(|value| caller.call(value)))
}
