//! Coroutines that do not outlive the one that started them.

use crate::ioloop::{Children, Core, Key};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::marker::PhantomData;
use std::mem;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Runs `body`, which may start children in its scope, and waits for all of them.
///
/// Nothing that was started here goes on when the scope has ended. It ends when the body and all children have succeeded; with
/// the first failure of any of them, which ends the others at once, by dropping them; or by being dropped itself. A panic in it
/// is a panic of the whole.
///
/// Children may therefore **borrow** what the coroutine around the scope has. Like those of a [`Multi`](fn@super::Multi), they are
/// parts of the coroutine that awaits the scope, and only those that were woken are polled.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::coroutine::{moment, scope};
/// use std::{cell::Cell, num::ParseIntError};
///
/// async fn parse(text: &str) -> Result<u32, ParseIntError> {
///     moment().await;
///     text.parse()
/// }
///
/// let texts = [String::from("1"), String::from("2")];
/// let count = Cell::new(0);
/// let sum = scope(async |scope| {
///     let one = scope.spawn(parse(&texts[0]));
///     let two = scope.spawn(parse(&texts[1]));
///     scope.spawn(async {
///         count.set(count.get() + 1);
///         Ok(())
///     });
///     Ok(one.await + two.await) // only successes get here
/// })
/// .await?;
/// assert_eq!((sum, count.get()), (3, 1));
///
/// let failed = scope(async |scope| {
///     scope.spawn(parse("three"));
///     std::future::pending().await // until a child has failed
/// });
/// assert_eq!(failed.await.map(|()| 0), "three".parse::<u32>());
/// # Ok::<(), ParseIntError>(())
/// # })??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// The first failure. What the others were about to say is lost with them.
pub async fn scope<'env, T, E, F>(body: F) -> Result<T, E>
where
    F: AsyncFnOnce(&Scope<'env, E>) -> Result<T, E>,
{
    let scope = poll_fn(|cx| Poll::Ready(Scope::new(cx.waker()))).await;
    let mut body = pin!(body(&scope));
    let mut value = None;
    poll_fn(|cx| scope.poll(body.as_mut(), &mut value, cx)).await
}

/// Where the body of a [`scope`](fn@scope) starts its children.
pub struct Scope<'env, E> {
    nursery: RefCell<Nursery<'env, E>>,
}

/// A child of a [`scope`](fn@scope): await it for its value, or drop it; the scope waits for the child all the same.
///
/// There is no failure to be seen here: it ends the scope, with all that wait in it.
pub struct ScopedHandle<'scope, T> {
    place: Rc<Place<T>>,
    scope: PhantomData<&'scope ()>,
}

struct Nursery<'env, E> {
    family: Children,
    /// By the numbers of their children; a number is given again when its child has ended.
    cradles: Vec<Cradle<'env, E>>,
    free: Vec<usize>,
    /// Whether there are new children, who want a turn.
    grown: bool,
}

struct Cradle<'env, E> {
    key: Key,
    /// `None` also while it has its turn.
    child: Option<Child<'env, E>>,
}

type Child<'env, E> = Pin<Box<dyn Future<Output = Result<(), E>> + 'env>>;

/// Where a child leaves its value.
struct Place<T> {
    value: Cell<Option<T>>,
    waker: Cell<Option<Waker>>,
    /// Whether the child is gone.
    left: Cell<bool>,
}

/// What a child holds of its place.
struct Deposit<T>(Rc<Place<T>>);

/// The body's number in the family; those of the children follow.
const BODY: u32 = 0;

impl<'env, E> Scope<'env, E> {
    fn new(parent: &Waker) -> Self {
        let mut family = Children::new(Core::current_or_panic(), parent);
        family.add_one(BODY);
        let (cradles, free) = (Vec::new(), Vec::new());
        Self { nursery: RefCell::new(Nursery { family, cradles, free, grown: false }) }
    }

    /// Starts a child. Its first turn is the loop's next one.
    pub fn spawn<T, F>(&self, future: F) -> ScopedHandle<'_, T>
    where
        T: 'env,
        F: IntoFuture<Output = Result<T, E>, IntoFuture: 'env>,
    {
        let place = Rc::new(Place::default());
        let (future, deposit) = (future.into_future(), Deposit(place.clone()));
        self.nursery.borrow_mut().add(Box::pin(async move {
            deposit.0.put(future.await?);
            Ok(())
        }));
        ScopedHandle { place, scope: PhantomData }
    }

    /// Ends all children, by dropping them: for those who would go on for ever, when the body has all it wants of them.
    pub fn cancel(&self) {
        let cancelled = self.nursery.borrow_mut().clear();
        drop(cancelled);
    }

    fn poll<T, B>(
        &self,
        mut body: Pin<&mut B>,
        value: &mut Option<T>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, E>>
    where
        B: Future<Output = Result<T, E>>,
    {
        let mut woken = self.nursery.borrow().look(cx);
        while let Some(key) = woken {
            let Some((number, next, waker)) = self.nursery.borrow().take(key) else { break };
            woken = next;
            let mut cx = Context::from_waker(&waker);
            let failure = match number.checked_sub(BODY + 1) {
                Some(number) => self.poll_child(number as usize, &mut cx),
                None if value.is_some() => None,
                None => match body.as_mut().poll(&mut cx) {
                    Poll::Ready(Ok(done)) => {
                        *value = Some(done);
                        None
                    }
                    Poll::Ready(Err(error)) => Some(error),
                    Poll::Pending => None,
                },
            };
            if let Some(error) = failure {
                self.cancel();
                return Poll::Ready(Err(error));
            }
        }
        let mut nursery = self.nursery.borrow_mut();
        if mem::take(&mut nursery.grown) {
            cx.waker().wake_by_ref();
        }
        match value.take_if(|_| nursery.is_empty()) {
            Some(value) => Poll::Ready(Ok(value)),
            None => Poll::Pending,
        }
    }

    /// Gives a child a turn; returns its failure.
    fn poll_child(&self, number: usize, cx: &mut Context<'_>) -> Option<E> {
        let mut child = self.nursery.borrow_mut().cradles.get_mut(number)?.child.take()?;
        // Nothing is borrowed while it runs.
        let polled = child.as_mut().poll(cx);
        let mut nursery = self.nursery.borrow_mut();
        match polled {
            Poll::Pending => {
                nursery.cradles[number].child = Some(child);
                None
            }
            Poll::Ready(result) => {
                nursery.free.push(number);
                result.err()
            }
        }
    }
}

impl<'env, E> Nursery<'env, E> {
    fn add(&mut self, child: Child<'env, E>) {
        self.grown = true;
        let child = Some(child);
        if let Some(number) = self.free.pop() {
            let cradle = &mut self.cradles[number];
            cradle.child = child;
            self.family.requeue(cradle.key);
        } else {
            let number = self.cradles.len() as u32;
            self.cradles.push(Cradle { key: self.family.add_one(BODY + 1 + number), child });
        }
    }

    fn is_empty(&self) -> bool {
        self.free.len() == self.cradles.len()
    }

    /// Takes all children out.
    fn clear(&mut self) -> Vec<Child<'env, E>> {
        self.free = (0..self.cradles.len()).collect();
        self.cradles.iter_mut().filter_map(|cradle| cradle.child.take()).collect()
    }

    /// Begins a look at those that were woken.
    fn look(&self, cx: &mut Context<'_>) -> Option<Key> {
        self.family.set_parent(cx.waker());
        self.family.woken()
    }

    /// The number of one that was woken, who comes after it, and its waker.
    fn take(&self, key: Key) -> Option<(u32, Option<Key>, Waker)> {
        let (number, next) = self.family.take(key)?;
        Some((number, next, self.family.waker(key)))
    }
}

impl<T> Future for ScopedHandle<'_, T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        if let Some(value) = self.place.value.take() {
            return Poll::Ready(value);
        }
        assert!(!self.place.left.get(), "a child that was cancelled has no value");
        drop(self.place.waker.replace(Some(cx.waker().clone())));
        Poll::Pending
    }
}

impl<T> Place<T> {
    fn put(&self, value: T) {
        self.value.set(Some(value));
        self.wake();
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl<T> Default for Place<T> {
    fn default() -> Self {
        Self { value: Cell::new(None), waker: Cell::new(None), left: Cell::new(false) }
    }
}

impl<T> Drop for Deposit<T> {
    fn drop(&mut self) {
        self.0.left.set(true);
        self.0.wake();
    }
}

impl<E> fmt::Debug for Scope<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nursery = self.nursery.borrow();
        let children = nursery.cradles.len() - nursery.free.len();
        f.debug_struct("Scope").field("children", &children).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for ScopedHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedHandle").field("left", &self.place.left).finish_non_exhaustive()
    }
}
