//! Waiting for callbacks.

use super::error::YieldError;
use super::keys::{Claim, Keys};
use std::fmt::Debug;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Waits until the [`Callback`](fn@super::Callback) with this key was called; the result is what it was called with.
///
/// The key is looked up by this call, in the coroutine that makes it. The future may then be awaited anywhere, and dropped: the
/// next one gets the result.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::coroutine::{Callback, Wait, YieldError};
///
/// let callback = Callback("key")?;
/// callback(42);
/// let answer: i32 = Wait("key").await?;
/// assert_eq!(answer, 42);
/// assert_eq!(Wait::<i32>("key").await, Err(YieldError::UnknownKey("\"key\"".into())));
/// # Ok::<(), YieldError>(())
/// # })??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`UnknownKey`](YieldError::UnknownKey) and [`WrongType`](YieldError::WrongType) at once;
/// [`DroppedCallback`](YieldError::DroppedCallback) if the callback was dropped instead.
#[allow(non_snake_case, reason = "the yield point's name in Tornado, where it is a class")]
pub fn Wait<T: 'static>(key: impl Debug) -> WaitFuture<T> {
    WaitFuture { claim: Some(claim(key)) }
}

/// Waits until the callbacks of all `keys`, an array or a `Vec`, were called. The results come back in the order of the keys, in the
/// same shape.
///
/// They are all of one type. For results of different types, use [`Multi`](fn@super::Multi) over a tuple of
/// [`Wait`](fn@Wait)s.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::coroutine::{Callback, WaitAll, YieldError};
///
/// let (first, second) = (Callback(1)?, Callback(2)?);
/// second("b");
/// first("a");
/// let results: [&str; 2] = WaitAll([1, 2]).await?;
/// assert_eq!(results, ["a", "b"]);
/// # Ok::<(), YieldError>(())
/// # })??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As of `Wait`, for the first key in their order that has one. The results of the others can still be waited for.
#[allow(non_snake_case, reason = "the yield point's name in Tornado, where it is a class")]
pub fn WaitAll<T: 'static, L: KeyList>(keys: L) -> WaitAllFuture<T, L> {
    WaitAllFuture {
        claims: Some(keys.into_keys().map(claim).collect()),
        called: 0,
        list: PhantomData,
    }
}

fn claim<T: 'static>(key: impl Debug) -> Result<Claim<T>, YieldError> {
    let key = format!("{key:?}");
    match Keys::current() {
        Some(keys) => keys.claim(key),
        None => Err(YieldError::UnknownKey(key)),
    }
}

/// A list of keys for [`WaitAll`](fn@WaitAll): an array, or a `Vec`.
pub trait KeyList {
    /// The results, in the same shape.
    type Values<T>;

    #[doc(hidden)]
    fn into_keys(self) -> impl Iterator<Item = impl Debug>;

    /// The values of all keys, brought into shape.
    #[doc(hidden)]
    fn shape<T>(values: Vec<T>) -> Self::Values<T>;
}

impl<K: Debug> KeyList for Vec<K> {
    type Values<T> = Vec<T>;

    fn into_keys(self) -> impl Iterator<Item = impl Debug> {
        self.into_iter()
    }

    fn shape<T>(values: Vec<T>) -> Vec<T> {
        values
    }
}

impl<K: Debug, const N: usize> KeyList for [K; N] {
    type Values<T> = [T; N];

    fn into_keys(self) -> impl Iterator<Item = impl Debug> {
        self.into_iter()
    }

    fn shape<T>(values: Vec<T>) -> [T; N] {
        match values.try_into() {
            Ok(values) => values,
            Err(_) => unreachable!("there is a value for each key"),
        }
    }
}

/// The future of [`Wait`](fn@Wait).
#[derive(Debug)]
#[must_use = "futures do nothing until they are awaited"]
pub struct WaitFuture<T> {
    /// `None` when it is over.
    claim: Option<Result<Claim<T>, YieldError>>,
}

impl<T> Future for WaitFuture<T> {
    type Output = Result<T, YieldError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(Ok(claim)) = &self.claim {
            ready!(claim.poll(cx.waker()));
        }
        Poll::Ready(over(self.claim.take()).and_then(|mut claim| claim.take()))
    }
}

/// The future of [`WaitAll`](fn@WaitAll).
#[derive(Debug)]
#[must_use = "futures do nothing until they are awaited"]
pub struct WaitAllFuture<T, L> {
    /// `None` when it is over.
    claims: Option<Result<Vec<Claim<T>>, YieldError>>,
    /// The callbacks of so many keys were called, from the first one on.
    called: usize,
    list: PhantomData<fn() -> L>,
}

impl<T, L: KeyList> Future for WaitAllFuture<T, L> {
    type Output = Result<L::Values<T>, YieldError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Some(Ok(claims)) = &this.claims {
            while let Some(claim) = claims.get(this.called) {
                ready!(claim.poll(cx.waker()));
                this.called += 1;
            }
        }
        let values = over(this.claims.take())
            .and_then(|mut claims| claims.iter_mut().map(Claim::take).collect());
        Poll::Ready(values.map(L::shape))
    }
}

/// What a wait ends with.
fn over<C>(claim: Option<Result<C, YieldError>>) -> Result<C, YieldError> {
    claim.unwrap_or_else(|| unreachable!("a future was polled after it was ready"))
}
