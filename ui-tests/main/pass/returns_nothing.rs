#![deny(warnings)]

#[gustnado::main]
async fn main() {
    std::future::ready(()).await;
}
