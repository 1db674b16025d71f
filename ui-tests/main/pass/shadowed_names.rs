#![deny(warnings, dead_code)]
#![allow(dead_code)]

mod std {}
mod core {}
mod gustnado {}

struct Result;
fn run_main() {}

#[::gustnado::main]
async fn main() -> ::gustnado::Result {
    ::core::result::Result::Ok(())
}
