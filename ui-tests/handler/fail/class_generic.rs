use gustnado::{handler, route};

struct Entry<T>(T);

#[route("/")]
#[handler]
impl<T> Entry<T> {
    fn get(&self) {}
}

fn main() {
    drop(());
}
