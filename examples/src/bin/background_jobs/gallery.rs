//! What was ordered, and what became of it.

use crate::julia::Motif;
use gustnado::prelude::*;
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// How many pictures hang; the oldest makes room. So many may be in work, too, so that none of those has to.
pub(crate) const HANGING: usize = 24;

/// How a painter works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Temper {
    /// Does it.
    Calm,
    /// Fails twice first.
    Moody,
    /// Panics once first.
    Clumsy,
    /// Always fails.
    Hopeless,
}

/// The pictures, by their ids, which grow.
#[derive(Default)]
pub(crate) struct Gallery {
    pictures: RefCell<BTreeMap<u64, Picture>>,
    last: Cell<u64>,
}

struct Picture {
    summary: Summary,
    painted: Option<Rc<[u8]>>,
}

/// What the page shows of a picture.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Summary {
    id: u64,
    motif: Motif,
    temper: Temper,
    state: State,
    attempts: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Queued,
    Running,
    Waiting,
    Done,
    Failed,
}

/// An attempt to paint a picture. If it does not finish, because of an error, a panic or a limit, the picture waits for the next.
pub(crate) struct Attempt<'a> {
    gallery: &'a Gallery,
    id: u64,
    number: u32,
}

impl Temper {
    /// What an attempt comes to, counted from one.
    pub(crate) fn strike(self, attempt: u32) -> Result<()> {
        match self {
            Self::Moody if attempt <= 2 => Err(Error::msg("I am not in the mood")),
            Self::Clumsy if attempt == 1 => panic!("the paint has been spilt"),
            Self::Hopeless => Err(Error::msg("it will never look right")),
            _ => Ok(()),
        }
    }
}

impl Gallery {
    /// The id of the next picture, which is also its job's: each order is one job.
    pub(crate) fn next(&self) -> u64 {
        self.last.get() + 1
    }

    pub(crate) fn add(&self, id: u64, motif: Motif, temper: Temper) {
        self.last.set(id);
        let summary = Summary { id, motif, temper, state: State::Queued, attempts: 0 };
        let mut pictures = self.pictures.borrow_mut();
        pictures.insert(id, Picture { summary, painted: None });
        if pictures.len() > HANGING {
            let is_over =
                |picture: &Picture| matches!(picture.summary.state, State::Done | State::Failed);
            let oldest = pictures.iter().find(|(_, picture)| is_over(picture)).map(|(id, _)| *id);
            oldest.and_then(|id| pictures.remove(&id));
        }
    }

    pub(crate) fn begin(&self, id: u64) -> Attempt<'_> {
        let mut number = 0;
        self.change(id, |picture| {
            picture.summary.state = State::Running;
            picture.summary.attempts += 1;
            number = picture.summary.attempts;
        });
        Attempt { gallery: self, id, number }
    }

    pub(crate) fn give_up(&self, id: u64, attempts: u32) {
        self.change(id, |picture| {
            picture.summary.state = State::Failed;
            picture.summary.attempts = attempts;
        });
    }

    /// The newest first.
    pub(crate) fn pictures(&self) -> Vec<Summary> {
        self.pictures.borrow().values().rev().map(|picture| picture.summary.clone()).collect()
    }

    /// A picture that is painted.
    pub(crate) fn bytes(&self, id: u64) -> Option<Vec<u8>> {
        let pictures = self.pictures.borrow();
        pictures.get(&id)?.painted.as_deref().map(<[u8]>::to_vec)
    }

    fn change(&self, id: u64, change: impl FnOnce(&mut Picture)) {
        if let Some(picture) = self.pictures.borrow_mut().get_mut(&id) {
            change(picture);
        }
    }
}

impl Attempt<'_> {
    /// The first one is 1.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    pub(crate) fn finish(self, painted: Vec<u8>) {
        self.gallery.change(self.id, |picture| {
            picture.summary.state = State::Done;
            picture.painted = Some(painted.into());
        });
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.gallery.change(self.id, |picture| {
            if picture.summary.state == State::Running {
                picture.summary.state = State::Waiting;
            }
        });
    }
}
