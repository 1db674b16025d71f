#[gustnado::test(timeout = -0.5)]
async fn works() {}

fn main() {}
