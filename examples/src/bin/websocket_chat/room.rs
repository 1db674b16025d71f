//! What was said lately.

use serde::Serialize;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

/// How many messages are remembered; Tornado's demo has as many.
const REMEMBERED: usize = 200;

/// Something that was said.
#[derive(Serialize)]
pub(crate) struct Message {
    /// Milliseconds since 1970.
    time: u64,
    name: String,
    body: String,
    window: String,
}

/// The messages of the room, the oldest first.
#[derive(Default)]
pub(crate) struct Room {
    messages: RefCell<VecDeque<Rc<Message>>>,
}

impl Room {
    /// Remembers what is said.
    pub(crate) fn say(&self, name: &str, body: &str, window: &str) -> Rc<Message> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let message = Rc::new(Message {
            time: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            name: name.to_owned(),
            body: body.to_owned(),
            window: window.to_owned(),
        });
        let mut messages = self.messages.borrow_mut();
        if messages.len() == REMEMBERED {
            messages.pop_front();
        }
        messages.push_back(message.clone());
        message
    }

    /// What was said before.
    pub(crate) fn latest(&self) -> Vec<Rc<Message>> {
        self.messages.borrow().iter().cloned().collect()
    }
}
