//! actix-web: one worker.

use std::io;

use actix_web::{App, HttpServer, Responder, web};

#[actix_web::main]
async fn main() -> io::Result<()> {
    HttpServer::new(|| App::new().route(peer::PATH, web::get().to(answer)))
        .workers(1)
        .tcp_nodelay(true)
        .bind(peer::address())?
        .run()
        .await
}

async fn answer() -> impl Responder {
    peer::BODY
}
