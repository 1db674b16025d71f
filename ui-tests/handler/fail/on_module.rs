use gustnado::handler;

#[handler]
mod about {}

fn main() {
    ();
}
