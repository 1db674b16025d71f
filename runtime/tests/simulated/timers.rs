//! Timeouts, sleeps, limits, and what is called regularly.

use crate::{Log, at, moment_of_its_own, perhaps, seconds};
use gustnado::coroutine::{Multi, PeriodicCallback, cancel_after, sleep, with_timeout};
use gustnado::ioloop::{IOLoop, spawn};
use gustnado::testing::Simulation;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

/// A delay of any size, of which there are so few that many timeouts are due at the same time.
fn delay() -> Duration {
    const NANOS: [u64; 5] = [1, 1_000, 64_000_000, 1_000_000_000, 3_600_000_000_000];
    let world = Simulation::current();
    Duration::from_nanos(world.choose(&NANOS) * world.random(0..=4))
}

/// A timeout of the program: when it is due, how many were added before it, and its name.
type Due = (Duration, u64, u64);

/// What adds timeouts, and knows which of them must run.
#[derive(Default)]
struct Program {
    expected: RefCell<Vec<Due>>,
    added: Cell<u64>,
}

impl Program {
    /// Adds a timeout, whose callback may add others.
    fn add(self: &Rc<Self>, log: &Log<u64>, generations: u32) -> (gustnado::ioloop::Timeout, Due) {
        let (world, delay) = (Simulation::current(), delay());
        let number = self.added.replace(self.added.get() + 1);
        let due = (world.elapsed() + delay, number, number);
        self.expected.borrow_mut().push(due);
        let (program, log) = (self.clone(), log.clone());
        let run = move || {
            log.note(number);
            for _ in 0..Simulation::current().random(0..=2) {
                if generations > 0 {
                    program.add(&log, generations - 1);
                }
            }
        };
        let io_loop = IOLoop::current();
        let timeout = match world.chance(0.5) {
            true => io_loop.call_later(delay, run),
            false => io_loop.call_at(io_loop.time() + delay, run),
        };
        (timeout, due)
    }
}

#[gustnado::test(simulated, timeout = 1_000_000)]
async fn timeouts_run_when_they_are_due_in_the_order_of_their_deadlines_and_their_calls() {
    let world = Simulation::current();
    let (program, log) = (Rc::<Program>::default(), Log::new());
    let mut waiting = Vec::new();
    for _ in 0..60 {
        match world.random(0..=5) {
            0 => sleep(delay()).await,
            1 if !waiting.is_empty() => {
                let index = world.random(0..=waiting.len() as u64 - 1) as usize;
                let (timeout, due): (_, Due) = waiting.swap_remove(index);
                IOLoop::current().remove_timeout(timeout);
                let has_run = log.0.borrow().iter().any(|(_, number)| *number == due.2);
                // One that is due in this very moment may have run already.
                assert!(has_run == (due.0 < world.elapsed()) || due.0 == world.elapsed());
                if !has_run {
                    program.expected.borrow_mut().retain(|expected| *expected != due);
                }
            }
            _ => waiting.push(program.add(&log, 2)),
        }
    }
    let last = |program: &Program| program.expected.borrow().iter().map(|due| due.0).max();
    while last(&program).is_some_and(|last| last >= world.elapsed()) {
        sleep(seconds(3600)).await;
    }
    let mut expected = program.expected.take();
    expected.sort_unstable();
    let expected: Vec<_> = expected.into_iter().map(|(due, _, number)| (due, number)).collect();
    assert_eq!(log.take(), expected);
}

#[gustnado::test(simulated)]
async fn whichever_comes_first_decides_between_an_operation_and_its_limit() {
    let races = (0..40).map(|_| {
        let (work, limit) = (moment_of_its_own(), moment_of_its_own());
        let drops = Simulation::current().chance(0.5);
        spawn(async move {
            let won = match drops {
                true => cancel_after(limit, sleep(work)).await.is_ok(),
                false => with_timeout(limit, sleep(work)).await.is_ok(),
            };
            assert_eq!(won, work < limit);
            assert_eq!(Simulation::current().elapsed(), work.min(limit));
        })
    });
    Multi(races.collect::<Vec<_>>()).await.unwrap();
}

#[gustnado::test(simulated)]
async fn a_task_that_is_cancelled_ends_at_that_moment() {
    struct Ended(Log<usize>, usize);
    impl Drop for Ended {
        fn drop(&mut self) {
            self.0.note(self.1);
        }
    }
    let log = Log::new();
    let mut expected = Vec::new();
    for number in 0..40 {
        let (work, end) = (moment_of_its_own(), perhaps(moment_of_its_own()));
        let ended = Ended(log.clone(), number);
        let task = spawn(async move {
            let _ended = ended;
            sleep(work).await;
        });
        if let Some(end) = end {
            IOLoop::current().call_later(end, move || task.cancel());
        }
        expected.push((end.unwrap_or(work).min(work), number));
    }
    at(seconds(1001)).await;
    expected.sort_unstable();
    assert_eq!(log.take(), expected);
}

#[gustnado::test(simulated)]
async fn what_is_called_regularly_keeps_to_its_grid_however_long_it_takes() {
    let world = Simulation::current();
    let period = world.random_duration(seconds(1)..=seconds(10));
    let begun = world.random_duration(Duration::ZERO..=seconds(100));
    at(begun).await;
    let log = Log::new();
    let called = log.clone();
    let clock = PeriodicCallback::new(
        move || {
            let called = called.clone();
            async move {
                let took = Simulation::current().random_duration(Duration::ZERO..=seconds(25));
                called.note(took);
                sleep(took).await;
            }
        },
        period,
    );
    clock.start();
    at(seconds(1000)).await;
    clock.stop();
    let calls = log.take();
    assert_eq!(calls[0].0, begun + period);
    for pair in calls.windows(2) {
        let [(begin, took), (next, _)] = pair else { unreachable!() };
        let place = |moment: Duration| (moment - begun).as_nanos() / period.as_nanos();
        assert_eq!((*next - begun).as_nanos() % period.as_nanos(), 0, "{next:?} is on the grid");
        assert_eq!(place(*next), place(*begin + *took) + 1, "the first place after the call's end");
    }
    sleep(seconds(100)).await;
    assert!(log.take().is_empty());
}
