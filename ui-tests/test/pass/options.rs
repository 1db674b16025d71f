#![deny(warnings, dead_code)]

//! The tests themselves run in `tests/test_attribute.rs`; here they only have to disappear.

#[gustnado::test(timeout = 10)]
async fn works() {}

#[gustnado::test(simulated)]
async fn works_in_a_simulated_world() {}

#[gustnado::test(simulated = false, timeout = 1)]
async fn works_in_real_life() -> gustnado::Result<()> {
    Ok(())
}

#[gustnado::test(simulated, seeds = 5 * 2, timeout = 0.5, crate = ::gustnado)]
async fn works_with_all_options() -> gustnado::Result<()> {
    Ok(())
}

#[gustnado::test(leaks = "deny", timeout = 0.5)]
async fn leaves_nothing_behind() -> Result<(), std::num::ParseIntError> {
    "7".parse::<u8>().map(drop)
}

#[gustnado::test(leaks = "allow")]
async fn never_returns() -> ! {
    loop {
        gustnado::coroutine::moment().await;
    }
}

fn main() {}
