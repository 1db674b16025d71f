//! Variables that belong to a coroutine.

use super::failure::{Failure, report};
use super::locals::Locals;
use super::scoped::Scoped;
use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::AtomicU8;

/// A variable whose value belongs to a coroutine and to all that it starts: Python's `ContextVar`, and what Tornado's
/// `StackContext` was for.
///
/// Each [spawned](super::spawn) coroutine, each callback, timeout and handler of a descriptor begins with the values that were set
/// where it was handed to the loop, and each request with those that were set where its server was made. What they set from then
/// on is their own: neither who started them nor anybody beside them sees it. A coroutine that is awaited, alone or in a
/// [`Multi`](fn@crate::coroutine::Multi), shares the values of the one that awaits it; [`scope`](Self::scope) keeps them apart.
/// What comes from another thread, through a [`Handle`](super::Handle), begins with nothing.
///
/// It is for what would otherwise be an argument of everything: who asks, in which language, until when.
///
/// ```
/// use gustnado::coroutine::moment;
/// use gustnado::ioloop::{IOLoop, Local, spawn};
///
/// static USER: Local<String> = Local::new();
///
/// IOLoop::new()?.run_sync(async {
///     USER.set("ann".into());
///     let child = spawn(async {
///         assert_eq!(USER.cloned().as_deref(), Some("ann"));
///         USER.set("ben".into());
///         moment().await;
///         USER.cloned()
///     });
///     USER.set("cleo".into());
///     assert_eq!(child.await.unwrap().as_deref(), Some("ben"));
///     assert_eq!(USER.with(|user| user.len()), Some(4));
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Values need not be `Send`, and live as long as somebody can see them. The variable itself is a `static`: its address is what it
/// is known by.
///
/// ```compile_fail
/// use gustnado::ioloop::Local;
///
/// const USER: Local<String> = Local::new();
/// USER.set("ann".into()); // a constant has no address
/// ```
pub struct Local<T> {
    /// Never looked at. It makes the compiler refuse a `const`, and give each `static` an address of its own.
    _address: AtomicU8,
    value: PhantomData<fn() -> T>,
}

impl<T: 'static> Local<T> {
    /// A variable without a value.
    #[must_use]
    pub const fn new() -> Self {
        Self { _address: AtomicU8::new(0), value: PhantomData }
    }

    /// Sets the value for who calls this, and for what it starts from now on.
    #[track_caller]
    pub fn set(&'static self, value: T) {
        drop(Locals::replace_current(self.key(), Some(Value::new(value))));
    }

    /// Takes the value away, for the same.
    pub fn unset(&'static self) {
        drop(Locals::replace_current(self.key(), None));
    }

    /// Looks at the value; `None` if there is none.
    pub fn with<R>(&'static self, look: impl FnOnce(&T) -> R) -> Option<R> {
        let locals = Locals::current();
        let value = locals.find(self.key())?.downcast_ref::<Value<T>>()?;
        value.value.as_ref().map(look)
    }

    /// A copy of the value; `None` if there is none.
    pub fn cloned(&'static self) -> Option<T>
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    /// Runs `future` with this value, and with locals of its own: what it sets stays inside.
    ///
    /// ```
    /// use gustnado::ioloop::{IOLoop, Local};
    ///
    /// static DEPTH: Local<u32> = Local::new();
    ///
    /// IOLoop::new()?.run_sync(async {
    ///     DEPTH.set(1);
    ///     assert_eq!(DEPTH.scope(2, async { DEPTH.cloned() }).await, Some(2));
    ///     assert_eq!(DEPTH.cloned(), Some(1));
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> Scoped<F> {
        let mut locals = Locals::current();
        drop(locals.replace(self.key(), Some(Value::new(value))));
        locals.scope(future)
    }

    fn key(&'static self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl<T: 'static> Default for Local<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Local<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Local<{}>", type_name::<T>())
    }
}

/// A value, which is dropped wherever the last reference to it is: inside of the loop, too.
struct Value<T> {
    /// `None` only while it is dropped.
    value: Option<T>,
    place: &'static Location<'static>,
}

impl<T> Value<T> {
    #[track_caller]
    fn new(value: T) -> Rc<Self> {
        Rc::new(Self { value: Some(value), place: Location::caller() })
    }
}

impl<T> Drop for Value<T> {
    fn drop(&mut self) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.value = None)) {
            report(&Failure::of_panic("task-local", type_name::<T>(), self.place, &*payload));
        }
    }
}
