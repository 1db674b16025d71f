//! The ways to a server: addresses, Unix sockets, proxies.

use gustnado::StatusCode;
use gustnado::http::{
    AsyncHTTPClient, HTTPClientError, HTTPRequest, InvalidRequest, Proxy, Request, Settings,
};
use gustnado::netutil::{OverrideResolver, ThreadedResolver};
use gustnado_tests::{Client, PATIENCE, Script, Server, answer, handler};
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::os::unix::net::UnixListener;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn whence() -> Server {
    Server::start(Settings::default(), || {
        handler(|request: Request| async move {
            answer(StatusCode::OK, request.remote_addr().ip().to_string())
        })
    })
}

#[gustnado::test]
async fn a_connection_comes_from_where_it_is_told_to() {
    let server = whence();
    let client = AsyncHTTPClient::new();
    let from = |last| {
        HTTPRequest::new(server.url("/")).network_interface(Ipv4Addr::new(127, 0, 0, last).into())
    };
    for last in [2, 3, 2] {
        let response = client.fetch(from(last)).await.unwrap();
        assert_eq!(response.text(), format!("127.0.0.{last}"));
    }
    assert_eq!(client.fetch(server.url("/")).await.unwrap().text(), "127.0.0.1");
    assert_eq!(client.idle_connections(), 3, "none of them can stand in for another");
    let elsewhere = HTTPRequest::new(server.url("/")).network_interface([192, 0, 2, 1].into());
    let error = client.fetch(elsewhere).await.unwrap_err();
    assert!(matches!(error, HTTPClientError::Connect(_)), "{error:?}");
    let other_family = HTTPRequest::new(server.url("/")).network_interface([0; 16].into());
    assert!(client.fetch(other_family).await.is_err());
}

#[gustnado::test]
async fn ipv6_can_be_refused() {
    let client = AsyncHTTPClient::new();
    let request = HTTPRequest::new("http://[::1]:1/").allow_ipv6(false);
    let error = client.fetch(request).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot connect: the host has no address");
    let server = whence();
    let request = HTTPRequest::new(format!("http://localhost:{}/", server.address().port()));
    assert_eq!(client.fetch(request.allow_ipv6(false)).await.unwrap().text(), "127.0.0.1");
}

#[gustnado::test]
async fn a_server_on_a_unix_socket_is_asked_like_any_other() {
    let path = std::env::temp_dir().join(format!("gustnado-client-{}", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    let serving = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        for target in ["/a", "/b"] {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                socket.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).unwrap();
            let expected = format!("GET {target} HTTP/1.1\r\nHost: app.test\r\n");
            assert!(head.starts_with(&expected), "{head}");
            socket.write_all(OK.as_bytes()).unwrap();
        }
    });
    let client = AsyncHTTPClient::new();
    for target in ["/a", "/b"] {
        let request = HTTPRequest::new(format!("http://app.test{target}")).unix_socket(&path);
        assert_eq!(client.fetch(request).await.unwrap().text(), "ok");
    }
    serving.join().unwrap();
    std::fs::remove_file(&path).unwrap();
    let request = HTTPRequest::new("http://app.test/").unix_socket(&path);
    assert!(matches!(client.fetch(request).await, Err(HTTPClientError::Connect(_))));
}

#[gustnado::test]
async fn a_proxy_is_told_the_whole_url() {
    let script = Script::start(1, |_, mut client| {
        for path in ["/a?b", "/c"] {
            let head = String::from_utf8(client.take_until(b"\r\n\r\n")).unwrap();
            assert!(
                head.starts_with(&format!("GET http://far.test:81{path} HTTP/1.1\r\n")),
                "{head}"
            );
            assert!(head.contains("\r\nHost: far.test:81\r\n"), "{head}");
            assert!(head.contains("\r\nProxy-Authorization: Basic bWU6cHc=\r\n"), "{head}");
            assert!(!head.contains("\r\nAuthorization"), "{head}");
            client.send(OK);
        }
    });
    let proxy = Proxy::new(format!("http://me:pw@{}", script.address())).unwrap();
    let client = AsyncHTTPClient::builder().proxy(proxy).build();
    for path in ["/a?b#c", "/c"] {
        let response = client.fetch(format!("http://far.test:81{path}")).await.unwrap();
        assert_eq!(response.text(), "ok");
    }
    script.finish();
}

#[gustnado::test]
async fn a_request_may_choose_another_way_than_its_client() {
    let server = whence();
    let nowhere = Proxy::new("http://127.0.0.1:1").unwrap();
    let client = AsyncHTTPClient::builder().proxy(nowhere.clone()).build();
    assert!(client.fetch(server.url("/")).await.is_err());
    let direct = HTTPRequest::new(server.url("/")).proxy(None);
    assert_eq!(client.fetch(direct).await.unwrap().text(), "127.0.0.1");
    // A connection that is kept is not another way's.
    assert!(client.fetch(server.url("/")).await.is_err());
    let client = AsyncHTTPClient::new();
    client.fetch(server.url("/")).await.unwrap();
    assert!(client.fetch(HTTPRequest::new(server.url("/")).proxy(nowhere)).await.is_err());
}

#[gustnado::test]
async fn a_tunnel_is_asked_for_where_nobody_may_listen() {
    let script = Script::start(2, |number, mut client| {
        let head = String::from_utf8(client.take_until(b"\r\n\r\n")).unwrap();
        let host = if number == 0 { "far.test:443" } else { "[::1]:8443" };
        assert_eq!(head, format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        client.send("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    });
    let proxy = Proxy::new(format!("http://{}", script.address())).unwrap();
    let client = AsyncHTTPClient::builder().proxy(proxy).build();
    for url in ["https://far.test/", "https://[::1]:8443/"] {
        let error = client.fetch(url).await.unwrap_err();
        let expected = "cannot connect: the proxy has refused: 407 Proxy Authentication Required";
        assert_eq!(error.to_string(), expected);
    }
    script.finish();
}

/// Takes a client of SOCKS5 through the handshake, which must be for this address.
fn socks(client: &mut Client, user: Option<(&str, &str)>, address: &[u8]) {
    match user {
        None => {
            assert_eq!(client.take(3), [5, 1, 0]);
            client.send([5, 0]);
        }
        Some((user, password)) => {
            assert_eq!(client.take(3), [5, 1, 2]);
            client.send([5, 2]);
            let (users, passwords) = (user.len() as u8, password.len() as u8);
            let expected =
                [&[1, users], user.as_bytes(), &[passwords], password.as_bytes()].concat();
            assert_eq!(client.take(expected.len()), expected);
            client.send([1, 0]);
        }
    }
    assert_eq!(client.take(3 + address.len()), [&[5, 1, 0], address].concat());
    client.send([5, 0, 0, 1, 127, 0, 0, 1, 0, 99]);
}

#[gustnado::test]
async fn a_socks_proxy_connects_by_address_or_by_name() {
    let script = Script::start(3, |number, mut client| {
        match number {
            0 => socks(&mut client, None, &[1, 192, 0, 2, 7, 0, 81]),
            1 => socks(&mut client, Some(("me", "pw")), b"\x03\x08far.test\x00\x50"),
            _ => {
                let address = [&[4][..], &[0; 15], &[1, 0, 80]].concat();
                socks(&mut client, None, &address);
            }
        }
        let head = client.take_until(b"\r\n\r\n");
        assert!(head.starts_with(b"GET / HTTP/1.1\r\nHost: "), "{}", head.escape_ascii());
        client.send(OK);
    });
    let resolver = OverrideResolver::new(ThreadedResolver::new()).host("far.test", "192.0.2.7");
    let client = AsyncHTTPClient::builder().resolver(resolver).build();
    for (proxy, url) in [
        (format!("socks5://{}", script.address()), "http://far.test:81/"),
        (format!("socks5h://me:pw@{}", script.address()), "http://far.test/"),
        (format!("socks5h://{}", script.address()), "http://[::1]/"),
    ] {
        let request = HTTPRequest::new(url).proxy(Proxy::new(proxy).unwrap());
        assert_eq!(client.fetch(request).await.unwrap().text(), "ok");
    }
    script.finish();
}

#[gustnado::test]
async fn a_socks_proxy_that_refuses_says_why() {
    for (answers, reason) in [
        (vec![vec![5, 0xff]], "wants another authentication"),
        (vec![vec![4, 0]], "wants another authentication"),
        (vec![vec![5, 0], vec![5, 5, 0, 1, 0, 0, 0, 0, 0, 0]], "the connection was refused"),
        (vec![vec![5, 0], vec![5, 0, 0, 9, 0]], "malformed reply"),
        (vec![vec![5, 0], vec![5, 0]], "has closed the connection"),
        (vec![], "has closed the connection"),
    ] {
        let script = Script::start(1, move |_, mut client| {
            let mut lengths = [3, 3 + 1 + 4 + 2].into_iter();
            for answer in &answers {
                client.take(lengths.next().unwrap());
                client.send(answer);
            }
            client.end();
        });
        let proxy = Proxy::new(format!("socks5://{}", script.address())).unwrap();
        let request = HTTPRequest::new("http://127.0.0.1/").proxy(proxy);
        let error = AsyncHTTPClient::new().fetch(request).await.unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[gustnado::test]
async fn what_is_no_proxy_is_refused() {
    for (url, problem) in [
        ("proxy:3128", InvalidRequest::Scheme),
        ("https://proxy/", InvalidRequest::Scheme),
        ("http://", InvalidRequest::Host),
        ("http://a b/", InvalidRequest::Host),
    ] {
        assert_eq!(Proxy::new(url).unwrap_err(), problem, "{url}");
    }
    let proxy = Proxy::new("http://me:secret@proxy:80").unwrap();
    assert!(!format!("{proxy:?}").contains("secret"));
}
