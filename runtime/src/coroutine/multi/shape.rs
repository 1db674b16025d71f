//! The shapes that `Multi` takes, and gives back.

use super::slot::{Slot, Slots};
use crate::coroutine::Outcome;
use pin_project_lite::pin_project;
use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Display};
use std::future::Future;
use std::hash::{BuildHasher, Hash};
use std::pin::Pin;
use std::task::Context;

/// A shape of futures that [`Multi`](fn@super::Multi) waits for: tuples of up to eight, arrays, `Vec`, `HashMap`, `BTreeMap`.
#[diagnostic::on_unimplemented(
    message = "`Multi` cannot wait for `{Self}`",
    label = "not a tuple, an array, a `Vec` or a map of futures",
    note = "the futures must end with a `Result`, those of a tuple with the same error, or with `()`"
)]
pub trait Shape {
    /// The results, in the same shape.
    type Values;
    /// What a child fails with.
    type Error: Display;
    #[doc(hidden)]
    type Running: Running<Values = Self::Values, Error = Self::Error>;

    #[doc(hidden)]
    fn begin(self) -> Self::Running;
}

/// Children in some shape, while they run.
pub trait Running {
    type Values;
    type Error: Display;

    fn len(&self) -> usize;

    /// Gives a child a turn; says whether it has ended just now.
    fn poll_child(self: Pin<&mut Self>, index: usize, cx: &mut Context<'_>) -> bool;

    /// The results, if all have succeeded.
    fn finish(self: Pin<&mut Self>, failures: &mut Failures<Self::Error>) -> Option<Self::Values>;
}

/// Collects failures: the first is kept, the others are logged.
#[derive(Debug)]
pub struct Failures<E> {
    pub(super) first: Option<E>,
    quiet: bool,
}

impl<E: Display> Failures<E> {
    pub(super) fn new(quiet: bool) -> Self {
        Self { first: None, quiet }
    }

    fn sort<O: Outcome<Error = E>>(&mut self, outcome: Option<O>) -> Option<O::Value> {
        match outcome?.into_result() {
            Ok(value) => Some(value),
            Err(error) => {
                if self.first.is_none() {
                    self.first = Some(error);
                } else if !self.quiet {
                    tracing::error!(target: "gustnado.application", "Multiple exceptions in yield list: {error}");
                }
                None
            }
        }
    }
}

/// Children in a row, whose results `collect` brings into shape.
pub struct Row<F: Future, K, C> {
    slots: Slots<F>,
    keys: Vec<K>,
    collect: C,
}

impl<F: Future, K, C> fmt::Debug for Row<F, K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row").field("len", &self.slots.len()).finish_non_exhaustive()
    }
}

// The futures are pinned on the heap.
impl<F: Future, K, C> Unpin for Row<F, K, C> {}

impl<F, K, V, C> Running for Row<F, K, C>
where
    F: Future<Output: Outcome>,
    C: Fn(Vec<K>, Vec<<F::Output as Outcome>::Value>) -> Option<V>,
{
    type Values = V;
    type Error = <F::Output as Outcome>::Error;

    fn len(&self) -> usize {
        self.slots.len()
    }

    fn poll_child(mut self: Pin<&mut Self>, index: usize, cx: &mut Context<'_>) -> bool {
        self.slots.slot(index).is_some_and(|slot| slot.poll(cx))
    }

    fn finish(mut self: Pin<&mut Self>, failures: &mut Failures<Self::Error>) -> Option<V> {
        let mut values = Vec::with_capacity(self.len());
        values.extend(self.slots.take_all().filter_map(|outcome| failures.sort(outcome)));
        let keys = std::mem::take(&mut self.keys);
        if values.len() < self.len() {
            return None;
        }
        (self.collect)(keys, values)
    }
}

type Collect<K, T, V> = fn(Vec<K>, Vec<T>) -> Option<V>;
type Value<F> = <<F as IntoFuture>::Output as Outcome>::Value;

impl<F: IntoFuture<Output: Outcome>> Shape for Vec<F> {
    type Values = Vec<Value<F>>;
    type Error = <F::Output as Outcome>::Error;
    type Running = Row<F::IntoFuture, (), Collect<(), Value<F>, Self::Values>>;

    fn begin(self) -> Self::Running {
        Row {
            slots: Slots::new(self.into_iter().map(F::into_future)),
            keys: Vec::new(),
            collect: |_, values| Some(values),
        }
    }
}

impl<F: IntoFuture<Output: Outcome>, const N: usize> Shape for [F; N] {
    type Values = [Value<F>; N];
    type Error = <F::Output as Outcome>::Error;
    type Running = Row<F::IntoFuture, (), Collect<(), Value<F>, Self::Values>>;

    fn begin(self) -> Self::Running {
        Row {
            slots: Slots::new(self.into_iter().map(F::into_future)),
            keys: Vec::new(),
            collect: |_, values| values.try_into().ok(),
        }
    }
}

impl<K: Ord, F: IntoFuture<Output: Outcome>> Shape for BTreeMap<K, F> {
    type Values = BTreeMap<K, Value<F>>;
    type Error = <F::Output as Outcome>::Error;
    type Running = Row<F::IntoFuture, K, Collect<K, Value<F>, Self::Values>>;

    fn begin(self) -> Self::Running {
        let children = self.into_iter().map(|(key, child)| (key, child.into_future()));
        let (keys, children): (Vec<K>, Vec<F::IntoFuture>) = children.unzip();
        Row {
            slots: Slots::new(children),
            keys,
            collect: |keys, values| Some(keys.into_iter().zip(values).collect()),
        }
    }
}

impl<K: Eq + Hash, F: IntoFuture<Output: Outcome>, S: BuildHasher + Default> Shape
    for HashMap<K, F, S>
{
    type Values = HashMap<K, Value<F>, S>;
    type Error = <F::Output as Outcome>::Error;
    type Running = Row<F::IntoFuture, K, Collect<K, Value<F>, Self::Values>>;

    fn begin(self) -> Self::Running {
        let children = self.into_iter().map(|(key, child)| (key, child.into_future()));
        let (keys, children): (Vec<K>, Vec<F::IntoFuture>) = children.unzip();
        Row {
            slots: Slots::new(children),
            keys,
            collect: |keys, values| Some(keys.into_iter().zip(values).collect()),
        }
    }
}

/// Implements `Shape` for tuples of one length.
macro_rules! tuple {
    ($running:ident: $count:literal, $($future:ident $field:ident $index:tt),+) => {
        pin_project! {
            /// Children in a tuple.
            pub struct $running<$($future: Future),+> {
                $(#[pin] $field: Slot<$future>,)+
            }
        }

        impl<$($future: Future),+> fmt::Debug for $running<$($future),+> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($running)).finish_non_exhaustive()
            }
        }

        impl<Error: Display, $($future),+> Running for $running<$($future),+>
        where
            $($future: Future<Output: Outcome<Error = Error>>),+
        {
            type Values = ($(Value<$future>,)+);
            type Error = Error;

            fn len(&self) -> usize {
                $count
            }

            fn poll_child(self: Pin<&mut Self>, index: usize, cx: &mut Context<'_>) -> bool {
                let this = self.project();
                match index {
                    $($index => this.$field.poll(cx),)+
                    _ => false,
                }
            }

            fn finish(self: Pin<&mut Self>, failures: &mut Failures<Error>) -> Option<Self::Values> {
                let this = self.project();
                $(let $field = failures.sort(this.$field.take());)+
                Some(($($field?,)+))
            }
        }

        impl<Error: Display, $($future),+> Shape for ($($future,)+)
        where
            $($future: IntoFuture<Output: Outcome<Error = Error>>),+
        {
            type Values = ($(Value<$future>,)+);
            type Error = Error;
            type Running = $running<$($future::IntoFuture),+>;

            fn begin(self) -> Self::Running {
                let ($($field,)+) = self;
                $running { $($field: Slot::new($field.into_future())),+ }
            }
        }
    };
}

tuple!(Tuple1: 1, A a 0);
tuple!(Tuple2: 2, A a 0, B b 1);
tuple!(Tuple3: 3, A a 0, B b 1, C c 2);
tuple!(Tuple4: 4, A a 0, B b 1, C c 2, D d 3);
tuple!(Tuple5: 5, A a 0, B b 1, C c 2, D d 3, E e 4);
tuple!(Tuple6: 6, A a 0, B b 1, C c 2, D d 3, E e 4, F f 5);
tuple!(Tuple7: 7, A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6);
tuple!(Tuple8: 8, A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7);
