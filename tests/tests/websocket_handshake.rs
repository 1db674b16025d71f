//! How a request becomes a WebSocket, and when it does not. RFC 6455 §4.2, and the answers of Tornado.

use gustnado::prelude::*;
use gustnado::websocket::{Compression, WebSocketUpgrade};
use gustnado_tests::{Frames, Server, handshake};

#[route("/plain")]
async fn plain(socket: WebSocket) -> Result<()> {
    Ok(socket.send("open").await?)
}

#[route("/choosy")]
async fn choosy(upgrade: WebSocketUpgrade) -> Result<()> {
    let mut socket = upgrade
        .check_origin(|origin| origin.ends_with(".example.com"))
        .subprotocols(&["v2", "v1"])
        .compression(Compression::default())
        .header("X-Extra", "yes")?
        .accept()?;
    assert!(socket.send("open").await.is_ok());
    while socket.recv().await?.is_some() {}
    Ok(())
}

fn server() -> Server {
    Server::application(|| Application::new(routes![plain, choosy]))
}

#[test]
fn it_is_accepted_as_the_rfc_says() {
    let server = server();
    let mut client = server.connect();
    let reply = client.send(handshake("/plain", "")).reply();
    assert_eq!(reply.status_line, "HTTP/1.1 101 Switching Protocols");
    assert_eq!(reply.header("upgrade"), Some("websocket"));
    assert_eq!(reply.header("connection"), Some("Upgrade"));
    assert_eq!(reply.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    for absent in
        ["content-type", "content-length", "sec-websocket-protocol", "sec-websocket-extensions"]
    {
        assert_eq!(reply.header(absent), None);
    }
    Frames(client).expect(0x81, "open");
}

#[test]
fn what_is_no_handshake_is_answered_as_http() {
    let server = server();
    let whole = handshake("/plain", "");
    for (request, status, text) in [
        (
            whole.replace("Upgrade: websocket\r\n", ""),
            400,
            "400: Can \"Upgrade\" only to \"WebSocket\".\n",
        ),
        (
            whole.replace("Upgrade: websocket", "Upgrade: h2c"),
            400,
            "400: Can \"Upgrade\" only to \"WebSocket\".\n",
        ),
        (
            whole.replace("Connection: Upgrade", "Connection: keep-alive"),
            400,
            "400: \"Connection\" must be \"Upgrade\".\n",
        ),
        (
            whole.replace("dGhlIHNhbXBsZSBub25jZQ==", "dGhl"),
            400,
            "400: Missing/Invalid WebSocket headers\n",
        ),
        (
            whole.replace("Sec-WebSocket-Key", "X-Key"),
            400,
            "400: Missing/Invalid WebSocket headers\n",
        ),
        (whole.replace("Version: 13", "Version: 12"), 426, "426: WebSockets have version 13\n"),
        (
            whole.replace("Sec-WebSocket-Version", "X-Version"),
            426,
            "426: WebSockets have version 13\n",
        ),
        (whole.replace("HTTP/1.1", "HTTP/1.0"), 400, "400: Missing/Invalid WebSocket headers\n"),
        (
            handshake("/plain", "Sec-WebSocket-Extensions: a;\r\n"),
            400,
            "400: Missing/Invalid WebSocket headers\n",
        ),
        (
            handshake("/plain", "Origin: http://evil.example\r\n"),
            403,
            "403: Cross origin websockets not allowed\n",
        ),
        (
            whole.replace("GET", "POST").replace("\r\n\r\n", "\r\nContent-Length: 0\r\n\r\n"),
            405,
            "405: Method Not Allowed\n",
        ),
    ] {
        let mut client = server.connect();
        let reply = client.send(&request).reply();
        assert_eq!((reply.status(), &*reply.text()), (status, text), "{request}");
        let version = (status == 426).then_some("13");
        assert_eq!(reply.header("sec-websocket-version"), version, "{request}");
        let upgrade = (status == 426).then_some("websocket");
        assert_eq!(reply.header("upgrade"), upgrade, "{request}");
        if !request.contains("HTTP/1.0") {
            // Nothing has happened to the connection.
            assert_eq!(client.send(handshake("/plain", "")).reply().status(), 101);
        }
    }
}

#[test]
fn headers_are_lists_and_have_no_case() {
    let server = server();
    for lines in [
        "Upgrade: h2c, WebSocket\r\n",
        "Connection: keep-alive, upgrade\r\n",
        "Connection: keep-alive\r\nConnection: UPGRADE\r\n",
        "Sec-WebSocket-Extensions: unknown; a=1, permessage-deflate; b\r\n",
    ] {
        assert_eq!(
            server.connect().send(handshake("/plain", lines)).reply().status(),
            101,
            "{lines}"
        );
    }
    // One value too many.
    let lines = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n";
    assert_eq!(server.connect().send(handshake("/plain", lines)).reply().status(), 426);
}

#[test]
fn only_pages_of_the_same_host_and_port_may_connect_unless_said_otherwise() {
    let server = server();
    let status = |path: &str, host: &str, origin: &str| {
        let lines = format!("Host: {host}\r\n{origin}\r\n");
        server.connect().send(handshake(path, &lines)).reply().status()
    };
    for (host, origin, expected) in [
        ("test", "Origin: http://test", 101),
        ("test", "Origin: https://TEST", 101),
        ("test:8888", "Origin: http://test:8888", 101),
        ("test:8888", "Origin: http://test", 403),
        ("test", "Origin: http://sub.test", 403),
        ("test", "Origin: null", 403),
        ("test", "Origin: test", 403),
        ("test", "Origin: http://test/", 403),
        ("test", "Sec-WebSocket-Origin: http://other", 403),
        ("test", "Sec-WebSocket-Origin: http://test", 101),
    ] {
        assert_eq!(status("/plain", host, origin), expected, "{host} {origin}");
    }
    assert_eq!(status("/choosy", "test", "Origin: https://www.example.com"), 101);
    assert_eq!(status("/choosy", "test", "Origin: http://test"), 403);
}

#[test]
fn a_subprotocol_is_agreed_upon_if_there_is_one() {
    let server = server();
    for (lines, expected) in [
        ("", None),
        ("Sec-WebSocket-Protocol: v1, v2\r\n", Some("v2")),
        ("Sec-WebSocket-Protocol: v0\r\nSec-WebSocket-Protocol: v1\r\n", Some("v1")),
        ("Sec-WebSocket-Protocol: v0\r\n", None),
    ] {
        let reply = server.connect().send(handshake("/choosy", lines)).reply();
        assert_eq!(reply.header("sec-websocket-protocol"), expected, "{lines}");
        assert_eq!(reply.header("x-extra"), Some("yes"));
    }
    let reply =
        server.connect().send(handshake("/plain", "Sec-WebSocket-Protocol: v1\r\n")).reply();
    assert_eq!(reply.header("sec-websocket-protocol"), None);
}

#[test]
fn compression_is_agreed_upon_only_where_it_is_wanted() {
    let server = server();
    let lines = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    let reply = server.connect().send(handshake("/plain", lines)).reply();
    assert_eq!(reply.header("sec-websocket-extensions"), None);
    let reply = server.connect().send(handshake("/choosy", lines)).reply();
    let expected = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    assert_eq!(reply.header("sec-websocket-extensions"), Some(expected));
}
