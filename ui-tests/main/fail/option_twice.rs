#[gustnado::main(crate = gustnado, crate = gustnado)]
async fn main() {}
