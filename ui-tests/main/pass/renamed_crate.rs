#![deny(warnings, dead_code)]

extern crate gustnado as web;

#[web::main(crate = web)]
async fn main() {}
