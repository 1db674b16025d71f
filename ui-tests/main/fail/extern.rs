#[gustnado::main]
async extern "C" fn main() {}
