#[gustnado::test(timeout = 0)]
async fn works() {}

fn main() {}
