//! Values that are made for one request, and what is to be done with them at its end.

use std::any::{Any, TypeId, type_name};
use std::cell::{OnceCell, RefCell};
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;

use ::http::StatusCode;

use super::{Context, Next, Requirement};
use crate::coroutine::Outcome;
use crate::error::{Error, Result};
use crate::http::Response;
use crate::ioloop::{Core, Failure, Frame, report, spawn};

/// How a value is made for each request that asks for one: a transaction, a session, the user.
///
/// Handlers and layers ask for it as for everything that is provided, by `&T`. It is made when the first argument asks for it, and
/// lives until the answer of that request is ready; requests that do not ask pay nothing. Then [`at_end`](Self::at_end) is called.
///
/// ```
/// use gustnado::prelude::*;
/// use gustnado::{PerRequest, RequestEnd};
/// # struct Db; struct Transaction;
/// # impl Db { async fn begin(&self) -> Result<Transaction> { Ok(Transaction) } }
/// # impl Transaction { async fn commit(self) -> Result { Ok(()) } async fn insert(&self, _: &str) -> Result { Ok(()) } }
///
/// #[post("/entry")]
/// async fn entry(text: String, transaction: &Transaction) -> Result {
///     transaction.insert(&text).await
/// }
///
/// let transactions = PerRequest::new(async |cx: &Context| cx.provided::<Db>().context("no database")?.begin().await)
///     .needs::<Db>()
///     .at_end(async |transaction: Transaction, end| match end.is_success() {
///         true => transaction.commit().await,
///         false => Ok(()), // dropped, it is rolled back
///     });
/// let app = Application::new(routes![entry]).provide(Db).provide_each(transactions);
/// app.build()?;
/// # Ok::<(), Error>(())
/// ```
pub struct PerRequest<T> {
    make: Box<dyn Make>,
    end: Option<Rc<End>>,
    needs: Vec<Requirement>,
    place: &'static Location<'static>,
    value: PhantomData<fn() -> T>,
}

/// How a request has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestEnd {
    /// It is answered with this status.
    Answered(StatusCode),
    /// It is not answered: the client has left, or the handler has panicked.
    Dropped,
}

impl RequestEnd {
    /// Whether it is answered, with a status below 400.
    pub fn is_success(self) -> bool {
        matches!(self, Self::Answered(status) if status.as_u16() < 400)
    }
}

type End = dyn Fn(Box<dyn Any>, RequestEnd) -> Frame<Result<(), String>>;

impl<T: 'static> PerRequest<T> {
    /// Makes the value out of the request. If that fails, the error answers the request; as a
    /// [`Result<&T>`](super::FromRequest), it is the handler's to answer.
    #[track_caller]
    pub fn new(make: impl AsyncFn(&Context) -> Result<T> + 'static) -> Self {
        Self {
            make: Box::new(Factory(make)),
            end: None,
            needs: Vec::new(),
            place: Location::caller(),
            value: PhantomData,
        }
    }

    /// Says that it is made of an `U` that is provided to the application, which is checked at start-up.
    #[must_use]
    pub fn needs<U: 'static>(mut self) -> Self {
        self.needs.push(Requirement::of::<U>());
        self
    }

    /// Does something with the value at the end of the request, before the answer is sent. With several, the last one that was made
    /// is the first to end.
    ///
    /// If it fails, the answer is a 500 instead, and the error is logged. If there is no answer, because the client has left or the
    /// handler has panicked, it is done in a task of its own.
    #[must_use]
    pub fn at_end<O: Outcome>(self, end: impl AsyncFn(T, RequestEnd) -> O + 'static) -> Self {
        let end = Rc::new(end);
        let end = move |value: Box<dyn Any>, how| {
            let end = Rc::clone(&end);
            Frame::new(async move {
                let Ok(value) = value.downcast() else { return Ok(()) };
                let outcome = end(*value, how).await.into_result();
                outcome.map(drop).map_err(|error| format!("{error:#}"))
            })
        };
        Self { end: Some(Rc::new(end)), ..self }
    }

    pub(super) fn erased(self) -> Maker {
        let Self { make, end, needs, place, .. } = self;
        Maker { make, end, needs, place, name: type_name::<T>() }
    }
}

impl<T> fmt::Debug for PerRequest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerRequest").field("type", &type_name::<T>()).finish_non_exhaustive()
    }
}

/// The layer around a handler for which something may be made.
pub(super) async fn scoped(cx: Context, next: Next) -> Result<Response> {
    let scope = cx.scope().clone();
    let response = next.run(cx).await;
    Scope::end(scope, response.status()).await?;
    Ok(response)
}

/// A [`PerRequest`] of any type.
pub(super) struct Maker {
    make: Box<dyn Make>,
    end: Option<Rc<End>>,
    pub(super) needs: Vec<Requirement>,
    pub(super) place: &'static Location<'static>,
    pub(super) name: &'static str,
}

type Making<'r> = Pin<Box<dyn Future<Output = Result<Box<dyn Any>>> + 'r>>;

trait Make {
    fn make<'r>(&'r self, cx: &'r Context) -> Making<'r>;
}

struct Factory<F>(F);

impl<T: 'static, F: AsyncFn(&Context) -> Result<T>> Make for Factory<F> {
    fn make<'r>(&'r self, cx: &'r Context) -> Making<'r> {
        Box::pin(async move { Ok(Box::new(self.0(cx).await?) as Box<dyn Any>) })
    }
}

impl Maker {
    /// Makes the value, and keeps it in the scope of the request.
    pub(super) async fn make(&self, id: TypeId, scope: &Scope, cx: &Context) -> Result<()> {
        // Taken away again also when this future is dropped.
        let _guard = scope.begin(id).ok_or_else(|| {
            Error::msg(format!("making a {} for a request asks for one", self.name))
        })?;
        let value = self.make.make(cx).await?;
        scope.keep(Made { id, value, end: self.end.clone(), name: self.name, place: self.place });
        Ok(())
    }
}

/// What was made for one request.
#[derive(Default)]
pub(super) struct Scope {
    first: Link,
    making: RefCell<Vec<TypeId>>,
}

/// The values stand still, so that they can be lent while others are made.
type Link = OnceCell<Box<Node>>;

struct Node {
    made: Made,
    next: Link,
}

struct Made {
    id: TypeId,
    value: Box<dyn Any>,
    end: Option<Rc<End>>,
    name: &'static str,
    place: &'static Location<'static>,
}

impl Scope {
    pub(super) fn value<T: 'static>(&self) -> Option<&T> {
        let mut link = &self.first;
        while let Some(node) = link.get() {
            if node.made.id == TypeId::of::<T>() {
                return node.made.value.downcast_ref();
            }
            link = &node.next;
        }
        None
    }

    fn begin(&self, id: TypeId) -> Option<Guard<'_>> {
        let mut making = self.making.borrow_mut();
        if making.contains(&id) {
            return None;
        }
        making.push(id);
        Some(Guard { scope: self, id })
    }

    fn keep(&self, made: Made) {
        let mut node = Box::new(Node { made, next: Link::new() });
        let mut link = &self.first;
        // The cell of the last one is empty.
        while let Err(back) = link.set(node) {
            let Some(taken) = link.get() else { return };
            (node, link) = (back, &taken.next);
        }
    }

    /// The last one first.
    fn take(&mut self) -> Vec<Made> {
        let mut all = Vec::new();
        let mut link = self.first.take();
        while let Some(node) = link {
            all.push(node.made);
            link = node.next.into_inner();
        }
        all.reverse();
        all
    }

    /// Ends everything that was made; says the first failure.
    pub(super) async fn end(scope: Rc<Self>, status: StatusCode) -> Result {
        // Somebody may have kept the context for longer: then it is the end of that which counts.
        let Some(mut scope) = Rc::into_inner(scope) else { return Ok(()) };
        let mut result = Ok(());
        for made in scope.take() {
            let how = if result.is_ok() { status } else { StatusCode::INTERNAL_SERVER_ERROR };
            let Some(end) = made.end else { continue };
            if let Err(error) = end(made.value, RequestEnd::Answered(how)).await {
                let error = Error::msg(error).context(format!("ending a {}", made.name));
                result = result.and(Err(error));
            }
        }
        result
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        let made = self.take();
        if made.iter().all(|made| made.end.is_none()) || Core::current().is_none() {
            return;
        }
        let ending = async move {
            for Made { value, end, name, place, .. } in made {
                let Some(end) = end else { continue };
                if let Err(error) = end(value, RequestEnd::Dropped).await {
                    report(&Failure::of_error("end of a request", name, place, &error));
                }
            }
        };
        drop(spawn(ending));
    }
}

struct Guard<'s> {
    scope: &'s Scope,
    id: TypeId,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.scope.making.borrow_mut().retain(|id| *id != self.id);
    }
}
