#![deny(warnings, dead_code)]

use std::cell::RefCell;
use std::rc::Rc;

use gustnado::coroutine::moment;
use gustnado::{handler, route, routes};

#[derive(Default)]
struct Entry(Rc<RefCell<Vec<u32>>>);

#[route("/")]
#[handler]
impl Entry {
    async fn get(&mut self, shared: &Rc<RefCell<u32>>) -> String {
        let mine = self.0.clone();
        moment().await;
        mine.borrow_mut().push(*shared.borrow());
        mine.borrow().len().to_string()
    }
}

fn main() {
    assert_eq!(routes![Entry].len(), 1);
}
