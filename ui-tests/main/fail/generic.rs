#[gustnado::main]
async fn main<T>() {}
