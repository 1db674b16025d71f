#[gustnado::test(simulated)]
async fn works() {}

fn main() {}
