//! What was said lately, and who waits for more.

use gustnado::locks::Condition;
use serde::Serialize;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

/// How many messages are remembered; Tornado's demo has as many.
const REMEMBERED: usize = 200;

/// Something that was said.
#[derive(Serialize)]
pub(crate) struct Message {
    /// Microseconds since 1970, and more than the message before: the time, and a number that still grows after the server was
    /// started again. JavaScript's numbers hold it until the year 2255.
    id: u64,
    name: String,
    body: String,
}

/// A room where everybody hears everything.
#[derive(Default)]
pub(crate) struct Room {
    /// The oldest first.
    messages: RefCell<VecDeque<Rc<Message>>>,
    arrival: Condition,
    closed: Cell<bool>,
}

impl Room {
    /// Says something to all who wait.
    pub(crate) fn say(&self, name: &str, body: &str) -> Rc<Message> {
        let mut messages = self.messages.borrow_mut();
        let id = now().max(messages.back().map_or(0, |last| last.id + 1));
        let message = Rc::new(Message { id, name: name.to_owned(), body: body.to_owned() });
        if messages.len() == REMEMBERED {
            messages.pop_front();
        }
        messages.push_back(message.clone());
        self.arrival.notify_all();
        message
    }

    /// What was said after the message `cursor`. If that is nothing, waits for more, but no longer than `patience`.
    pub(crate) async fn after(&self, cursor: u64, patience: Duration) -> Vec<Rc<Message>> {
        if self.newer(cursor).is_empty() && !self.closed.get() {
            self.arrival.wait_until(patience).await;
        }
        self.newer(cursor)
    }

    /// Lets nobody wait any more.
    pub(crate) fn close(&self) {
        self.closed.set(true);
        self.arrival.notify_all();
    }

    fn newer(&self, cursor: u64) -> Vec<Rc<Message>> {
        let messages = self.messages.borrow();
        let last = messages.back().map_or(0, |last| last.id);
        // A cursor from the future means that the clock was put back: begin anew.
        let cursor = if cursor > last { 0 } else { cursor };
        let seen = messages.partition_point(|message| message.id <= cursor);
        messages.range(seen..).cloned().collect()
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
