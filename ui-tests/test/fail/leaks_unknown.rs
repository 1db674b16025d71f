#[gustnado::test(leaks = "forbid")]
async fn works() {}

fn main() {}
