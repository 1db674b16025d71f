use gustnado::{handler, routes};

#[handler(captures = [slug, slug])]
async fn about(slug: String) {
    drop(slug);
}

fn main() {
    drop(routes!["/{slug}" => about]);
}
