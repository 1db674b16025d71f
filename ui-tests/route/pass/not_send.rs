#![deny(warnings, dead_code)]

//! A handler may hold what must not leave its thread, across an `.await` too.

use std::cell::RefCell;
use std::rc::Rc;

use gustnado::{route, routes};

type Counter = Rc<RefCell<u64>>;

#[route("/")]
async fn index(counter: &Counter) -> String {
    let counter = Rc::clone(counter);
    let mut count = counter.borrow_mut();
    std::future::ready(()).await;
    *count += 1;
    count.to_string()
}

fn main() {
    assert_eq!(routes![index].len(), 1);
}
