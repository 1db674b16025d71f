//! Queues: who gets which item, and when, is what a model says.

use crate::{Log, at, cancel_at, moment_of_its_own, perhaps, seconds, some_turns};
use gustnado::ioloop::{IOLoop, spawn};
use gustnado::queues::{GetError, LifoQueue, Order, OrderedQueue, PriorityQueue, PutError, Queue};
use gustnado::testing::Simulation;
use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

/// An item: how urgent it is, and its number.
type Item = (u64, usize);

/// What a coroutine does with a queue.
#[derive(Clone, Copy)]
struct Plan {
    arrives: Duration,
    patience: Option<Duration>,
    /// When its task is cancelled.
    cancelled: Option<Duration>,
    /// What it puts, or that it gets something and is done with it so much later.
    work: Result<Item, Duration>,
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Put(usize),
    Got(usize, Item),
    Late(usize),
    Closed(usize),
    Joined,
}

/// What happens in the model, by its time.
#[derive(Clone, Copy)]
enum Happening {
    Arrive(usize),
    GiveUp(usize),
    Cancel(usize),
    Done,
    Close,
    Join,
}

/// A queue that is as simple as possible.
struct Model {
    plans: Vec<Plan>,
    maxsize: usize,
    /// Takes the next item.
    next: fn(&mut Vec<Item>) -> Item,
    items: Vec<Item>,
    getters: VecDeque<usize>,
    putters: VecDeque<usize>,
    gone: Vec<bool>,
    closed: bool,
    unfinished: usize,
    joining: usize,
    agenda: BTreeMap<Duration, Happening>,
    steps: Vec<(Duration, Step)>,
}

impl Model {
    fn run(&mut self) {
        while let Some((now, event)) = self.agenda.pop_first() {
            let first = self.steps.len();
            match event {
                Happening::Arrive(who) if !self.gone[who] => self.arrive(who, now),
                Happening::GiveUp(who) if self.leave(who) => {
                    self.steps.push((now, Step::Late(who)));
                }
                Happening::Cancel(who) => {
                    self.leave(who);
                    self.gone[who] = true;
                }
                Happening::Done => self.unfinished -= 1,
                Happening::Close => {
                    self.closed = true;
                    let waiting = self.getters.drain(..).chain(self.putters.drain(..));
                    self.steps.extend(waiting.map(|who| (now, Step::Closed(who))));
                }
                Happening::Join => self.joining += 1,
                _ => {}
            }
            self.serve(now);
            // What happens at the same moment has no order.
            self.steps[first..].sort_unstable();
            if self.unfinished == 0 {
                let joined = (0..std::mem::take(&mut self.joining)).map(|_| (now, Step::Joined));
                self.steps.extend(joined);
            }
        }
    }

    fn arrive(&mut self, who: usize, now: Duration) {
        let plan = self.plans[who];
        if self.closed && (plan.work.is_ok() || self.items.is_empty()) {
            return self.steps.push((now, Step::Closed(who)));
        }
        match plan.work {
            Ok(_) => self.putters.push_back(who),
            Err(_) => self.getters.push_back(who),
        }
        if let Some(patience) = plan.patience {
            self.agenda.insert(now + patience, Happening::GiveUp(who));
        }
    }

    /// Lets items in as long as there is room, and out as long as somebody waits for them.
    fn serve(&mut self, now: Duration) {
        loop {
            let has_items = !self.items.is_empty() || !self.putters.is_empty();
            let has_room = self.maxsize == 0 || self.items.len() < self.maxsize;
            if has_items && let Some(getter) = self.getters.pop_front() {
                // Who waits to put is let in before the next item is chosen, as in Tornado.
                self.admit(now);
                let item = (self.next)(&mut self.items);
                self.steps.push((now, Step::Got(getter, item)));
                if let Err(works) = self.plans[getter].work {
                    self.agenda.insert(now + works, Happening::Done);
                }
            } else if !(has_room && self.admit(now)) {
                return;
            }
        }
    }

    fn admit(&mut self, now: Duration) -> bool {
        let Some(putter) = self.putters.pop_front() else { return false };
        self.items.extend(self.plans[putter].work);
        self.unfinished += 1;
        self.steps.push((now, Step::Put(putter)));
        true
    }

    /// Leaves the line; says whether it was in one.
    fn leave(&mut self, who: usize) -> bool {
        let waiting = self.getters.len() + self.putters.len();
        self.getters.retain(|other| *other != who);
        self.putters.retain(|other| *other != who);
        waiting > self.getters.len() + self.putters.len()
    }
}

/// Does what the plan says.
async fn work<O>(queue: Rc<OrderedQueue<O>>, who: usize, plan: Plan, log: Log<Step>)
where
    O: Order<Item = Item> + 'static,
{
    at(plan.arrives).await;
    let item = match (plan.work, plan.patience) {
        (Ok(item), None) => return log.note(put(who, queue.put(item).await)),
        (Ok(item), Some(limit)) => return log.note(put(who, queue.put_within(item, limit).await)),
        (Err(_), None) => queue.get().await,
        (Err(_), Some(limit)) => queue.get_within(limit).await,
    };
    match item {
        Ok(item) => {
            log.note(Step::Got(who, item));
            // Even if its task is cancelled meanwhile.
            IOLoop::current().call_later(plan.work.unwrap_err(), move || {
                queue.task_done().unwrap();
            });
        }
        Err(GetError::Closed) => log.note(Step::Closed(who)),
        Err(_) => log.note(Step::Late(who)),
    }
}

fn put(who: usize, result: Result<(), PutError<Item>>) -> Step {
    match result {
        Ok(()) => Step::Put(who),
        Err(PutError::Closed(_)) => Step::Closed(who),
        Err(_) => Step::Late(who),
    }
}

async fn goes_as_the_model_says<O>(queue: OrderedQueue<O>, next: fn(&mut Vec<Item>) -> Item)
where
    O: Order<Item = Item> + 'static,
{
    let world = Simulation::current();
    let (queue, log) = (Rc::new(queue), Log::new());
    let plan = |number| Plan {
        arrives: moment_of_its_own(),
        patience: perhaps(moment_of_its_own() / 5),
        cancelled: perhaps(moment_of_its_own()),
        work: match world.chance(0.5) {
            true => Ok((world.random(0..=3), number)),
            false => Err(moment_of_its_own() / 10),
        },
    };
    let plans: Vec<_> = (0..world.random(1..=100) as usize).map(plan).collect();
    let mut agenda = BTreeMap::new();
    for (who, plan) in plans.iter().copied().enumerate() {
        agenda.insert(plan.arrives, Happening::Arrive(who));
        let task = spawn(work(queue.clone(), who, plan, log.clone()));
        if let Some(cancelled) = plan.cancelled {
            agenda.insert(cancelled, Happening::Cancel(who));
            IOLoop::current().call_later(cancelled, move || task.cancel());
        }
    }
    for _ in 0..5 {
        let (moment, queue, log) = (moment_of_its_own(), queue.clone(), log.clone());
        agenda.insert(moment, Happening::Join);
        spawn(async move {
            at(moment).await;
            queue.join().await;
            log.note(Step::Joined);
        });
    }
    if let Some(moment) = perhaps(moment_of_its_own()) {
        agenda.insert(moment, Happening::Close);
        let queue = queue.clone();
        IOLoop::current().call_later(moment, move || queue.close());
    }
    at(seconds(3000)).await;
    let mut model = Model {
        gone: vec![false; plans.len()],
        plans,
        maxsize: queue.maxsize(),
        next,
        items: Vec::new(),
        getters: VecDeque::new(),
        putters: VecDeque::new(),
        closed: false,
        unfinished: 0,
        joining: 0,
        agenda,
        steps: Vec::new(),
    };
    model.run();
    let mut found = log.take();
    found.sort_by(|(one, a), (two, b)| (one, a).cmp(&(two, b)));
    assert_eq!(found, model.steps);
    assert_eq!(queue.qsize(), model.items.len());
    // What is left comes out in its order, and lets in who still waits.
    while let Ok(item) = queue.get_nowait() {
        model.admit(Duration::MAX);
        assert_eq!(item, next(&mut model.items));
    }
    assert!(model.items.is_empty() && model.putters.is_empty());
}

fn maxsize() -> usize {
    Simulation::current().random(0..=4) as usize
}

#[gustnado::test(simulated)]
async fn queue() {
    goes_as_the_model_says(Queue::new(maxsize()), |items| items.remove(0)).await;
}

#[gustnado::test(simulated)]
async fn lifo_queue() {
    let last = |items: &mut Vec<Item>| items.remove(items.len() - 1);
    goes_as_the_model_says(LifoQueue::new(maxsize()), last).await;
}

#[gustnado::test(simulated)]
async fn priority_queue() {
    let least = |items: &mut Vec<Item>| {
        let (least, _) = items.iter().enumerate().min_by_key(|(_, item)| **item).unwrap();
        items.remove(least)
    };
    goes_as_the_model_says(PriorityQueue::new(maxsize()), least).await;
}

/// At whole seconds, at which many things happen at once, no order is promised; but this is.
#[gustnado::test(simulated)]
async fn no_item_is_lost_or_doubled_or_lies_about_while_somebody_waits() {
    let world = Simulation::current();
    let (queue, log) = (Rc::new(Queue::new(maxsize())), Log::new());
    let clock = || seconds(1 + Simulation::current().random(0..=10));
    let waiting = Rc::new(Cell::new(0));
    for number in 0..80 {
        let (moment, patience) = (clock(), perhaps(clock()));
        let (queue, log, waiting) = (queue.clone(), log.clone(), waiting.clone());
        let puts = world.chance(0.5);
        let task = spawn(async move {
            at(moment).await;
            some_turns().await;
            if puts {
                if queue.put(number).await.is_ok() {
                    log.note(Ok(number));
                }
                return;
            }
            let _waiting = Counted::new(&waiting);
            let item = match patience {
                Some(patience) => queue.get_within(patience).await,
                None => queue.get().await,
            };
            if let Ok(item) = item {
                log.note(Err(item));
            }
        });
        if world.chance(0.5) {
            cancel_at(clock(), task);
        }
    }
    for second in 0..30 {
        at(seconds(second) + seconds(1) / 2).await;
        assert!(waiting.get() == 0 || queue.is_empty(), "{} wait", waiting.get());
    }
    let mut left: Vec<_> = std::iter::from_fn(|| queue.get_nowait().ok()).collect();
    let log = log.take();
    left.extend(log.iter().filter_map(|(_, what)| what.err()));
    let all = left.len();
    left.sort_unstable();
    left.dedup();
    assert_eq!(left.len(), all, "one was doubled");
    let put: Vec<_> = log.iter().filter_map(|(_, what)| what.ok()).collect();
    assert!(put.iter().all(|item| left.binary_search(item).is_ok()), "one was lost");
}

/// Counts those who wait, as long as they do.
struct Counted<'a>(&'a Cell<usize>);

impl<'a> Counted<'a> {
    fn new(count: &'a Cell<usize>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
