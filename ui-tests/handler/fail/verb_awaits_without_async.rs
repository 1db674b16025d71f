use gustnado::{handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    fn get(&self) {
        gustnado::coroutine::moment().await;
    }
}

fn main() {
    drop(routes![Entry]);
}
