//! Locks: who gets them, and when, is what a model says.

use crate::{Log, at, cancel_at, moment_of_its_own, perhaps, seconds, some_turns};
use gustnado::ioloop::{IOLoop, spawn};
use gustnado::locks::{BoundedSemaphore, Condition, Event, Lock, Semaphore};
use gustnado::testing::Simulation;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

/// What a coroutine does with a lock.
#[derive(Clone, Copy)]
struct Plan {
    arrives: Duration,
    /// How long it waits for the lock.
    patience: Option<Duration>,
    keeps: Duration,
    /// When its task is cancelled, whatever it does then.
    cancelled: Option<Duration>,
}

impl Plan {
    fn any() -> Self {
        let keeps = Simulation::current().random_duration(Duration::ZERO..=seconds(60));
        Self {
            arrives: moment_of_its_own(),
            patience: perhaps(moment_of_its_own() / 5),
            keeps,
            cancelled: perhaps(moment_of_its_own()),
        }
    }
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Got(usize),
    GaveUp(usize),
}

/// Any of the locks, and what is held of it.
enum Any {
    Semaphore(Semaphore),
    Bounded(BoundedSemaphore),
    Lock(Lock),
}

trait Held {}

impl<T> Held for T {}

impl Any {
    async fn acquire(&self, patience: Option<Duration>) -> Option<Box<dyn Held + '_>> {
        fn held<'a, T: 'a>(value: T) -> Box<dyn Held + 'a> {
            Box::new(value)
        }
        match (self, patience) {
            (Self::Semaphore(it), None) => Some(held(it.acquire().await)),
            (Self::Semaphore(it), Some(limit)) => it.acquire_within(limit).await.ok().map(held),
            (Self::Bounded(it), None) => Some(held(it.acquire().await)),
            (Self::Bounded(it), Some(limit)) => it.acquire_within(limit).await.ok().map(held),
            (Self::Lock(it), None) => Some(held(it.acquire().await)),
            (Self::Lock(it), Some(limit)) => it.acquire_within(limit).await.ok().map(held),
        }
    }
}

/// What happens in the model, by its time.
#[derive(Clone, Copy)]
enum Happening {
    Arrive(usize),
    GiveUp(usize),
    Cancel(usize),
    Release(usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Away,
    Waiting,
    Holding,
    Gone,
}

/// First come, first served; who gives up leaves the line.
fn predict(plans: &[Plan], mut free: usize) -> Vec<(Duration, Step)> {
    let mut agenda = BTreeMap::new();
    for (who, plan) in plans.iter().enumerate() {
        agenda.insert(plan.arrives, Happening::Arrive(who));
        if let Some(cancelled) = plan.cancelled {
            agenda.insert(cancelled, Happening::Cancel(who));
        }
    }
    let mut states = vec![State::Away; plans.len()];
    let mut line = VecDeque::new();
    let mut steps = Vec::new();
    while let Some((now, event)) = agenda.pop_first() {
        match event {
            Happening::Arrive(who) if states[who] == State::Away => {
                states[who] = State::Waiting;
                line.push_back(who);
                // One that is there at once is never late.
                if let Some(patience) = plans[who].patience {
                    agenda.insert(now + patience, Happening::GiveUp(who));
                }
            }
            Happening::GiveUp(who) if states[who] == State::Waiting => {
                states[who] = State::Gone;
                line.retain(|other| *other != who);
                steps.push((now, Step::GaveUp(who)));
            }
            Happening::Cancel(who) => {
                free += usize::from(states[who] == State::Holding);
                states[who] = State::Gone;
                line.retain(|other| *other != who);
            }
            Happening::Release(who) if states[who] == State::Holding => {
                states[who] = State::Gone;
                free += 1;
            }
            _ => {}
        }
        while free > 0
            && let Some(who) = line.pop_front()
        {
            free -= 1;
            states[who] = State::Holding;
            steps.push((now, Step::Got(who)));
            agenda.insert(now + plans[who].keeps, Happening::Release(who));
        }
    }
    steps
}

#[gustnado::test(simulated)]
async fn whoever_comes_first_is_served_first_and_who_gives_up_keeps_nothing() {
    let world = Simulation::current();
    let permits = world.random(1..=4) as usize;
    let (lock, permits) = match world.random(0..=2) {
        0 => (Any::Semaphore(Semaphore::new(permits)), permits),
        1 => (Any::Bounded(BoundedSemaphore::new(permits)), permits),
        _ => (Any::Lock(Lock::default()), 1),
    };
    let (lock, log) = (Rc::new(lock), Log::new());
    let plans: Vec<_> = (0..world.random(1..=80)).map(|_| Plan::any()).collect();
    for (who, plan) in plans.iter().copied().enumerate() {
        let (lock, log) = (lock.clone(), log.clone());
        let task = spawn(async move {
            at(plan.arrives).await;
            let Some(_held) = lock.acquire(plan.patience).await else {
                return log.note(Step::GaveUp(who));
            };
            log.note(Step::Got(who));
            at(Simulation::current().elapsed() + plan.keeps).await;
        });
        if let Some(cancelled) = plan.cancelled {
            IOLoop::current().call_later(cancelled, move || task.cancel());
        }
    }
    at(seconds(10_000)).await;
    assert_eq!(log.take(), predict(&plans, permits));
    match &*lock {
        Any::Semaphore(semaphore) => assert_eq!(semaphore.available(), permits),
        Any::Bounded(semaphore) => {
            assert_eq!(semaphore.available(), permits);
            assert!(semaphore.release().is_err(), "all permits are back");
        }
        Any::Lock(lock) => assert!(!lock.is_locked()),
    }
}

/// At whole seconds, at which many things happen at once, no order is promised; but this is.
#[gustnado::test(simulated)]
async fn permits_are_never_too_many_and_never_lie_about_while_somebody_waits() {
    let world = Simulation::current();
    let permits = world.random(1..=3) as usize;
    let semaphore = Rc::new(Semaphore::new(permits));
    let log = Log::new();
    let clock = |most| seconds(Simulation::current().random(0..=most));
    for who in 0..60_usize {
        let (arrives, patience, keeps) = (clock(30), perhaps(clock(10)), clock(5));
        let (semaphore, log) = (semaphore.clone(), log.clone());
        let task = spawn(async move {
            at(arrives).await;
            log.note((who, "waits"));
            let waiting = Leaving(&log, who);
            let held = match patience {
                Some(patience) => semaphore.acquire_within(patience).await.ok(),
                None => Some(semaphore.acquire().await),
            };
            if held.is_some() {
                log.note((who, "holds"));
                at(Simulation::current().elapsed() + keeps).await;
            }
            drop(held);
            drop(waiting);
        });
        if let Some(cancelled) = perhaps(clock(60)) {
            cancel_at(cancelled, task);
        }
    }
    at(seconds(1000)).await;
    assert_eq!(semaphore.available(), permits);
    let (mut waiting, mut holding) = (Vec::new(), Vec::new());
    let log = log.take();
    for (index, (moment, (who, what))) in log.iter().enumerate() {
        match *what {
            "waits" => waiting.push(*who),
            "holds" => {
                waiting.retain(|other| other != who);
                holding.push(*who);
            }
            _ => {
                waiting.retain(|other| other != who);
                holding.retain(|other| other != who);
            }
        }
        assert!(holding.len() <= permits, "at {moment:?}: {holding:?}");
        // When the moment is over, whoever could be served was.
        if log.get(index + 1).is_none_or(|(next, _)| next > moment) {
            assert!(waiting.is_empty() || holding.len() == permits, "at {moment:?}: {waiting:?}");
        }
    }
}

/// Notes that a coroutine leaves, however it does.
struct Leaving<'a>(&'a Log<(usize, &'static str)>, usize);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.note((self.1, "leaves"));
    }
}

#[gustnado::test(simulated)]
async fn a_notification_reaches_as_many_as_it_says_of_those_who_have_waited_longest() {
    let world = Simulation::current();
    let (condition, log) = (Rc::new(Condition::new()), Log::new());
    let mut agenda = BTreeMap::new();
    for who in 0..world.random(0..=60) as usize {
        let (arrives, patience) = (moment_of_its_own(), perhaps(moment_of_its_own() / 2));
        let cancelled = perhaps(moment_of_its_own());
        let (waited, log) = (condition.clone(), log.clone());
        let task = spawn(async move {
            at(arrives).await;
            let notified = match patience {
                Some(patience) => waited.wait_until(patience).await,
                None => {
                    waited.wait().await;
                    true
                }
            };
            log.note(if notified { Step::Got(who) } else { Step::GaveUp(who) });
        });
        agenda.insert(arrives, Ok(Happening::Arrive(who)));
        if let Some(patience) = patience {
            agenda.insert(arrives + patience, Ok(Happening::GiveUp(who)));
        }
        if let Some(cancelled) = cancelled {
            agenda.insert(cancelled, Ok(Happening::Cancel(who)));
            IOLoop::current().call_later(cancelled, move || task.cancel());
        }
    }
    for _ in 0..world.random(0..=20) {
        let (moment, count) = (moment_of_its_own(), world.random(1..=5) as usize);
        let (condition, all) = (condition.clone(), world.chance(0.1));
        agenda.insert(moment, Err(if all { usize::MAX } else { count }));
        IOLoop::current().call_later(moment, move || match all {
            true => condition.notify_all(),
            false => condition.notify(count),
        });
    }
    at(seconds(3000)).await;
    let (mut line, mut expected, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    for (now, event) in agenda {
        match event {
            Ok(Happening::Arrive(who)) if !gone.contains(&who) => line.push(who),
            Ok(Happening::GiveUp(who)) if line.contains(&who) => {
                line.retain(|other| *other != who);
                expected.push((now, Step::GaveUp(who)));
            }
            Ok(Happening::Cancel(who)) => {
                line.retain(|other| *other != who);
                gone.push(who);
            }
            Err(count) => {
                let woken = line.drain(..count.min(line.len()));
                expected.extend(woken.map(|who| (now, Step::Got(who))));
            }
            Ok(_) => {}
        }
    }
    assert_eq!(log.take(), expected);
}

/// Whoever is notified and cancelled at the same moment hands the notification on.
#[gustnado::test(simulated)]
async fn no_notification_is_lost_while_somebody_waits() {
    let world = Simulation::current();
    let (condition, log) = (Rc::new(Condition::new()), Log::new());
    let clock = || seconds(1 + Simulation::current().random(0..=10));
    for who in 0..40_usize {
        // They come between the seconds at which everything else happens.
        let arrives = clock() - seconds(1) / 2;
        let patience = perhaps(clock() - seconds(1) / 2);
        let (condition, log) = (condition.clone(), log.clone());
        let task = spawn(async move {
            at(arrives).await;
            log.note((who, "waits"));
            let leaving = Leaving(&log, who);
            let notified = match patience {
                Some(patience) => condition.wait_until(patience).await,
                None => {
                    condition.wait().await;
                    true
                }
            };
            if notified {
                log.note((who, "woken"));
            }
            drop(leaving);
        });
        if world.chance(0.5) {
            cancel_at(clock(), task);
        }
    }
    let mut notified = BTreeMap::<_, usize>::new();
    for _ in 0..15 {
        let (moment, count) = (clock(), world.random(1..=4) as usize);
        *notified.entry(moment).or_default() += count;
        let condition = condition.clone();
        spawn(async move {
            at(moment).await;
            some_turns().await;
            condition.notify(count);
        });
    }
    at(seconds(1000)).await;
    let log = log.take();
    for (moment, count) in notified {
        let until = || log.iter().filter(|(when, _)| *when <= moment).map(|(_, what)| what);
        let waiting = until().filter(|what| what.1 == "waits").count();
        let left = until().filter(|what| what.1 == "leaves").count();
        let woken = log.iter().filter(|(when, what)| *when == moment && what.1 == "woken").count();
        assert!(woken == count || woken < count && waiting == left, "at {moment:?}");
    }
}

#[gustnado::test(simulated)]
async fn an_event_holds_back_exactly_those_who_come_while_it_is_not_set() {
    let world = Simulation::current();
    let (event, log) = (Rc::new(Event::new()), Log::new());
    let changes: BTreeMap<_, _> =
        (0..world.random(0..=10)).map(|_| (moment_of_its_own(), world.chance(0.5))).collect();
    for (moment, set) in changes.clone() {
        let event = event.clone();
        IOLoop::current().call_later(moment, move || if set { event.set() } else { event.clear() });
    }
    let mut expected = Vec::new();
    for who in 0..40 {
        let (arrives, patience) = (moment_of_its_own(), perhaps(moment_of_its_own() / 2));
        let (waited, log) = (event.clone(), log.clone());
        spawn(async move {
            at(arrives).await;
            let patience = patience.unwrap_or(seconds(1_000_000));
            let waited = waited.wait_until(patience).await;
            log.note(if waited.is_ok() { Step::Got(who) } else { Step::GaveUp(who) });
        });
        let is_set = changes.range(..arrives).next_back().is_some_and(|(_, set)| *set);
        let set = match is_set {
            true => Some(arrives),
            false => changes.range(arrives..).find(|(_, set)| **set).map(|(moment, _)| *moment),
        };
        let late = patience.map(|patience| arrives + patience);
        match (set, late) {
            (Some(set), late) if late.is_none_or(|late| set < late) => {
                expected.push((set, Step::Got(who)));
            }
            (_, Some(late)) => expected.push((late, Step::GaveUp(who))),
            (_, None) => {}
        }
    }
    at(seconds(3000)).await;
    let mut found = log.take();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}
