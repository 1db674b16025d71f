#[gustnado::test(timout = 1)]
async fn works() {}

fn main() {}
