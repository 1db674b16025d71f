use gustnado::route;

trait Entry {
    #[route("/")]
    async fn index();
}

fn main() {}
