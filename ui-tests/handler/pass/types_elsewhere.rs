#![deny(warnings, dead_code)]

use gustnado::{handler, route, routes};

mod model {
    #[derive(Default)]
    pub struct Entry;

    pub type Alias = Entry;
}

#[route("/")]
#[handler]
impl model::Alias {
    fn get(&self) {}
}

fn local() -> usize {
    #[derive(Default)]
    struct Local;

    #[route("/local")]
    #[handler]
    impl Local {
        fn get(&self) {}
    }

    routes![Local].len()
}

fn main() {
    assert_eq!(routes![model::Entry].len() + local(), 2);
}
