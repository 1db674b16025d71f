//! The HTTP server over TLS, and other people's clients.

use bytes::Bytes;
use futures_core::Stream;
use gustnado::http::{Body, HTTPRequest, Request, Response};
use gustnado::iostream::IOStream;
use gustnado::tcpclient::TCPClient;
use gustnado::tls::{ClientOptions, Pem, ServerOptions};
use gustnado::websocket::{WebSocket, websocket_connect};
use gustnado::{Application, Context, Result, StatusCode, routes};
use gustnado_tests::{Authority, Certified, Folder, PATIENCE, Server, eventually};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::pin::Pin;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{self, Poll};

const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

#[gustnado::route("/")]
async fn index() -> &'static str {
    "Hello, world"
}

#[gustnado::route("/secure")]
async fn secure(cx: &Context) -> String {
    let request: &Request = cx.request();
    let certificates = request.peer_certificates().map_or(0, |chain| chain.len());
    format!("{} {} {certificates}", request.protocol(), request.is_secure())
}

#[gustnado::route("/echo", method = POST)]
async fn echo(body: Vec<u8>) -> Vec<u8> {
    body
}

/// Three pieces, and behind them an end or a failure.
struct Pieces {
    left: Vec<&'static str>,
    fails: bool,
}

impl Stream for Pieces {
    type Item = Result<Bytes, Box<dyn std::error::Error>>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut task::Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(match self.left.pop() {
            Some(piece) => Some(Ok(Bytes::from_static(piece.as_bytes()))),
            None if self.fails => Some(Err("the disk is on fire".into())),
            None => None,
        })
    }
}

#[gustnado::route("/pieces/{fails}")]
async fn pieces(fails: bool) -> Response {
    let pieces = Pieces { left: vec!["six", "two", "one"], fails };
    Response::new(StatusCode::OK).with_body(Body::stream(pieces))
}

#[gustnado::route("/talk")]
async fn talk(mut socket: WebSocket) -> Result<()> {
    while let Some(message) = socket.recv().await? {
        socket.send(message).await?;
    }
    Ok(())
}

fn options(own: &Certified) -> ServerOptions {
    ServerOptions::new(Pem::text(own.certificate.as_str()), Pem::text(own.key.as_str()))
}

fn trusting(authority: &Authority) -> ClientOptions {
    ClientOptions::new().ca_certs(Pem::text(authority.certificate()))
}

/// A server that also listens for TLS.
fn server(options: &ServerOptions) -> (Server, SocketAddr) {
    let server =
        Server::application(|| Application::new(routes![index, secure, echo, pieces, talk]));
    let address = listen(&server, options, Ipv4Addr::LOCALHOST.into());
    (server, address)
}

fn listen(server: &Server, options: &ServerOptions, ip: IpAddr) -> SocketAddr {
    let options = options.clone();
    server.run(move |http| async move { http.listen_tls((ip, 0).into(), &options).unwrap() })
}

/// Asks over a connection that is kept: the body of the response.
async fn ask(stream: &IOStream, path: &str) -> String {
    stream.write(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).await.unwrap();
    let head = String::from_utf8(stream.read_until(b"\r\n\r\n").await.unwrap()).unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
    let body = stream.read_bytes(length.parse().unwrap()).await.unwrap();
    String::from_utf8(body).unwrap()
}

async fn connect(address: SocketAddr, options: &ClientOptions) -> std::io::Result<IOStream> {
    TCPClient::new().connect_tls("127.0.0.1", address.port(), options).await
}

/// What a program prints.
fn output(command: &mut Command) -> String {
    let output = command.output().expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[gustnado::test]
async fn a_request_knows_that_it_is_secure() {
    let authority = Authority::new("authority");
    let (server, address) = server(&options(&authority.issue(&NAMES)));
    let stream = connect(address, &trusting(&authority)).await.unwrap();
    assert_eq!(ask(&stream, "/secure").await, "https true 0");
    assert_eq!(stream.alpn_protocol(), None);
    assert_eq!(server.connect().get("/secure").text(), "http false 0");
}

#[gustnado::test]
async fn what_is_spoken_inside_is_http() {
    let authority = Authority::new("authority");
    let (_server, address) = server(&options(&authority.issue(&NAMES)));
    let client = trusting(&authority);
    let stream = connect(address, &client.clone().alpn(["h2", "http/1.1"])).await.unwrap();
    assert_eq!(stream.alpn_protocol().as_deref(), Some(&b"http/1.1"[..]));
    let refused = connect(address, &client.alpn(["smtp"])).await.unwrap_err();
    assert_eq!(refused.to_string(), "the other side has refused: NoApplicationProtocol");
}

#[gustnado::test]
async fn a_handler_knows_the_certificate_of_its_client() {
    let authority = Authority::new("authority");
    let ca = Pem::text(authority.certificate());
    let options = options(&authority.issue(&NAMES)).require_client_certificates(ca);
    let (_server, address) = server(&options);
    let member = authority.issue(&["member"]);
    let shown = trusting(&authority)
        .certificate(Pem::text(member.certificate.as_str()), Pem::text(member.key.as_str()));
    let stream = connect(address, &shown).await.unwrap();
    assert_eq!(ask(&stream, "/secure").await, "https true 1");
    let nobody = connect(address, &trusting(&authority)).await.unwrap();
    assert!(nobody.read_bytes(1).await.is_err());
}

#[gustnado::test]
async fn requests_are_pipelined_and_bodies_are_large() {
    let authority = Authority::new("authority");
    let (_server, address) = server(&options(&authority.issue(&NAMES)));
    let stream = connect(address, &trusting(&authority)).await.unwrap();
    stream.write(&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(100)).await.unwrap();
    for _ in 0..100 {
        stream.read_until(b"Hello, world").await.unwrap();
    }
    let body: Vec<u8> = (0..5_000_000_u32).map(|number| (number % 251) as u8).collect();
    let head = format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
    drop(stream.write(head.as_bytes()));
    drop(stream.write(&body));
    stream.read_until(b"\r\n\r\n").await.unwrap();
    assert!(stream.read_bytes(body.len()).await.unwrap() == body);
    stream.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    // The end is a farewell, so that it is known to be the end.
    assert!(stream.read_until_close().await.unwrap().ends_with(b"Hello, world"));
}

/// Of a response that ends with its connection, nothing else tells that it is not whole.
#[gustnado::test]
async fn a_response_that_breaks_off_does_not_look_like_one_that_has_ended() {
    let authority = Authority::new("authority");
    let (_server, address) = server(&options(&authority.issue(&NAMES)));
    for fails in [false, true] {
        let stream = connect(address, &trusting(&authority)).await.unwrap();
        let head = format!("GET /pieces/{fails} HTTP/1.0\r\nHost: a\r\n\r\n");
        stream.write(head.as_bytes()).await.unwrap();
        stream.read_until(b"\r\n\r\n").await.unwrap();
        assert_eq!(stream.read_bytes(9).await.unwrap(), b"onetwosix");
        let rest = stream.read_until_close().await;
        assert_eq!(rest.is_err(), fails, "{rest:?}");
        if let Err(error) = rest {
            assert!(error.to_string().contains("without a farewell"), "{error}");
        }
    }
}

#[gustnado::test]
async fn a_websocket_is_secure_as_any_request() {
    let authority = Authority::new("authority");
    let (_server, address) = server(&options(&authority.issue(&NAMES)));
    let request = HTTPRequest::new(format!("https://{address}/talk"));
    let mut socket = websocket_connect(request.tls_options(trusting(&authority))).await.unwrap();
    for text in ["Hello", "world"] {
        socket.send(text).await.unwrap();
        let answer = socket.recv().await.unwrap().unwrap();
        assert_eq!(answer.as_text(), Some(text));
    }
}

/// Clients that keep their connections busy while the certificates change.
#[gustnado::test(timeout = 60)]
async fn a_reload_is_for_new_connections_and_drops_none() {
    let folder = Folder::new();
    let (before, after) = (Authority::new("before"), Authority::new("after"));
    let (certificate, key) = before.issue(&NAMES).write(&folder, "own");
    let options = ServerOptions::new(&certificate, &key);
    let (server, address) = server(&options);
    let kept = connect(address, &trusting(&before)).await.unwrap();
    assert_eq!(ask(&kept, "/").await, "Hello, world");
    let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let busy: Vec<_> = (0..20)
        .map(|_| {
            let (stop, asked, client) = (stop.clone(), asked.clone(), trusting(&before));
            gustnado::ioloop::spawn(async move {
                let stream = connect(address, &client).await.unwrap();
                while !stop.load(Ordering::Relaxed) {
                    assert_eq!(ask(&stream, "/").await, "Hello, world");
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let reach = async |count| {
        while asked.load(Ordering::Relaxed) < count {
            gustnado::coroutine::moment().await;
        }
    };
    reach(100).await;
    after.issue(&NAMES).write(&folder, "own");
    options.reload().unwrap();
    let refused = connect(address, &trusting(&before)).await.unwrap_err();
    assert!(refused.to_string().contains("not signed by anybody who is trusted"), "{refused}");
    let new = connect(address, &trusting(&after)).await.unwrap();
    assert_eq!(ask(&new, "/").await, "Hello, world");
    let now = asked.load(Ordering::Relaxed);
    reach(now + 100).await;
    stop.store(true, Ordering::Relaxed);
    for client in busy {
        client.await.unwrap();
    }
    assert_eq!(ask(&kept, "/").await, "Hello, world");
    // What cannot be read changes nothing.
    std::fs::write(&certificate, "broken").unwrap();
    let error = options.reload().unwrap_err().to_string();
    assert!(error.contains("own.pem"), "{error}");
    assert_eq!(ask(&connect(address, &trusting(&after)).await.unwrap(), "/").await, "Hello, world");
    drop(server);
}

#[test]
fn plain_text_on_a_tls_port_is_refused_without_harm() {
    let authority = Authority::new("authority");
    let (server, address) = server(&options(&authority.issue(&NAMES)));
    for nonsense in [
        &b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..],
        b"\0\0\0\0\0\0\0\0",
        b"\x16\x03\x01\xff\xff\x01",
        &[0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x03],
        b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n",
    ] {
        let mut socket = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.write_all(nonsense).unwrap();
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        // An alert, or a reset, as not everything was read.
        let _ = socket.read_to_end(&mut answer);
        assert!(answer.is_empty() || answer[0] == 21, "{answer:?}");
    }
    assert_eq!(server.connect().get("/").text(), "Hello, world");
    eventually("the connections are closed", || server.connections() <= 1);
    assert!(server.log().take().iter().all(|line| line.starts_with("INFO ")));
}

#[gustnado::test]
async fn a_server_that_ends_leaves_no_connection_behind() {
    let authority = Authority::new("authority");
    let (server, address) = server(&options(&authority.issue(&NAMES)));
    let silent = IOStream::connect(address).await.unwrap();
    let resting = connect(address, &trusting(&authority)).await.unwrap();
    assert_eq!(ask(&resting, "/").await, "Hello, world");
    eventually("both are known", || server.connections() == 2);
    assert!(server.run(|http| async move { http.shutdown(PATIENCE).await }));
    assert_eq!(silent.read_until_close().await.unwrap(), b"");
    assert_eq!(resting.read_until_close().await.unwrap(), b"", "with a farewell");
}

/// All addresses of this machine that a browser on it would try.
fn loopbacks() -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = vec![Ipv4Addr::LOCALHOST.into()];
    match std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) {
        Ok(_) => addresses.push(Ipv6Addr::LOCALHOST.into()),
        Err(error) => println!("this machine has no IPv6, so nothing is fetched over it: {error}"),
    }
    addresses
}

/// Runs a check for each address, with a file that has the authority's certificate.
fn for_each_loopback(check: impl Fn(SocketAddr, &Path)) {
    let folder = Folder::new();
    let authority = Authority::new("authority");
    let ca = folder.join("ca.pem");
    std::fs::write(&ca, authority.certificate()).unwrap();
    let options = options(&authority.issue(&NAMES));
    let server =
        Server::application(|| Application::new(routes![index, secure, echo, pieces, talk]));
    for ip in loopbacks() {
        check(listen(&server, &options, ip), &ca);
    }
    eventually("all have left", || server.connections() == 0);
    assert_eq!(server.log().take().iter().filter(|line| line.contains("TLS")).count(), 0);
}

#[test]
fn curl_fetches() {
    for_each_loopback(|address, ca| {
        let curl = |arguments: &[&str]| {
            let mut command = Command::new("curl");
            command.args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "20"]);
            output(command.arg("--cacert").arg(ca).args(arguments))
        };
        let url = |path: &str| format!("https://{address}{path}");
        assert_eq!(curl(&[&url("/secure")]), "https true 0");
        let twice = ["--write-out", " %{num_connects} %{http_version}\n", &url("/"), &url("/")];
        assert_eq!(curl(&twice), "Hello, world 1 1.1\nHello, world 0 1.1");
        for version in ["--tlsv1.3", "--tls-max=1.2"] {
            let arguments = match version.split_once('=') {
                Some((option, value)) => vec![option.to_owned(), value.to_owned()],
                None => vec![version.to_owned()],
            };
            let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let url = url("/");
            arguments.push(&url);
            assert_eq!(curl(&arguments), "Hello, world", "{version}");
        }
    });
}

#[test]
fn pythons_http_client_fetches() {
    const SCRIPT: &str = r#"
import http.client, ssl, sys
host, port, ca = sys.argv[1:]
for newest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
    context = ssl.create_default_context(cafile=ca)
    context.maximum_version = newest
    context.set_alpn_protocols(["http/1.1"])
    connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=20)
    for turn in range(3):
        connection.request("GET", "/secure")
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"https true 0")
    sock = connection.sock
    assert sock.selected_alpn_protocol() == "http/1.1"
    body = bytes(range(256)) * 4000
    connection.request("POST", "/echo", body)
    assert connection.getresponse().read() == body
    # Says farewell, and waits for ours.
    sock.unwrap()
    connection.close()
    print(sock.version() or newest.name)
try:
    stranger = http.client.HTTPSConnection(host, int(port), context=ssl.create_default_context(), timeout=20)
    stranger.request("GET", "/")
except ssl.SSLCertVerificationError:
    print("refused")
"#;
    for_each_refused(SCRIPT);
}

/// The strangers of the script are logged, as they refuse us.
fn for_each_refused(script: &str) {
    let folder = Folder::new();
    let authority = Authority::new("authority");
    let ca = folder.join("ca.pem");
    std::fs::write(&ca, authority.certificate()).unwrap();
    let options = options(&authority.issue(&NAMES));
    let server =
        Server::application(|| Application::new(routes![index, secure, echo, pieces, talk]));
    for ip in loopbacks() {
        let address = listen(&server, &options, ip);
        let mut python = Command::new("python3");
        python.arg("-c").arg(script).arg(ip.to_string()).arg(address.port().to_string()).arg(&ca);
        assert_eq!(output(&mut python).lines().last(), Some("refused"));
        let told = server.log().take();
        assert!(told.iter().any(|line| line.contains("has refused: UnknownCA")), "{told:?}");
    }
}

#[test]
fn several_threads_reload_at_once() {
    let folder = Folder::new();
    let (before, after) = (Authority::new("before"), Authority::new("after"));
    let (certificate, key) = before.issue(&NAMES).write(&folder, "own");
    let options = ServerOptions::new(&certificate, &key);
    let (told, telling) = mpsc::channel();
    let (end, ending) = mpsc::channel::<()>();
    let shared = options.clone();
    let serving = std::thread::spawn(move || {
        let io_loop = gustnado::ioloop::IOLoop::new().unwrap();
        io_loop.run_sync(async move {
            let workers = Application::workers(3, || Ok(Application::new(routes![index])));
            let server = workers.listen_tls("127.0.0.1:0", &shared).unwrap();
            told.send(server.addresses()[0]).unwrap();
            let end = gustnado::ioloop::run_in_executor(move || ending.recv().is_ok());
            server.run_until(end).await.unwrap();
        })
    });
    let address = telling.recv_timeout(PATIENCE).unwrap();
    let io_loop = gustnado::ioloop::IOLoop::new().unwrap();
    io_loop
        .run_sync(async {
            let reach = async |authority: &Authority| {
                // The system spreads them among the threads.
                for _ in 0..20 {
                    let stream = connect(address, &trusting(authority)).await.unwrap();
                    assert_eq!(ask(&stream, "/").await, "Hello, world");
                }
            };
            reach(&before).await;
            after.issue(&NAMES).write(&folder, "own");
            options.reload().unwrap();
            reach(&after).await;
        })
        .unwrap();
    drop(end);
    serving.join().unwrap().unwrap();
}
