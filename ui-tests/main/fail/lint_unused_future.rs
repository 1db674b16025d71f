#![deny(warnings)]

async fn other() {}

#[gustnado::main]
async fn main() {
    other();
}
