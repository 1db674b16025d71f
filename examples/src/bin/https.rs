//! The smallest application over TLS. Its certificate can be renewed while it runs: `kill -HUP` reads the files again.
//!
//! ```text
//! openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=localhost \
//!     -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout key.pem -out certificate.pem
//! cargo run -p examples --features tls --bin https -- --certificate=certificate.pem --key=key.pem
//! curl --cacert certificate.pem https://localhost:8888/
//! ```

use gustnado::options::define;
use gustnado::prelude::*;
use gustnado::tls::ServerOptions;
use std::net::SocketAddr;

#[route("/")]
async fn index(cx: &Context) -> String {
    format!("Hello, {} over {}\n", cx.request().remote_addr().ip(), cx.request().protocol())
}

#[gustnado::main]
async fn main() -> Result<()> {
    let certificate = define("certificate", String::from("certificate.pem"))
        .help("the certificate, and those of its authorities behind it");
    let key = define("key", String::from("key.pem")).help("its private key");
    let port = examples::port()?;

    let options = ServerOptions::new(certificate.value(), key.value());
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let server = Application::new(routes![index]).listen_tls(address, &options)?;
    println!("listening on https://{}", server.addresses()[0]);
    server.reload_on_hangup().run().await
}
