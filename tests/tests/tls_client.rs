//! `https` with the client: whom it believes, what it keeps, and other people's servers.

use gustnado::http::{AsyncHTTPClient, HTTPClientError, HTTPRequest, Proxy, Request};
use gustnado::tls::{CertificateProblem, ClientOptions, Pem, ServerOptions, TLSError};
use gustnado::{Application, Context, Redirect, routes};
use gustnado_tests::{Authority, Certified, Client, Folder, PATIENCE, Script, Server};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

#[gustnado::route("/")]
async fn index() -> &'static str {
    "Hello, world"
}

#[gustnado::route("/secure")]
async fn secure(cx: &Context) -> String {
    let request: &Request = cx.request();
    let certificates = request.peer_certificates().map_or(0, |chain| chain.len());
    let authorization = request.header("authorization").unwrap_or("nobody");
    format!("{} {certificates} {authorization}", request.protocol())
}

#[gustnado::route("/go")]
async fn go(cx: &Context) -> Redirect {
    Redirect::external(cx.request().query().unwrap_or_default().to_owned())
}

#[gustnado::route("/echo", method = POST)]
async fn echo(body: Vec<u8>) -> Vec<u8> {
    body
}

fn options(own: &Certified) -> ServerOptions {
    ServerOptions::new(Pem::text(own.certificate.as_str()), Pem::text(own.key.as_str()))
}

fn trusting(authority: &Authority) -> ClientOptions {
    ClientOptions::new().ca_certs(Pem::text(authority.certificate()))
}

fn client(options: ClientOptions) -> AsyncHTTPClient {
    AsyncHTTPClient::builder().tls_options(options).build()
}

/// A server that also listens for TLS.
fn server(options: &ServerOptions) -> (Server, String) {
    let server = Server::application(|| Application::new(routes![index, secure, go, echo]));
    let url = listen(&server, options);
    (server, url)
}

fn listen(server: &Server, options: &ServerOptions) -> String {
    let (options, address) = (options.clone(), (Ipv4Addr::LOCALHOST, 0).into());
    let address: SocketAddr =
        server.run(move |http| async move { http.listen_tls(address, &options).unwrap() });
    format!("https://{address}")
}

#[gustnado::test]
async fn https_is_fetched_over_connections_that_are_kept() {
    let authority = Authority::new("authority");
    let (server, url) = server(&options(&authority.issue(&NAMES)));
    let client = client(trusting(&authority));
    for _ in 0..3 {
        let response = client.fetch(format!("{url}/secure")).await.unwrap();
        assert_eq!(response.text(), "https 0 nobody");
    }
    assert_eq!((client.idle_connections(), server.connections()), (1, 1));
    let body: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    let post = HTTPRequest::post(format!("{url}/echo")).body(body.clone());
    assert!(*client.fetch(post).await.unwrap().body() == body);
    let mut streamed = client.fetch_streamed(format!("{url}/")).await.unwrap();
    assert_eq!(streamed.next().await.unwrap().unwrap(), "Hello, world");
    // By name, too; and in the clear as ever.
    let named = url.replace("127.0.0.1", "localhost");
    assert_eq!(client.fetch(named).await.unwrap().text(), "Hello, world");
    assert_eq!(client.fetch(server.url("/secure")).await.unwrap().text(), "http 0 nobody");
}

#[gustnado::test]
async fn many_fetches_at_once_share_a_session() {
    let authority = Authority::new("authority");
    let (_server, url) = server(&options(&authority.issue(&NAMES)));
    let client = client(trusting(&authority));
    let fetches: Vec<_> = (0..60).map(|_| client.fetch(format!("{url}/"))).collect();
    for response in gustnado::coroutine::Multi(fetches).await.unwrap() {
        assert_eq!(response.text(), "Hello, world");
    }
}

fn problem(result: Result<impl std::fmt::Debug, HTTPClientError>) -> CertificateProblem {
    match result {
        Err(error @ HTTPClientError::TLS(_)) if error.code() != 599 => panic!("{error}"),
        Err(HTTPClientError::TLS(TLSError::Certificate(problem))) => problem,
        other => panic!("{other:?}"),
    }
}

#[gustnado::test]
async fn certificates_that_are_not_to_be_trusted_end_the_fetch() {
    let (authority, stranger) = (Authority::new("authority"), Authority::new("stranger"));
    let certificates = [
        (authority.issue_expired(&NAMES), CertificateProblem::Expired),
        (authority.issue(&["example.com"]), CertificateProblem::WrongName("127.0.0.1".into())),
        (Certified::self_signed(&NAMES), CertificateProblem::UnknownIssuer),
        (stranger.issue(&NAMES), CertificateProblem::UnknownIssuer),
    ];
    for (own, expected) in certificates {
        let (_server, url) = server(&options(&own));
        let client = client(trusting(&authority));
        assert_eq!(problem(client.fetch(&url).await), expected);
        let request = HTTPRequest::new(&url).validate_cert(false);
        assert_eq!(client.fetch(request).await.unwrap().text(), "Hello, world");
        // A connection that was not validated does not serve who wants that.
        assert_eq!(client.idle_connections(), 1);
        assert_eq!(problem(client.fetch(&url).await), expected);
        let gullible = AsyncHTTPClient::builder().validate_cert(false).build();
        assert_eq!(gullible.fetch(&url).await.unwrap().text(), "Hello, world");
        let strict = HTTPRequest::new(&url).validate_cert(true);
        assert!(gullible.fetch(strict.tls_options(trusting(&authority))).await.is_err());
    }
}

#[gustnado::test]
async fn who_we_are_is_for_the_origin_that_was_asked() {
    let authority = Authority::new("authority");
    let own = options(&authority.issue(&NAMES));
    let ca = Pem::text(authority.certificate());
    let (server, url) = server(&own.clone().require_client_certificates(ca));
    let asking = own.ask_for_client_certificates(Pem::text(authority.certificate()));
    let elsewhere = listen(&server, &asking);
    let member = authority.issue(&["member"]);
    let shown = trusting(&authority)
        .certificate(Pem::text(member.certificate.as_str()), Pem::text(member.key.as_str()));
    let client = client(trusting(&authority));
    let ask = |url: &str| {
        let request = HTTPRequest::new(url).tls_options(shown.clone());
        client.fetch(request.basic_auth("me", "secret"))
    };
    assert!(ask(&format!("{url}/secure")).await.unwrap().text().starts_with("https 1 Basic"));
    assert!(ask(&format!("{elsewhere}/secure")).await.unwrap().text().starts_with("https 1 Basic"));
    let away = format!("{url}/go?{elsewhere}/secure");
    assert_eq!(ask(&away).await.unwrap().text(), "https 0 nobody");
    // Nor does another request get what was secured for this one.
    let error = client.fetch(format!("{url}/secure")).await.unwrap_err();
    assert!(matches!(&error, HTTPClientError::TLS(TLSError::Alert(_))), "{error:?}");
}

#[gustnado::test]
async fn a_redirect_leads_into_safety() {
    let authority = Authority::new("authority");
    let (server, url) = server(&options(&authority.issue(&NAMES)));
    let client = client(trusting(&authority));
    let to_secure = server.url(&format!("/go?{url}/secure"));
    let response = client.fetch(HTTPRequest::new(to_secure).basic_auth("me", "secret")).await;
    let response = response.unwrap();
    assert_eq!(response.text(), "https 0 nobody");
    assert_eq!(response.effective_url(), format!("{url}/secure"));
}

/// Passes bytes on, in both directions, until one side ends.
fn splice(client: &Client, address: SocketAddr) {
    let server = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
    let socket = client.socket().try_clone().unwrap();
    let pass = |mut from: TcpStream, mut to: TcpStream| {
        move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(std::net::Shutdown::Both);
        }
    };
    let back = pass(server.try_clone().unwrap(), socket.try_clone().unwrap());
    let back = std::thread::spawn(back);
    pass(socket, server)();
    back.join().unwrap();
}

#[gustnado::test]
async fn https_goes_through_a_proxy_that_cannot_read_it() {
    let authority = Authority::new("authority");
    let (_server, url) = server(&options(&authority.issue(&NAMES)));
    let address: SocketAddr = url.strip_prefix("https://").unwrap().parse().unwrap();
    let proxy = Script::start(1, move |_, mut client| {
        let asked = client.take_until(b"\r\n\r\n");
        let asked = String::from_utf8(asked).unwrap();
        assert!(asked.starts_with(&format!("CONNECT {address} HTTP/1.1\r\n")), "{asked}");
        client.send("HTTP/1.1 200 Connection established\r\n\r\n");
        splice(&client, address);
    });
    let client = client(trusting(&authority));
    for _ in 0..2 {
        let request = HTTPRequest::new(format!("{url}/secure"));
        let request = request.proxy(Proxy::new(proxy.url("")).unwrap());
        assert_eq!(client.fetch(request).await.unwrap().text(), "https 0 nobody");
    }
    client.close();
    proxy.finish();
}

#[gustnado::test]
async fn a_server_that_does_not_speak_tls_is_told_from_one_that_is_gone() {
    let client = AsyncHTTPClient::builder().validate_cert(false).build();
    let plain = Script::start(1, move |_, mut client| {
        client.take_until(b"\x16");
        client.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    let spoken = plain.url("/").replace("http:", "https:");
    let error = client.fetch(spoken).await.unwrap_err();
    assert!(matches!(error, HTTPClientError::TLS(TLSError::NotTLS)), "{error:?}");
    plain.finish();
    let gone = Script::start(1, |_, client| drop(client));
    let error = client.fetch(gone.url("/").replace("http:", "https:")).await.unwrap_err();
    assert!(matches!(error, HTTPClientError::TLS(TLSError::Closed(_))), "{error:?}");
    gone.finish();
}

/// A program of Python's, which prints its port; it ends with the test.
struct Python(Child, u16);

impl Python {
    fn start(script: &str, folder: &Folder, own: &Certified) -> Self {
        let (certificate, key) = own.write(folder, "own");
        let mut command = Command::new("python3");
        command.arg("-c").arg(script).arg(&certificate).arg(&key).current_dir(folder.join(""));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self(child, line.trim().parse().expect("a port"))
    }

    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.1)
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[gustnado::test]
async fn pythons_http_server_is_fetched_from() {
    const SCRIPT: &str = r#"
import http.server, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
"#;
    let (authority, folder) = (Authority::new("authority"), Folder::new());
    let mut file = std::fs::File::create(folder.join("page.txt")).unwrap();
    file.write_all(&b"a line\n".repeat(100_000)).unwrap();
    let python = Python::start(SCRIPT, &folder, &authority.issue(&NAMES));
    let client = client(trusting(&authority));
    for _ in 0..3 {
        let response = client.fetch(python.url("/page.txt")).await.unwrap();
        assert_eq!(response.body().len(), 700_000);
    }
    assert_eq!(client.fetch(python.url("/none")).await.unwrap_err().code(), 404);
}

/// Python's `close` says no farewell.
#[gustnado::test]
async fn a_body_that_may_have_been_cut_off_is_an_error_and_one_of_known_length_is_not() {
    const SCRIPT: &str = r#"
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    connection, _ = listener.accept()
    connection = context.wrap_socket(connection, server_side=True)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(4096)
    target = head.split()[1]
    length = b"Content-Length: 5\r\n" if target == b"/known" else b""
    connection.sendall(b"HTTP/1.1 200 OK\r\n" + length + b"\r\nhello")
    if target == b"/farewell":
        connection.unwrap()
    connection.close()
"#;
    let (authority, folder) = (Authority::new("authority"), Folder::new());
    let python = Python::start(SCRIPT, &folder, &authority.issue(&NAMES));
    let client = client(trusting(&authority));
    // Kept connections end without a farewell, too, and the next fetch needs another one.
    for path in ["/known", "/known", "/farewell"] {
        assert_eq!(client.fetch(python.url(path)).await.unwrap().text(), "hello", "{path}");
    }
    let error = client.fetch(python.url("/cut")).await.unwrap_err();
    assert!(matches!(&error, HTTPClientError::Closed(Some(_))), "{error:?}");
    assert!(error.to_string().contains("without a farewell"), "{error}");
}
