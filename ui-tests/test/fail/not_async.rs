#[gustnado::test]
fn works() {}

fn main() {}
