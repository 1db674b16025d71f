#[gustnado::test(timeout)]
async fn works() {}

fn main() {}
