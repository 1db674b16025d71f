use gustnado::handler;

#[handler]
struct About;

fn main() {
    drop(About);
}
