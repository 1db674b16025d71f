//! ntex: one worker on its own runtime.

use std::io;

use ntex::web::{self, App, HttpServer};

#[ntex::main]
async fn main() -> io::Result<()> {
    HttpServer::new(async || App::new().route(peer::PATH, web::get().to(answer)))
        .workers(1)
        .bind(peer::address())?
        .run()
        .await
}

async fn answer() -> &'static str {
    peer::BODY
}
