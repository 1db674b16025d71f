use gustnado::{Context, handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    fn on_finish(&mut self, cx: &Context, body: String) {
        drop((cx, body));
    }

    fn get(&self) {}
}

fn main() {
    drop(routes![Entry]);
}
