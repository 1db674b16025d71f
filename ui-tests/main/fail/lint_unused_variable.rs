#![deny(warnings)]

#[gustnado::main]
async fn main() {
    let forgotten = 7;
}
