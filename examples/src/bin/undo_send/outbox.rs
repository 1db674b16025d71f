//! Mails that were sent, and those that can still be called back.

use gustnado::coroutine::sleep;
use gustnado::ioloop::{IOLoop, JoinHandle, spawn};
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How many may be in the window, and how many others are remembered.
const WAITING: usize = 100;
const REMEMBERED: usize = 100;

/// What somebody has written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) body: String,
}

/// Sends mails after a while in which they can be called back.
pub(crate) struct Outbox {
    window: Duration,
    /// By their ids, which grow.
    mails: RefCell<BTreeMap<u64, Entry>>,
    next: Cell<u64>,
}

struct Entry {
    mail: Mail,
    state: State,
}

enum State {
    /// A coroutine sleeps until the window closes.
    Waiting {
        sending: JoinHandle<()>,
        until: Instant,
    },
    Sent,
    Undone,
}

/// Why a mail cannot be called back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UndoError {
    Unknown,
    TooLate,
}

/// What the page shows of a mail.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    pub(crate) id: u64,
    to: String,
    subject: String,
    pub(crate) state: &'static str,
    /// For how many seconds it can still be called back.
    pub(crate) left: f64,
    /// The same as a part of the window.
    part: f64,
}

impl Outbox {
    pub(crate) fn new(window: Duration) -> Rc<Self> {
        Rc::new(Self { window, mails: RefCell::default(), next: Cell::new(1) })
    }

    /// For how long a mail can be called back.
    pub(crate) fn window(&self) -> Duration {
        self.window
    }

    /// Sends a mail when the window has closed. Returns its id; or none, if there are too many in it.
    pub(crate) fn send(self: &Rc<Self>, mail: Mail) -> Option<u64> {
        let mut mails = self.mails.borrow_mut();
        let is_waiting = |entry: &&Entry| matches!(entry.state, State::Waiting { .. });
        if mails.values().filter(is_waiting).count() == WAITING {
            return None;
        }
        let id = self.next.get();
        self.next.set(id + 1);
        let until = IOLoop::current().time() + self.window;
        let outbox = self.clone();
        let sending = spawn(async move {
            sleep(outbox.window).await;
            outbox.deliver(id);
        });
        mails.insert(id, Entry { mail, state: State::Waiting { sending, until } });
        if mails.len() > REMEMBERED {
            let oldest = mails.iter().find(|(_, entry)| !is_waiting(entry)).map(|(id, _)| *id);
            oldest.and_then(|id| mails.remove(&id));
        }
        Some(id)
    }

    /// Calls a mail back, and gives it to its author.
    pub(crate) fn undo(&self, id: u64) -> Result<Mail, UndoError> {
        let mut mails = self.mails.borrow_mut();
        let entry = mails.get_mut(&id).ok_or(UndoError::Unknown)?;
        match &entry.state {
            State::Waiting { sending, .. } => sending.cancel(),
            State::Sent => return Err(UndoError::TooLate),
            State::Undone => {}
        }
        entry.state = State::Undone;
        Ok(entry.mail.clone())
    }

    /// Sends at once what is in the window.
    pub(crate) fn flush(&self) {
        for entry in self.mails.borrow_mut().values_mut() {
            if let State::Waiting { sending, .. } = &entry.state {
                sending.cancel();
                entry.deliver();
            }
        }
    }

    /// The newest first.
    pub(crate) fn mails(&self) -> Vec<Summary> {
        let mails = self.mails.borrow();
        mails.iter().rev().map(|(id, entry)| entry.summary(*id, self.window)).collect()
    }

    fn deliver(&self, id: u64) {
        if let Some(entry) = self.mails.borrow_mut().get_mut(&id) {
            entry.deliver();
        }
    }
}

impl Entry {
    /// Here a real one would speak SMTP.
    fn deliver(&mut self) {
        println!("sent to {:?}: {:?}", self.mail.to, self.mail.subject);
        self.state = State::Sent;
    }

    fn summary(&self, id: u64, window: Duration) -> Summary {
        let (state, left) = match self.state {
            State::Waiting { until, .. } => {
                ("waiting", until.saturating_duration_since(IOLoop::current().time()))
            }
            State::Sent => ("sent", Duration::ZERO),
            State::Undone => ("undone", Duration::ZERO),
        };
        let Mail { to, subject, .. } = self.mail.clone();
        let part = left.as_secs_f64() / window.as_secs_f64();
        Summary { id, to, subject, state, left: left.as_secs_f64(), part }
    }
}
