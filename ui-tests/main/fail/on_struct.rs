#[gustnado::main]
struct Main;

fn main() {}
