#[gustnado::test(timeout = 1, timeout = 2)]
async fn works() {}

fn main() {}
