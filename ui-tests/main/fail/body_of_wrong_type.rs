#[gustnado::main]
async fn main() -> gustnado::Result {
    7
}
