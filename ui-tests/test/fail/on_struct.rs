#[gustnado::test]
struct Works;

fn main() {}
