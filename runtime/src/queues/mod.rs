//! Coroutines that work for each other: `tornado.queues`.
//!
//! [`Queue`] hands out its items in the order they came, [`LifoQueue`] in the opposite one, [`PriorityQueue`] the least first; all
//! are an [`OrderedQueue`], and differ in nothing else. A queue with a limit makes those who put wait, so that the fast adapt
//! themselves to the slow.
//!
//! ```
//! # gustnado::ioloop::IOLoop::new()?.run_sync(async {
//! use gustnado::{ioloop::spawn, queues::Queue};
//! use std::{cell::Cell, rc::Rc};
//!
//! let queue = Rc::new(Queue::new(2));
//! let sum = Rc::new(Cell::new(0));
//! for _ in 0..3 {
//!     let (queue, sum) = (queue.clone(), sum.clone());
//!     spawn(async move {
//!         while let Ok(number) = queue.get().await {
//!             sum.set(sum.get() + number);
//!             queue.task_done().unwrap();
//!         }
//!     });
//! }
//! for number in 1..=100 {
//!     queue.put(number).await?;
//! }
//! queue.join().await; // until all of them are done with
//! queue.close(); // ends the workers
//! assert_eq!(sum.get(), 5050);
//! # Ok::<(), gustnado::queues::PutError<i32>>(())
//! # })??;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! An item goes straight to who has waited longest for one, and nobody else can take it. Whoever gives up, because of a deadline or
//! because their future was dropped, loses nothing: an item that was on its way to them goes to the next, or back to its place.
//! Waiting allocates nothing, unless more wait than ever before.
//!
//! Queues belong to their loop's thread, and are shared by reference or [`Rc`](std::rc::Rc).

mod error;
mod order;
mod queue;
mod waiting;

pub use error::{GetError, PutError, TaskDoneError};
pub use order::{Fifo, Lifo, Order, Priority};
pub use queue::OrderedQueue;
pub use waiting::{Get, Items, Put};

/// A queue whose items come out as they went in.
pub type Queue<T> = OrderedQueue<Fifo<T>>;

/// A queue whose newest item comes out first.
///
/// ```
/// use gustnado::queues::LifoQueue;
///
/// let queue = LifoQueue::new(0);
/// for number in [3, 2, 1] {
///     queue.put_nowait(number)?;
/// }
/// assert_eq!(queue.get_nowait(), Ok(1));
/// # Ok::<(), gustnado::queues::PutError<i32>>(())
/// ```
pub type LifoQueue<T> = OrderedQueue<Lifo<T>>;

/// A queue whose least item comes out first, and of equal ones, the oldest. For the greatest first, put
/// [`Reverse`](std::cmp::Reverse)d items.
///
/// ```
/// use gustnado::queues::PriorityQueue;
///
/// let queue = PriorityQueue::new(0);
/// for job in [(1, "medium"), (0, "high"), (10, "low")] {
///     queue.put_nowait(job)?;
/// }
/// assert_eq!(queue.get_nowait(), Ok((0, "high")));
/// # Ok::<(), gustnado::queues::PutError<(i32, &str)>>(())
/// ```
pub type PriorityQueue<T> = OrderedQueue<Priority<T>>;
