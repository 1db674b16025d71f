use gustnado::routes;

pub async fn about() {}

fn main() {
    drop(routes!["/about" => about]);
}
