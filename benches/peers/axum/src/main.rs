//! axum: its router on hyper's connection and tokio's single-threaded runtime.
//!
//! `axum::serve` has no switch for pipelined flushes, which its entry in TechEmpower's benchmarks
//! turns on in the same way as here.

use std::error::Error;

use axum::Router;
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::runtime;

fn main() -> Result<(), Box<dyn Error>> {
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve())
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(peer::address()).await?;
    let application = Router::new().route(peer::PATH, get(async || peer::BODY));
    let mut http = http1::Builder::new();
    http.pipeline_flush(true);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = TowerToHyperService::new(application.clone());
        tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
    }
}
