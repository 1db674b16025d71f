#[gustnado::test(simulated, seeds = 0)]
async fn works() {}

fn main() {}
