#[gustnado::test]
async fn works<T>() {}

fn main() {}
