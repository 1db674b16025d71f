#![deny(warnings, dead_code)]

#[gustnado::main]
async fn main() {
    std::future::ready(()).await;
}
