#![deny(warnings)]

extern crate gustnado as web;

#[web::main(crate = web)]
async fn main() {}
