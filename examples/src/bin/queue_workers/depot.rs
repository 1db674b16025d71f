//! The depot: a ramp, a shelf and packers.

use gustnado::coroutine::sleep;
use gustnado::ioloop::{IOLoop, spawn};
use gustnado::queues::PriorityQueue;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// The first one leaves the shelf first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Class {
    Express,
    Standard,
}

/// Of one class, the shelf hands out the oldest first; the number is for the label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Parcel {
    pub(crate) class: Class,
    pub(crate) number: u64,
}

/// Where parcels are packed.
pub(crate) struct Depot {
    pub(crate) shelf: PriorityQueue<Parcel>,
    packers: Vec<Packer>,
    /// How long a parcel takes, on average.
    pace: Duration,
    next: Cell<u64>,
    at_ramp: Cell<usize>,
    sent_back: Cell<usize>,
}

struct Packer {
    name: &'static str,
    at_hand: Cell<Option<AtHand>>,
    packed: Cell<u64>,
}

#[derive(Clone, Copy)]
struct AtHand {
    parcel: Parcel,
    since: Instant,
}

/// What the page shows.
#[derive(Serialize)]
pub(crate) struct State {
    room: usize,
    on_shelf: usize,
    at_ramp: usize,
    packed: u64,
    packers: Vec<PackerState>,
}

#[derive(Serialize)]
struct PackerState {
    id: &'static str,
    parcel: Option<Parcel>,
    /// How much of it is done, from 0 to 1.
    part: f64,
    packed: u64,
}

impl Depot {
    /// A depot whose packers have begun to wait for parcels.
    pub(crate) fn open(names: &[&'static str], room: usize, pace: Duration) -> Rc<Self> {
        let packer = |&name| Packer { name, at_hand: Cell::default(), packed: Cell::default() };
        let depot = Rc::new(Self {
            shelf: PriorityQueue::new(room),
            packers: names.iter().map(packer).collect(),
            pace,
            next: Cell::new(1),
            at_ramp: Cell::default(),
            sent_back: Cell::default(),
        });
        for index in 0..names.len() {
            spawn(depot.clone().pack(index));
        }
        depot
    }

    /// Brings parcels. They stand at the ramp until there is room on the shelf.
    pub(crate) fn deliver(self: &Rc<Self>, count: usize, class: Class) {
        self.at_ramp.set(self.at_ramp.get() + count);
        let first = self.next.get();
        self.next.set(first + count as u64);
        let depot = self.clone();
        spawn(async move {
            for number in (first..).take(count) {
                let put = depot.shelf.put(Parcel { class, number }).await;
                depot.at_ramp.set(depot.at_ramp.get() - 1);
                if put.is_err() {
                    depot.sent_back.set(depot.sent_back.get() + 1);
                }
            }
        });
    }

    /// How many parcels wait for room on the shelf.
    pub(crate) fn at_ramp(&self) -> usize {
        self.at_ramp.get()
    }

    /// Takes nothing more, and waits until everything on the shelf is packed.
    pub(crate) async fn close(&self) {
        self.shelf.close();
        self.shelf.join().await;
        println!("packed {}, sent back {}", self.packed(), self.sent_back.get() + self.at_ramp());
    }

    pub(crate) fn packed(&self) -> u64 {
        self.packers.iter().map(|packer| packer.packed.get()).sum()
    }

    pub(crate) fn state(&self) -> State {
        State {
            room: self.shelf.maxsize(),
            on_shelf: self.shelf.qsize(),
            at_ramp: self.at_ramp(),
            packed: self.packed(),
            packers: self.packers.iter().map(|packer| self.state_of(packer)).collect(),
        }
    }

    /// The life of a packer: until the shelf is closed and empty.
    async fn pack(self: Rc<Self>, index: usize) {
        let packer = &self.packers[index];
        while let Ok(parcel) = self.shelf.get().await {
            packer.at_hand.set(Some(AtHand { parcel, since: IOLoop::current().time() }));
            sleep(self.effort(parcel)).await;
            packer.at_hand.set(None);
            packer.packed.set(packer.packed.get() + 1);
            if let Err(error) = self.shelf.task_done() {
                eprintln!("{}: {error}", packer.name);
            }
        }
    }

    /// Some are bulkier than others: half to one and a half of the average.
    fn effort(&self, parcel: Parcel) -> Duration {
        let bulk = 50 + parcel.number * 37 % 101;
        self.pace * u32::try_from(bulk).unwrap_or(100) / 100
    }

    fn state_of(&self, packer: &Packer) -> PackerState {
        let at_hand = packer.at_hand.get();
        let part = at_hand.map_or(0.0, |at_hand| {
            let passed = IOLoop::current().time().duration_since(at_hand.since);
            passed.as_secs_f64() / self.effort(at_hand.parcel).as_secs_f64()
        });
        let parcel = at_hand.map(|at_hand| at_hand.parcel);
        PackerState { id: packer.name, parcel, part: part.min(1.0), packed: packer.packed.get() }
    }
}
