use gustnado::{handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    async fn prepare(&mut self) -> gustnado::Result<String> {
        Ok(String::new())
    }

    fn get(&self) {}
}

fn main() {
    drop(routes![Entry]);
}
