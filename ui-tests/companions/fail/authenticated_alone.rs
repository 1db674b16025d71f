use gustnado::authenticated;

#[authenticated]
fn index() {}

fn main() {
    index();
}
