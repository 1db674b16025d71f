#[gustnado::test]
async fn works(app: u32) {
    let _ = app;
}

fn main() {}
