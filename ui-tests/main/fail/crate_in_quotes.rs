#[gustnado::main(crate = "gustnado")]
async fn main() {}
