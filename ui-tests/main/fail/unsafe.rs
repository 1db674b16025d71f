#[gustnado::main]
async unsafe fn main() {}
