//! What can be wrong with a put, a get and a done.

use std::fmt;

/// Why an item was not put into a queue; the item comes back with it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PutError<T> {
    /// There is no room now. Tornado's `QueueFull`.
    Full(T),
    /// There was no room until the deadline. Tornado's `TimeoutError`.
    Timeout(T),
    /// The queue is closed.
    Closed(T),
}

/// Why there is no item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GetError {
    /// There is none now. Tornado's `QueueEmpty`.
    Empty,
    /// There was none until the deadline. Tornado's `TimeoutError`.
    Timeout,
    /// There is none, and there will be none: the queue is closed.
    Closed,
}

/// [`task_done`](super::OrderedQueue::task_done) was called more often than items were put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskDoneError(pub(super) ());

impl<T> PutError<T> {
    /// The item that was to be put.
    pub fn into_item(self) -> T {
        match self {
            Self::Full(item) | Self::Timeout(item) | Self::Closed(item) => item,
        }
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the queue is full",
            Self::Timeout(_) => "Timeout",
            Self::Closed(_) => "the queue is closed",
        })
    }
}

impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Timeout(_) => "Timeout(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> std::error::Error for PutError<T> {}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the queue is empty",
            Self::Timeout => "Timeout",
            Self::Closed => "the queue is closed",
        })
    }
}

impl std::error::Error for GetError {}

impl fmt::Display for TaskDoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("task_done() called too many times")
    }
}

impl std::error::Error for TaskDoneError {}
