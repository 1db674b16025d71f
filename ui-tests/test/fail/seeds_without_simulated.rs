#[gustnado::test(seeds = 10)]
async fn works() {}

fn main() {}
