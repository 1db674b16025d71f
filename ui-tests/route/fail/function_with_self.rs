use gustnado::route;

struct Entry;

impl Entry {
    #[route("/")]
    async fn index(&self) {}
}

fn main() {}
