use gustnado::{Context, handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    fn get(&self, cx: &mut Context) {
        let _ = cx;
    }
}

fn main() {
    drop(routes![Entry]);
}
