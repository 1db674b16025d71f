//! Coroutines within coroutines.

use super::error::YieldError;
use super::keys::Keys;
use crate::ioloop::{Belongings, Core};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

/// Makes a coroutine of `future` that has [keys](fn@super::Callback) of its own: Tornado's `@gen.engine`.
///
/// Every task and every handler is such a coroutine anyway; this one runs within another one, which awaits it. It fails if it
/// succeeds although some of its callbacks were never waited for. What goes on in the background, as after
/// [`with_timeout`](super::with_timeout) or in a [`shield`](fn@super::shield), does so in a task of its own; as an engine, it keeps its
/// keys there.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::coroutine::{Callback, Multi, Wait, YieldError, engine};
///
/// async fn twice(number: u32) -> Result<u32, YieldError> {
///     Callback("key")?(number); // the key of both
///     Ok(2 * Wait::<u32>("key").await?)
/// }
///
/// assert_eq!(Multi([engine(twice(1)), engine(twice(2))]).await?, [2, 4]);
///
/// let careless = engine(async {
///     let _callback = Callback::<()>("forgotten")?;
///     Ok::<(), YieldError>(())
/// });
/// let error = careless.await.unwrap_err().to_string();
/// assert!(error.starts_with("finished without waiting for callbacks \"forgotten\" ("));
/// # Ok::<(), YieldError>(())
/// # })??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Those of `future`; and [`YieldError::LeakedCallback`].
pub fn engine<T, E, F>(future: F) -> Engine<F>
where
    F: Future<Output = Result<T, E>>,
    E: From<YieldError>,
{
    let keys = Rc::<Keys>::default();
    Engine { future, keys: keys.clone(), others: Some(keys) }
}

pin_project! {
    /// The future of [`engine`](fn@engine).
    #[must_use = "futures do nothing until they are awaited"]
    pub struct Engine<F> {
        #[pin]
        future: F,
        keys: Rc<Keys>,
        // Its own belongings while it waits, those of the coroutine around it while it runs.
        others: Option<Rc<dyn Belongings>>,
    }
}

impl<T, E, F> Future for Engine<F>
where
    F: Future<Output = Result<T, E>>,
    E: From<YieldError>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let core = Core::current_or_panic();
        let turn = Turn::begin(&core, this.others);
        let result = ready!(this.future.poll(cx));
        drop(turn);
        Poll::Ready(result.and_then(|value| this.keys.leak().map(|()| value).map_err(E::from)))
    }
}

impl<F> fmt::Debug for Engine<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

/// Swaps the belongings of the running coroutine, and swaps them back when it is dropped, so also when the engine panics.
struct Turn<'a> {
    core: &'a Core,
    others: &'a mut Option<Rc<dyn Belongings>>,
}

impl<'a> Turn<'a> {
    fn begin(core: &'a Core, others: &'a mut Option<Rc<dyn Belongings>>) -> Self {
        let mut turn = Self { core, others };
        turn.swap();
        turn
    }

    fn swap(&mut self) {
        *self.others = self.core.replace_belongings(self.others.take());
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.swap();
    }
}
