use gustnado::handler;

#[handler]
const ABOUT: u32 = 7;

fn main() {
    let _ = ABOUT;
}
