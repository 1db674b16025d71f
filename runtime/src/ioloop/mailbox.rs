//! How other threads reach a loop: a queue of letters, and a bell that rings only when the loop sleeps.
//!
//! A sender puts its letter into the queue and then looks whether the loop sleeps; the loop declares that it is going to sleep
//! and then looks into the queue once more. Whichever comes second sees the first, so no letter is overlooked, and a busy loop
//! is never rung. The model at the end of this file explores every order of these steps (`RUSTFLAGS="--cfg loom"`).

use super::core::Core;
use super::slab::Key;
use super::waker::LoopId;
use crate::sys::Notifier;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use sync::{AtomicBool, Mutex, Ordering};

/// What a letter asks of a loop.
pub(crate) enum Letter {
    /// Wake what has this key.
    Wake(Key),
    /// Run this callback in the next turn.
    Call(Box<dyn FnOnce(&Core) + Send>),
}

/// The mailbox of a loop.
pub(crate) type LoopMailbox = Mailbox<Letter, Arc<dyn Notifier>>;

/// A queue that many threads fill and one empties, which may sleep meanwhile.
pub(crate) struct Mailbox<L, B> {
    /// `None` once the mailbox is closed.
    letters: Mutex<Option<Vec<L>>>,
    /// Whether there are letters; lets a busy loop look without taking the lock.
    waiting: AtomicBool,
    /// Whether the loop waits, or has declared that it is about to.
    asleep: AtomicBool,
    bell: B,
}

impl<L, B: Notifier> Mailbox<L, B> {
    pub(crate) fn new(bell: B) -> Self {
        Self {
            letters: Mutex::new(Some(Vec::new())),
            waiting: AtomicBool::new(false),
            asleep: AtomicBool::new(false),
            bell,
        }
    }

    /// Puts a letter in, from any thread; the closed mailbox of a loop that is gone swallows it.
    pub(crate) fn post(&self, letter: L) {
        {
            let mut letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(letters) = &mut *letters else { return };
            letters.push(letter);
            self.waiting.store(true, Ordering::Release);
        }
        // Whoever clears the flag rings: one ring is enough for any number of letters.
        if self.asleep.swap(false, Ordering::AcqRel) {
            self.bell.notify();
        }
    }

    /// Moves all letters to the end of `into`; for the loop's thread.
    pub(crate) fn empty(&self, into: &mut Vec<L>) {
        if !self.waiting.load(Ordering::Acquire) {
            return;
        }
        let mut letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.store(false, Ordering::Relaxed);
        if let Some(letters) = &mut *letters {
            into.append(letters);
        }
    }

    /// Declares that the loop is about to wait; says whether it may, because no letter is there.
    pub(crate) fn fall_asleep(&self) -> bool {
        // The lock orders this look against every sender: one that was before us has left its letter, one that comes after us
        // finds the flag.
        let letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        let empty = letters.as_ref().is_none_or(Vec::is_empty);
        if empty {
            // A swap, like all changes of this flag, because loom does not order a plain store after a swap that it did not see.
            self.asleep.swap(true, Ordering::AcqRel);
        }
        empty
    }

    /// Declares that the wait is over.
    pub(crate) fn wake_up(&self) {
        self.asleep.swap(false, Ordering::AcqRel);
    }

    /// Drops the letters, and all that will come.
    pub(crate) fn close(&self) {
        let letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Outside of the lock: a letter's destructor may post another.
        drop(letters);
    }
}

/// The mailboxes of the loops that exist, for wakers, which know only a number.
static OPEN: RwLock<BTreeMap<u16, Arc<LoopMailbox>>> = RwLock::new(BTreeMap::new());

/// Gives a mailbox a number that no open one has.
///
/// Numbers are used again only after all others, so that a waker kept from a closed loop rarely names a living one; when it
/// does, it wakes a task for nothing, which every future must bear.
pub(crate) fn open(mailbox: &Arc<LoopMailbox>) -> Option<LoopId> {
    static NEXT: std::sync::atomic::AtomicU16 = std::sync::atomic::AtomicU16::new(0);
    let mut open = OPEN.write().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..LoopId::COUNT {
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % LoopId::COUNT;
        if let std::collections::btree_map::Entry::Vacant(place) = open.entry(number) {
            place.insert(mailbox.clone());
            return Some(LoopId::new(number));
        }
    }
    None
}

/// Takes a mailbox out of the directory, and closes it; once closed, its number may be another's.
pub(crate) fn close(id: LoopId, mailbox: &Arc<LoopMailbox>) {
    let mut open = OPEN.write().unwrap_or_else(PoisonError::into_inner);
    if open.get(&id.number()).is_some_and(|other| Arc::ptr_eq(other, mailbox)) {
        open.remove(&id.number());
    }
    drop(open);
    mailbox.close();
}

/// Posts a letter to the loop with this number, if there is one.
pub(crate) fn post(id: LoopId, letter: Letter) {
    let mailbox = OPEN.read().unwrap_or_else(PoisonError::into_inner).get(&id.number()).cloned();
    if let Some(mailbox) = mailbox {
        mailbox.post(letter);
    }
}

#[cfg(not(all(test, loom)))]
mod sync {
    pub(super) use std::sync::Mutex;
    pub(super) use std::sync::atomic::{AtomicBool, Ordering};
}

#[cfg(all(test, loom))]
mod sync {
    pub(super) use loom::sync::Mutex;
    pub(super) use loom::sync::atomic::{AtomicBool, Ordering};
}

#[cfg(all(test, loom))]
mod model {
    use super::*;
    use loom::sync::Notify;
    use loom::thread;

    /// A bell that a model can hear; like eventfd, a ring before the wait ends the wait.
    struct Bell(loom::sync::Arc<Notify>);

    impl Notifier for Bell {
        fn notify(&self) {
            self.0.notify();
        }
    }

    /// A loop as the mailbox sees it: empties, declares, waits. If a letter were overlooked, the wait would never end, which
    /// loom reports as a deadlock.
    fn collect(mailbox: &Mailbox<u32, Bell>, bell: &Notify, count: usize) -> Vec<u32> {
        let mut letters = Vec::new();
        while letters.len() < count {
            mailbox.empty(&mut letters);
            if letters.len() < count && mailbox.fall_asleep() {
                bell.wait();
                mailbox.wake_up();
            }
        }
        letters
    }

    /// One sender and the loop are explored in every order; with a second sender that takes minutes, so no more than four
    /// switches of a thread that could go on are tried, which is where such errors are found.
    const SWITCHES: usize = 4;

    #[test]
    fn no_letter_is_overlooked() {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(SWITCHES);
        builder.check(|| {
            let bell = loom::sync::Arc::new(Notify::new());
            let mailbox = loom::sync::Arc::new(Mailbox::new(Bell(bell.clone())));
            let senders: Vec<_> = (0..2)
                .map(|letter| {
                    let mailbox = mailbox.clone();
                    thread::spawn(move || mailbox.post(letter))
                })
                .collect();
            let mut letters = collect(&mailbox, &bell, 2);
            letters.sort_unstable();
            assert_eq!(letters, [0, 1]);
            for sender in senders {
                sender.join().unwrap();
            }
        });
    }

    #[test]
    fn letters_of_one_thread_keep_their_order() {
        loom::model(|| {
            let bell = loom::sync::Arc::new(Notify::new());
            let mailbox = loom::sync::Arc::new(Mailbox::new(Bell(bell.clone())));
            let sender = {
                let mailbox = mailbox.clone();
                thread::spawn(move || {
                    mailbox.post(1);
                    mailbox.post(2);
                })
            };
            assert_eq!(collect(&mailbox, &bell, 2), [1, 2]);
            sender.join().unwrap();
        });
    }
}
