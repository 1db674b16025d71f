#![deny(warnings, dead_code)]

//! A handler stays a function.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use gustnado::{route, routes};

struct Db(u64);

#[route("/plain/{id}")]
fn plain(id: u64, db: &Db) -> String {
    (id + db.0).to_string()
}

#[route("/async/{id}")]
async fn with_async(id: u64, db: &Db) -> String {
    plain(id, db)
}

fn main() {
    assert_eq!(plain(1, &Db(2)), "3");
    let db = Db(2);
    let mut future = pin!(with_async(1, &db));
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(future.as_mut().poll(&mut cx), Poll::Ready("3".into()));
    let as_pointer: fn(u64, &Db) -> String = plain;
    assert_eq!(as_pointer(1, &db), "3");
    assert_eq!(routes![plain, with_async].len(), 2);
}
