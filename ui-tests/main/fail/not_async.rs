#[gustnado::main]
fn main() {}
