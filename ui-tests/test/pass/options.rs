#![deny(warnings, dead_code)]

//! The tests themselves run in `tests/test_attribute.rs`; here they only have to disappear.

#[gustnado::test(timeout = 10)]
async fn works() {}

fn main() {}
