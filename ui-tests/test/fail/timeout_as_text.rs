#[gustnado::test(timeout = "10 s")]
async fn works() {}

fn main() {}
