#[gustnado::test(leaks)]
async fn works() {}

fn main() {}
