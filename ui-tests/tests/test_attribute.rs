//! `#[gustnado::test]` as a test sees it.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use gustnado::Result;
use gustnado::coroutine::sleep;
use gustnado::ioloop::spawn;

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

mod inner {
    #[gustnado::test]
    async fn r#match() {}
}
