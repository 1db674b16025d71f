#[gustnado::test(10)]
async fn works() {}

fn main() {}
