//! What foreign code may do to the loop at the worst moment: in destructors, in panics, in wakers, at the end of a thread.

use gustnado::coroutine::{Multi, moment, sleep};
use gustnado::ioloop::{Frame, IOLoop, JoinHandle, spawn};
use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// Does something when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

type Slot<T> = Rc<RefCell<Option<T>>>;

fn turns(io_loop: &IOLoop) {
    io_loop.run_sync(sleep(Duration::from_millis(2))).unwrap();
}

/// A task that waits for ever, holding `held`.
fn holding<T: 'static>(io_loop: &IOLoop, held: T) -> JoinHandle<()> {
    let task = io_loop.spawn(async move {
        let _held = held;
        pending::<()>().await;
    });
    turns(io_loop);
    task
}

#[test]
fn the_destructor_of_a_future_may_use_the_loop() {
    let io_loop = IOLoop::new().unwrap();
    let ran = Rc::new(Cell::new(0));
    let own: Slot<JoinHandle<()>> = Slot::default();
    let other = io_loop.spawn(pending::<()>());
    let waker: Slot<Waker> = Slot::default();
    let (counted, this, kept) = (ran.clone(), own.clone(), waker.clone());
    let task = io_loop.spawn(async move {
        let _destructor = OnDrop(move || {
            let counted = counted.clone();
            drop(spawn(async move { counted.set(counted.get() + 1) }));
            other.cancel();
            if let Some(this) = &*this.borrow() {
                this.cancel();
                assert!(!this.is_finished());
            }
            kept.borrow().as_ref().map(Waker::wake_by_ref);
        });
        poll_fn(|cx| {
            *waker.borrow_mut() = Some(cx.waker().clone());
            Poll::<()>::Pending
        })
        .await;
    });
    *own.borrow_mut() = Some(task);
    turns(&io_loop);
    // Taken out first, so that the destructor does not find it borrowed.
    let task = own.take().unwrap();
    task.cancel();
    assert!(task.is_finished());
    assert!(io_loop.run_sync(task).unwrap().unwrap_err().is_cancelled());
    turns(&io_loop);
    assert_eq!(ran.get(), 1);
}

#[test]
fn a_destructor_that_panics_is_the_panic_of_its_task() {
    let io_loop = IOLoop::new().unwrap();
    let task = holding(&io_loop, OnDrop(|| panic!("in a destructor")));
    task.cancel();
    let error = io_loop.run_sync(task).unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the task panicked: in a destructor");

    /// A future that is ready at once, and whose destructor panics.
    struct Ready;
    impl Future for Ready {
        type Output = OnDrop<fn()>;
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<OnDrop<fn()>> {
            Poll::Ready(OnDrop(|| panic!("in the destructor of the result")))
        }
    }
    impl Drop for Ready {
        fn drop(&mut self) {
            panic!("in the destructor of the future");
        }
    }
    let task = io_loop.spawn(Ready);
    let error = io_loop.run_sync(task).unwrap().err().unwrap();
    assert_eq!(error.to_string(), "the task panicked: in the destructor of the future");
    assert_eq!(io_loop.run_sync(async { 1 }).unwrap(), 1);
}

#[test]
fn a_result_that_nobody_wants_may_panic_in_its_destructor() {
    let io_loop = IOLoop::new().unwrap();
    drop(io_loop.spawn(async { OnDrop(|| panic!("in the destructor of a result")) }));
    drop(io_loop.spawn(async { std::panic::panic_any(Bomb) }));
    turns(&io_loop);
    assert_eq!(io_loop.run_sync(async { 1 }).unwrap(), 1);

    /// What a task panics with may panic, too.
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in the destructor of a panic");
        }
    }
}

#[test]
fn the_destructor_of_a_result_may_use_the_loop() {
    let io_loop = IOLoop::new().unwrap();
    let ran = Rc::new(Cell::new(0));
    let result = |ran: &Rc<Cell<u32>>| {
        let ran = ran.clone();
        OnDrop(move || {
            let ran = ran.clone();
            drop(spawn(async move { ran.set(ran.get() + 1) }));
            IOLoop::current().add_callback(|| {});
        })
    };
    // Dropped by the loop, by the handle after the end, and by who has joined.
    let (first, second, third) = (result(&ran), result(&ran), result(&ran));
    drop(io_loop.spawn(async { first }));
    let ended = io_loop.spawn(async { second });
    turns(&io_loop);
    drop(ended);
    let joined = io_loop.spawn(async { third });
    drop(io_loop.run_sync(joined).unwrap());
    turns(&io_loop);
    assert_eq!(ran.get(), 3);
}

#[test]
fn a_task_may_drop_its_own_handle() {
    let io_loop = IOLoop::new().unwrap();
    let own: Slot<JoinHandle<Rc<()>>> = Slot::default();
    let held = Rc::new(());
    let (this, result) = (own.clone(), held.clone());
    *own.borrow_mut() = Some(io_loop.spawn(async move {
        moment().await;
        drop(this.take());
        moment().await;
        result
    }));
    turns(&io_loop);
    assert_eq!(Rc::strong_count(&held), 1);
}

#[test]
fn a_task_that_waits_for_itself_ends_with_its_loop() {
    let io_loop = IOLoop::new().unwrap();
    let own: Slot<JoinHandle<()>> = Slot::default();
    let this = own.clone();
    let held = Rc::new(());
    let kept = held.clone();
    let task = io_loop.spawn(async move {
        let _kept = kept;
        let mut task = this.take().unwrap();
        poll_fn(|cx| Pin::new(&mut task).poll(cx).map(|_| ())).await;
    });
    *own.borrow_mut() = Some(task);
    turns(&io_loop);
    assert_eq!(Rc::strong_count(&held), 2, "it waits");
    io_loop.close();
    assert_eq!(Rc::strong_count(&held), 1);
}

#[test]
fn a_task_may_cancel_others_that_are_about_to_run() {
    let io_loop = IOLoop::new().unwrap();
    let victims: Slot<Vec<JoinHandle<()>>> = Slot::default();
    let targets = victims.clone();
    let ran = Rc::new(Cell::new(0));
    let killer = io_loop.spawn(async move {
        for victim in targets.take().unwrap() {
            victim.cancel();
            assert!(victim.is_finished());
        }
    });
    // These are queued behind it, in the same turn.
    let spawned = (0..3).map(|_| {
        let ran = ran.clone();
        io_loop.spawn(async move { ran.set(ran.get() + 1) })
    });
    *victims.borrow_mut() = Some(spawned.collect());
    io_loop.run_sync(killer).unwrap().unwrap();
    turns(&io_loop);
    assert_eq!(ran.get(), 0);
}

#[test]
fn children_that_panic_or_leave_early_leave_nothing_behind() {
    let io_loop = IOLoop::new().unwrap();
    let held = Rc::new(());
    let child = |fails: bool| {
        let held = held.clone();
        async move {
            let _held = held;
            moment().await;
            assert!(!fails, "in a child");
            pending::<()>().await;
            Ok::<(), String>(())
        }
    };
    let task = io_loop.spawn(Multi(vec![child(false), child(true), child(false)]));
    assert!(io_loop.run_sync(task).unwrap().err().unwrap().is_panic());
    assert_eq!(Rc::strong_count(&held), 1);
    let task = io_loop.spawn(Multi((child(false), child(false))));
    turns(&io_loop);
    task.cancel();
    assert_eq!(Rc::strong_count(&held), 1);
}

/// A waker that looks at its future at once, inside of `wake`.
struct Impatient {
    task: RefCell<Option<JoinHandle<u32>>>,
    seen: Cell<Option<u32>>,
}

impl Impatient {
    fn look(self: &Rc<Self>) {
        let Ok(mut task) = self.task.try_borrow_mut() else { return };
        let waker = waker_of(self.clone());
        if let Some(handle) = &mut *task
            && let Poll::Ready(result) = Pin::new(handle).poll(&mut Context::from_waker(&waker))
        {
            self.seen.set(result.ok());
            *task = None;
        }
    }
}

/// Counts like `Rc`; used on one thread only, as everything here.
fn waker_of(impatient: Rc<Impatient>) -> Waker {
    struct OneThread(std::thread::ThreadId, usize);
    impl Wake for OneThread {
        fn wake(self: Arc<Self>) {
            assert_eq!(self.0, std::thread::current().id());
            IMPATIENT.with_borrow(|all| all[self.1].clone()).look();
        }
    }
    thread_local! {
        static IMPATIENT: RefCell<Vec<Rc<Impatient>>> = const { RefCell::new(Vec::new()) };
    }
    let number = IMPATIENT.with_borrow_mut(|all| {
        all.push(impatient);
        all.len() - 1
    });
    Waker::from(Arc::new(OneThread(std::thread::current().id(), number)))
}

#[test]
fn who_is_woken_by_the_end_of_a_task_may_look_at_once() {
    let io_loop = IOLoop::new().unwrap();
    let task = io_loop.spawn(async {
        moment().await;
        7
    });
    let impatient = Rc::new(Impatient { task: RefCell::new(Some(task)), seen: Cell::new(None) });
    impatient.look();
    turns(&io_loop);
    assert_eq!(impatient.seen.get(), Some(7));
}

/// Everything that can outlive a loop's thread-local state, dropped in a destructor that runs after it.
#[test]
fn frames_handles_and_wakers_survive_the_end_of_their_thread() {
    struct Late {
        frame: Option<Frame<u32>>,
        handle: Option<JoinHandle<()>>,
        waker: Option<Waker>,
        dropped: Arc<AtomicU32>,
    }

    impl Drop for Late {
        fn drop(&mut self) {
            self.waker.take().unwrap().wake();
            let mut frame = self.frame.take().unwrap();
            let mut cx = Context::from_waker(Waker::noop());
            assert_eq!(Pin::new(&mut frame).poll(&mut cx), Poll::Ready(1));
            drop(frame);
            drop(Frame::new(async { [0u8; 200] }));
            let handle = self.handle.take().unwrap();
            handle.cancel();
            drop(handle);
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    thread_local! {
        static EARLY: RefCell<Option<Late>> = const { RefCell::new(None) };
        static LATE: RefCell<Option<Late>> = const { RefCell::new(None) };
    }

    fn late(io_loop: &IOLoop, dropped: &Arc<AtomicU32>) -> Late {
        let waker: Slot<Waker> = Slot::default();
        let kept = waker.clone();
        let handle = io_loop.spawn(async move {
            poll_fn(|cx| {
                *kept.borrow_mut() = Some(cx.waker().clone());
                Poll::<()>::Pending
            })
            .await;
        });
        turns(io_loop);
        Late {
            frame: Some(Frame::new(async { 1 })),
            handle: Some(handle),
            waker: waker.take(),
            dropped: dropped.clone(),
        }
    }

    // Destructors run in the opposite order of first uses on Linux, but nothing here relies on that: one is first used before
    // the loop's and one after.
    let dropped = Arc::new(AtomicU32::new(0));
    let told = dropped.clone();
    std::thread::spawn(move || {
        EARLY.with(|_| {});
        let io_loop = IOLoop::new().unwrap();
        let (early, after) = (late(&io_loop, &told), late(&io_loop, &told));
        EARLY.set(Some(early));
        LATE.set(Some(after));
    })
    .join()
    .unwrap();
    assert_eq!(dropped.load(Ordering::Relaxed), 2);
}

#[test]
fn destructors_may_spawn_for_ever_while_the_loop_closes() {
    struct Again(Rc<Cell<u32>>);

    impl Drop for Again {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
            if self.0.get() < 100 {
                let again = Self(self.0.clone());
                drop(spawn(async move {
                    let _again = again;
                    pending::<()>().await;
                }));
            }
        }
    }

    let io_loop = IOLoop::new().unwrap();
    let count = Rc::new(Cell::new(0));
    let task = holding(&io_loop, Again(count.clone()));
    io_loop.close();
    drop(task);
    assert!(count.get() > 0);
}

#[test]
fn a_loop_that_is_dropped_makes_room_for_others() {
    // There is room for 4096 at once.
    for _ in 0..5000 {
        let io_loop = IOLoop::new().unwrap();
        IOLoop::clear_current();
        drop(io_loop);
    }
}

#[test]
fn a_coroutine_that_panics_leaves_no_timeout_behind() {
    let io_loop = IOLoop::new().unwrap();
    let limit = Duration::from_millis(5);
    let failed = catch_unwind(AssertUnwindSafe(|| {
        io_loop.run_sync_within(limit, async { panic!("in the coroutine") })
    }));
    assert!(failed.is_err());
    io_loop.run_sync(sleep(limit * 2)).unwrap();
}

#[test]
fn a_loop_may_run_inside_of_a_task_of_another() {
    let outer = IOLoop::new().unwrap();
    let told = Rc::new(Cell::new(0));
    let seen = told.clone();
    let task = outer.spawn(async move {
        let inner = IOLoop::new().unwrap();
        let other = spawn(async { 1 });
        let waited = inner.run_sync(async {
            sleep(Duration::from_millis(1)).await;
            spawn(async { 2 }).await.unwrap()
        });
        inner.close();
        seen.set(waited.unwrap() + other.await.unwrap());
    });
    outer.run_sync(task).unwrap().unwrap();
    assert_eq!(told.get(), 3);
}

/// A waker that uses the loop when it is woken, and when it is dropped.
struct Busy;

impl Busy {
    fn work() {
        drop(spawn(async {}));
        IOLoop::current().add_callback(|| {});
    }
}

impl Wake for Busy {
    fn wake(self: Arc<Self>) {
        Self::work();
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        Self::work();
    }
}

#[test]
fn wakers_may_use_the_loop_when_they_are_woken_and_dropped() {
    let io_loop = IOLoop::new().unwrap();
    // Each is kept until the next one takes its place, or it is woken.
    let poll = |future: Pin<&mut dyn Future<Output = ()>>| {
        let waker = Waker::from(Arc::new(Busy));
        future.poll(&mut Context::from_waker(&waker)).is_ready()
    };
    let mut task = io_loop.spawn(moment());
    let mut joining = std::pin::pin!(async {
        (&mut task).await.unwrap();
    });
    let mut sleeping = std::pin::pin!(sleep(Duration::from_millis(1)));
    let mut children = std::pin::pin!(async {
        Multi([sleep(Duration::from_millis(1)), sleep(Duration::from_secs(60))]).await.ok();
    });
    for _ in 0..2 {
        assert!(!poll(joining.as_mut()));
        assert!(!poll(sleeping.as_mut()));
        assert!(!poll(children.as_mut()));
    }
    turns(&io_loop);
    assert!(poll(joining.as_mut()));
    assert!(poll(sleeping.as_mut()));
    assert!(!poll(children.as_mut()));
}
