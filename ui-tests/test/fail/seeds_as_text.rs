#[gustnado::test(simulated, seeds = "10")]
async fn works() {}

fn main() {}
