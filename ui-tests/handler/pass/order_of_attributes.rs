#![deny(warnings, dead_code)]

use gustnado::{authenticated, handler, route, routes};

#[derive(Default)]
struct Below;

#[route("/below")]
#[handler]
#[authenticated]
impl Below {
    fn get(&self) {}
}

#[derive(Default)]
struct Above;

#[authenticated]
#[handler]
#[route("/above")]
impl Above {
    fn get(&self) {}
}

#[derive(Default)]
struct Between;

#[handler]
#[authenticated]
#[allow(non_snake_case)]
#[route("/between")]
impl Between {
    fn get(&self, #[allow(unused_variables)] A: &gustnado::Context) {}
}

mod paths {
    #[derive(Default)]
    pub struct Full;

    #[gustnado::authenticated]
    #[gustnado::handler]
    #[gustnado::route("/full")]
    impl Full {
        fn get(&self) {}
    }
}

fn main() {
    assert_eq!(routes![Below, Above, Between, paths::Full].len(), 4);
}
