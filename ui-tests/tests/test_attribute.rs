//! `#[gustnado::test]` as a test sees it.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use gustnado::Result;
use gustnado::coroutine::sleep;
use gustnado::ioloop::spawn;
use gustnado::testing::Simulation;

#[gustnado::test]
async fn runs_on_a_loop() {
    let ran = Rc::new(Cell::new(false));
    let task = spawn({
        let ran = Rc::clone(&ran);
        async move { ran.set(true) }
    });
    let _ = task.await;
    assert!(ran.get());
}

#[gustnado::test]
async fn may_return_a_result() -> Result<()> {
    let number: u32 = "7".parse()?;
    assert_eq!(number, 7);
    Ok(())
}

#[gustnado::test(timeout = 10)]
async fn may_have_a_limit_in_seconds() {
    sleep(Duration::from_millis(1)).await;
}

#[gustnado::test(timeout = 0.05)]
#[should_panic(expected = "test_attribute::fails_after_its_limit")]
async fn fails_after_its_limit() {
    sleep(Duration::from_secs(60)).await;
}

const LIMIT: f64 = 10.0;

#[gustnado::test(timeout = LIMIT / 2.0, crate = ::gustnado)]
async fn may_compute_its_limit() {
    sleep(Duration::from_millis(1)).await;
}

#[gustnado::test]
#[should_panic(expected = "as it must")]
async fn fails_with_its_panic() {
    panic!("as it must");
}

#[gustnado::test]
#[ignore = "proves that the attribute stays"]
async fn can_be_ignored() {
    panic!("ignored");
}

#[gustnado::test(simulated, seeds = 4)]
async fn runs_with_several_seeds() {
    thread_local! {
        static SEEDS: Cell<u64> = const { Cell::new(0) };
    }
    // The environment decides when it says anything.
    if std::env::var_os("GUSTNADO_SEED").is_none() {
        assert_eq!(Simulation::current().seed(), SEEDS.replace(SEEDS.get() + 1));
        assert!(SEEDS.get() <= 4 || std::env::var_os("GUSTNADO_SEEDS").is_some());
    }
    sleep(Duration::from_secs(3600)).await;
}

#[gustnado::test(simulated, timeout = 60)]
#[should_panic(expected = "timed out after 60s of simulated time\nit failed with seed 0")]
async fn fails_after_its_limit_in_its_own_time() {
    sleep(Duration::from_secs(61)).await;
}

#[gustnado::test(simulated)]
#[should_panic(expected = "test_attribute::fails_in_a_deadlock: deadlock after 1s")]
async fn fails_in_a_deadlock() {
    sleep(Duration::from_secs(1)).await;
    std::future::pending::<()>().await;
}

#[gustnado::test(simulated)]
#[should_panic(expected = "it has returned an error\nit failed with seed 0")]
async fn fails_with_its_error() -> Result<()> {
    let _: u32 = "seven".parse()?;
    Ok(())
}

#[gustnado::test(simulated)]
#[should_panic(expected = "as it must, in a simulated world")]
async fn fails_with_its_panic_in_a_simulated_world() {
    panic!("as it must, in a simulated world");
}

#[gustnado::test(leaks = "deny")]
#[should_panic(expected = "test_attribute::fails_if_it_leaks left behind:
  the task test_attribute::fails_if_it_leaks, spawned at ui-tests/tests/test_attribute.rs:")]
async fn fails_if_it_leaks() {
    drop(spawn(async { sleep(Duration::from_secs(60)).await }));
}

#[gustnado::test(simulated, leaks = "deny")]
#[should_panic(expected = "left behind:
  the task test_attribute::fails_if_it_leaks_in_a_simulated_world, spawned at ")]
async fn fails_if_it_leaks_in_a_simulated_world() {
    drop(spawn(async { sleep(Duration::from_secs(60)).await }));
}

mod inner {
    #[gustnado::test]
    async fn r#match() {}
}
